"""Whether the addresses that we are to listen at are free, asked before anything is started."""

import errno
import socket
from contextlib import ExitStack

from config.settings import Settings
from console.home import StartError


def check_ports(settings: Settings) -> None:
    """Raises: StartError, when an address is taken, not ours to take, or the same twice."""
    with ExitStack() as held:
        for name in ("ingest_bind", "console_bind"):
            bind: str = getattr(settings, name)
            try:
                held.enter_context(_listener(bind))
            except (OSError, OverflowError) as exc:
                taken = isinstance(exc, OSError) and exc.errno == errno.EADDRINUSE
                why = "is taken by another program" if taken else f"cannot be listened at ({exc})"
                raise StartError(f"{bind} {why}; set WINDFALL_{name.upper()} to a free HOST:PORT") from exc


def is_taken(bind: str) -> bool:
    """Whether somebody listens there."""
    try:
        _listener(bind).close()
    except OSError as exc:
        return exc.errno == errno.EADDRINUSE
    return False


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens at just now."""
    with ExitStack() as held:
        listeners = [held.enter_context(_listener("127.0.0.1:0")) for _ in range(count)]
        return [int(listener.getsockname()[1]) for listener in listeners]


def _listener(bind: str) -> socket.socket:
    """A socket bound as a server would bind it."""
    host, _, port = bind.rpartition(":")
    family, kind, protocol, _, address = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener
