"""How our HTTP surfaces are served: granian, with WSGI threads in processes of its own."""

from multiprocessing import parent_process

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
        # Told to stop while it starts, a worker may hang for ever.
        workers_kill_timeout=4,
        websockets=False,
    ).serve()


def server_process() -> int:
    """The process id of granian itself, asked in one of its workers; 0 in a process that is none."""
    parent = parent_process()
    return parent.pid or 0 if parent is not None else 0
