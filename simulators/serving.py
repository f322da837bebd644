"""A server on an address of its own that can fall ill and recover: what the simulated servers have in common."""

import socket
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from simulators.faults import Down, Faults


class Port:
    """An address kept for one server, also while nothing listens there: then connections to it are refused."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        if port:
            # Sharing the port is for our own two sockets; another server on it is an error.
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))
        self._held = _bound(host, port)
        self.host = host
        self.number: int = self._held.getsockname()[1]

    def listener(self) -> socket.socket:
        """A new socket that listens here. The caller closes it."""
        sock = _bound(self.host, self.number)
        sock.listen(128)
        return sock

    def close(self) -> None:
        """Let the address go."""
        self._held.close()


class Server(ABC):
    """Start it, or enter it. ``port`` 0 takes a free one. It lives in threads of this process."""

    def __init__(self, *, port: int = 0) -> None:
        self.faults = Faults()
        self._port = Port(port=port)
        self._open = False

    @abstractmethod
    def _listen(self, listener: socket.socket) -> None:
        """Serve what comes to ``listener``, which is the server's own from here on."""

    @abstractmethod
    def _hang_up(self) -> None:
        """Close the listener and cut every connection."""

    @property
    def port(self) -> int:
        """Where it listens; the same after it was down."""
        return self._port.number

    def start(self) -> Self:
        """Listen."""
        if not self._open:
            self._listen(self._port.listener())
            self._open = True
        return self

    def stop(self) -> None:
        """Stop listening, cut every connection and give up the port."""
        self.go_down(Down.REFUSING)
        self._port.close()

    def go_down(self, how: Down) -> None:
        """Be unwell from now on. What hung before, and with REFUSING every connection, is cut."""
        self.faults.become(how)
        if how is Down.REFUSING and self._open:
            self._open = False
            self._hang_up()

    def come_back(self) -> None:
        """Be well again, on the same port."""
        self.faults.become(None)
        self.start()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def _bound(host: str, port: int) -> socket.socket:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind((host, port))
    return sock
