"""How our HTTP surfaces are served: granian, with WSGI threads in processes of its own."""

from granian.constants import Interfaces
from granian.server import Server


def serve(target: str, bind: str, *, workers: int, threads: int) -> None:
    """Serve what ``target`` (`module:factory`) makes, at ``bind`` (`HOST:PORT`), until SIGTERM or SIGINT.

    No access log: the path of a request may be a secret.
    """
    host, _, port = bind.rpartition(":")
    Server(
        target,
        factory=True,
        address=host.strip("[]"),
        port=int(port),
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        backlog=1024,
        log_access=False,
        respawn_failed_workers=True,
        websockets=False,
    ).serve()
