"""The HTTP API of NanoMDM and of NanoHUB: raw plists to many devices at once, and a push for each.

Source: https://github.com/micromdm/nanomdm/blob/main/docs/operations-guide.md
Source: https://github.com/micromdm/nanomdm/tree/main/api
Source: https://github.com/micromdm/nanohub
"""

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from domain.errors import MalformedPayload
from domain.json_types import JSONObject
from simulators.devices import Message
from simulators.http_server import Answer, Request
from simulators.mdm_server import Command, MDMServer, PushFailed, read_command
from simulators.nanomdm import Flavour, enrollment_ids
from simulators.nanomdm_queue import NotQueued, Queues, Storage
from simulators.sending import Sender

PREFIXES = {Flavour.NANOMDM: "/v1/", Flavour.NANOHUB: "/api/v1/nanomdm/"}
REALMS = {Flavour.NANOMDM: "nanomdm", Flavour.NANOHUB: "NanoHUB API"}
NO_PUSH_DATA = "push data missing for id"
NO_CERTIFICATE = 'retrieving push cert for topic "com.apple.mgmt.External": sql: no rows in result set'


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """Which of the servers it is (the name is also the Basic user), and where it keeps its queues."""

    flavour: Flavour = Flavour.NANOMDM
    storage: Storage = Storage.KV


class NanoMDMApi(MDMServer):
    """``has_push_certificate``: without one every push fails, for the whole call."""

    def __init__(
        self, *, api_key: str, build: Build | None = None, webhook: Sender[Message] | None = None, port: int = 0
    ) -> None:
        super().__init__(api_key=api_key, webhook=webhook, port=port)
        self.has_push_certificate = True
        self.enabled: set[str] = set()
        self._build = build or Build()
        self._prefix = PREFIXES[self._build.flavour]
        self._queues = Queues(self._build.storage)
        self._push_data: set[str] = set()
        self._enqueue_errors: frozenset[str] = frozenset()

    def fail_enqueues(self, ids: Iterable[str]) -> None:
        """From now on queueing for each of ``ids`` fails by itself; the KV store says so under the command's UUID."""
        with self._state:
            self._enqueue_errors = frozenset(ids)

    def queue(self, key: str) -> list[Command]:
        """Of an enrolment id."""
        with self._state:
            return self._queues.of(key)

    def take(self, message: Message) -> bytes | None:
        content = message.content
        id_ = enrollment_ids(content)["id"]
        match message.topic:
            case "mdm.Connect":
                command = self._queues.next(id_, content["Status"], content.get("CommandUUID", ""))
                return command.raw if command else None
            case "mdm.Authenticate":
                self._queues.clear(id_)
                self._disable(id_)
            case "mdm.CheckOut":
                self._disable(id_)
            case "mdm.TokenUpdate":
                self._push_data.add(id_)
                self._queues.known.add(id_)
                self.enabled.add(id_)
        return None

    def failure(self) -> Answer:
        return _result({"command_error": "simulated database error"}, status=500)

    def answer(self, request: Request) -> Answer:
        """Enqueue and push take any method."""
        if request.path == "/version":
            return Answer(status=200, body=b'{"version":"v0.9.0"}', headers={"Content-Type": "application/json"})
        for endpoint in ("enqueue", "push"):
            prefix = f"{self._prefix}{endpoint}/"
            if request.path.startswith(prefix):
                if not self.is_authorized(request, self._build.flavour):
                    realm = f'Basic realm="{REALMS[self._build.flavour]}"'
                    return Answer(status=401, body=b"Unauthorized\n", headers={"WWW-Authenticate": realm})
                ids = tuple(request.path.removeprefix(prefix).split(","))
                return self._enqueue(request, ids) if endpoint == "enqueue" else self._push_only(ids)
        return Answer(status=404, body=b"404 page not found\n")

    def _disable(self, id_: str) -> None:
        """The push data stay: a push is still tried, and may be reported a success."""
        self.enabled = {one for one in self.enabled if one != id_ and not one.startswith(f"{id_}:")}

    def _enqueue(self, request: Request, ids: tuple[str, ...]) -> Answer:
        no_push = bool(request.query.get("nopush"))
        if not request.body:
            if no_push:
                return _result({"no_push": True, "command_error": "must enqueue or push"}, status=500, ids=ids)
            return self._push_only(ids)
        try:
            command = read_command(request.body)
        except MalformedPayload as exc:
            return _result({"command_error": f"decoding command: {exc}"}, status=500, ids=ids)
        result: JSONObject = {"status": {}, "no_push": no_push}
        try:
            self._store(command, ids, result)
        except NotQueued as exc:
            result["command_error"] = str(exc)
        result |= {"command_uuid": command.command_uuid, "request_type": command.request_type}
        if not no_push and "command_error" not in result:
            self._push_all(ids, result)
        return _result(result, status=_status(result, len(ids)), ids=ids, command_uuid=command.command_uuid)

    def _store(self, command: Command, ids: Sequence[str], result: JSONObject) -> None:
        with self._state:
            failing = [id_ for id_ in ids if id_ in self._enqueue_errors]
            self._queues.add([id_ for id_ in ids if id_ not in failing], command)
        for id_ in failing:
            key = command.command_uuid if self._build.storage is Storage.KV else id_
            result["status"][key] = {"command_error": f"enqueue for {command.command_uuid}: simulated"}

    def _push_only(self, ids: tuple[str, ...]) -> Answer:
        result: JSONObject = {"status": {}}
        self._push_all(ids, result)
        return _result(result, status=_status(result, len(ids)), ids=ids)

    def _push_all(self, ids: Sequence[str], result: JSONObject) -> None:
        """Also to ids that could not be queued for."""
        for id_ in dict.fromkeys(ids):
            outcome = result["status"].setdefault(id_, {})
            if id_ not in self._push_data:
                outcome["push_error"] = NO_PUSH_DATA
            elif not self.has_push_certificate:
                result["push_error"] = NO_CERTIFICATE
            else:
                try:
                    self.push(id_)
                    outcome["push_result"] = str(uuid.uuid4()).upper()
                except PushFailed as exc:
                    outcome["push_error"] = str(exc)


def _status(result: JSONObject, asked: int) -> int:
    """200 for no error, 207 for some, 500 when there are as many as ids or one of the whole call."""
    if "command_error" in result or "push_error" in result:
        return 500
    failed = sum("push_error" in one or "command_error" in one for one in result["status"].values())
    if not failed:
        return 200
    return 207 if failed < asked else 500


def _result(result: JSONObject, *, status: int, ids: tuple[str, ...] = (), command_uuid: str = "") -> Answer:
    """Empty parts are left out."""
    status_of = {id_: one for id_, one in result.pop("status", {}).items() if one}
    document = ({"status": status_of} if status_of else {}) | {key: value for key, value in result.items() if value}
    return Answer(
        status=status,
        body=(json.dumps(document, indent="\t") + "\n").encode(),
        headers={"Content-Type": "application/json"},
        ids=ids,
        command_uuid=command_uuid,
    )
