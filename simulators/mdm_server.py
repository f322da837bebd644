"""An MDM server as its two kinds of clients see it: an HTTP API, and devices that report and fetch commands.

The API has a socket; the devices' side is called in this process, so that their certificates need not be.
"""

import base64
import binascii
import threading
from abc import abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from domain.errors import MalformedPayload
from domain.plist import decode
from simulators.devices import Message
from simulators.http_server import HttpServer, Request
from simulators.sending import Sender


class PushFailed(Exception):
    """APNs, or the server itself, did not take a push. The text is what the server says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command in a queue: the bytes the device will get, and what they say of themselves."""

    command_uuid: str
    request_type: str
    raw: bytes


def read_command(body: bytes) -> Command:
    """The command of an XML plist.

    Raises:
        MalformedPayload: not such a plist, or one without CommandUUID or RequestType.
    """
    if body.startswith(b"bplist"):
        raise MalformedPayload("not an XML property list")
    plist = decode(body)
    command = plist.get("Command")
    uuid, kind = plist.get("CommandUUID"), command.get("RequestType") if isinstance(command, dict) else None
    if not isinstance(uuid, str) or not uuid or not isinstance(kind, str) or not kind:
        raise MalformedPayload("empty CommandUUID or RequestType")
    return Command(command_uuid=uuid, request_type=kind, raw=body)


class MDMServer(HttpServer):
    """``webhook`` gets every message of a device; ``pushed`` is the log of ids that a push went out to."""

    def __init__(self, *, api_key: str, webhook: Sender[Message] | None = None, port: int = 0) -> None:
        super().__init__(port=port)
        self.pushed: list[str] = []
        self._api_key = api_key
        self._webhook = webhook
        self._bells: list[Callable[[str], None]] = []
        self._push_error = ""
        self._push_error_ids: frozenset[str] = frozenset()
        self._state = threading.RLock()

    @abstractmethod
    def take(self, message: Message) -> bytes | None:
        """Note what a device said, and give the next command for it if it may have one. Called under the lock.

        Raises:
            ValueError: the server would answer 500.
        """

    @abstractmethod
    def queue(self, key: str) -> list[Command]:
        """What is queued and not answered yet, in the order of the queue."""

    def receive(self, message: Message) -> bytes | None:
        """One request of a device: the plist of its next command, or None; the webhook goes out afterwards."""
        with self._state:
            command = self.take(message)
        if self._webhook is not None:
            self._webhook.send(message)
        return command

    def on_push(self, bell: Callable[[str], None]) -> None:
        """Call ``bell`` with the id at every push that succeeds, on a thread of the server's."""
        self._bells.append(bell)

    def fail_pushes(self, error: str = "push failed", ids: Iterable[str] = ()) -> None:
        """From now on APNs refuses pushes to ``ids``, or all of them. An empty ``error``: it takes them again."""
        with self._state:
            self._push_error, self._push_error_ids = error, frozenset(ids)

    def push(self, key: str) -> None:
        """Ring the device.

        Raises:
            PushFailed: as `fail_pushes` told.
        """
        with self._state:
            if self._push_error and (not self._push_error_ids or key in self._push_error_ids):
                raise PushFailed(self._push_error)
            self.pushed.append(key)
        for bell in self._bells:
            bell(key)

    def is_authorized(self, request: Request, user: str) -> bool:
        """Whether the request's Basic credentials are this user's and the API key."""
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return False
        return scheme.lower() == "basic" and given == f"{user}:{self._api_key}"
