"""MicroMDM's HTTP API, as version 1.13 answers: nearly every refusal is a 500, and 201 promises nothing.

Source: https://github.com/micromdm/micromdm/blob/v1.13.1/docs/user-guide/api-and-webhooks.md
Source: https://github.com/micromdm/micromdm/tree/v1.13.1/platform
"""

import base64
import json
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from domain.errors import MalformedPayload
from domain.json_types import JSON
from simulators.devices import Message
from simulators.golang import go_json
from simulators.http_server import Answer, Request
from simulators.mdm_server import Command, MDMServer, PushFailed, read_command
from simulators.micromdm_commands import NotDecoded, complaint, known_fields, payload, text
from simulators.micromdm_queue import Line
from simulators.micromdm_records import Records
from simulators.sending import Sender

USER = "micromdm"
JSON_TYPE = {"Content-Type": "application/json; charset=utf-8"}
UNAUTHORIZED = {**JSON_TYPE, "X-Content-Type-Options": "nosniff", "WWW-Authenticate": 'Basic realm="micromdm"'}
VERSION = {"version": "v1.13.1", "branch": "main", "revision": "simulated", "go_version": "go1.24"}

Act = Callable[[], Answer]
Route = Callable[[Request, str], Act]
"""Reads a request (and the UDID of its path), and gives what to do once the sender has shown the key.

Raises:
    NotDecoded: there is no reading it.
"""


class MicroMDMApi(MDMServer):
    """Basic user ``micromdm``. With an empty ``api_key`` there is no API: 404 to everything."""

    def __init__(self, *, api_key: str, webhook: Sender[Message] | None = None, port: int = 0) -> None:
        super().__init__(api_key=api_key, webhook=webhook, port=port)
        self.records = Records()
        self._lines: dict[str, Line] = {}
        self._push_data: set[str] = set()
        self._forgetting = 0
        one = {"POST": self._raw, "PUT": self._raw, "GET": self._view, "DELETE": self._clear}
        self._routes: Mapping[str, Mapping[str, Route]] = {
            r"/v1/commands": {"POST": self._new_command},
            r"/v1/commands/([^/]+)": one,
            r"/v1/devices": {"POST": self._list},
            r"/v1/push/([^/]+)": {"POST": self._ring},
            r"/push/([^/]+)": {"GET": self._ring},
        }

    def forget_after_reply(self, calls: int = 1) -> None:
        """The next ``calls`` commands are answered 201 and never stored, as when the server dies right then."""
        with self._state:
            self._forgetting = calls

    def add_dep_device(self, serial_number: str, *, status: str = "assigned") -> None:
        """A device that Apple assigned to this server and that was never seen."""
        with self._state:
            self.records.add_dep(serial_number, status)

    def queue(self, key: str) -> list[Command]:
        """Of a UDID, UserID or EnrollmentID; those answered NotNow come last."""
        with self._state:
            line = self._lines.get(key, Line())
            return [*line.commands, *line.not_now]

    def take(self, message: Message) -> bytes | None:
        content = message.content
        key = str(content.get("EnrollmentID") or content.get("UserID") or content["UDID"])
        self.records.note(message)
        if message.topic != "mdm.Connect":
            if message.topic == "mdm.Authenticate":
                self._lines.pop(key, None)
            if message.topic == "mdm.TokenUpdate":
                self._push_data.add(key)
            return None
        line = self._lines.get(key)
        command = line.next(content["Status"], content.get("CommandUUID", "")) if line else None
        return command.raw if command else None

    def failure(self) -> Answer:
        return _error("publish mdm command on topic: mdm.Command: simulated")

    def answer(self, request: Request) -> Answer:
        if request.path == "/version" and request.method == "GET":
            return _reply(VERSION)
        for pattern, methods in self._routes.items():
            if self._api_key and (match := re.fullmatch(pattern, request.path)):
                if request.method not in methods:
                    return Answer(status=405, headers={})
                return self._serve(methods[request.method], request, match[1] if match.lastindex else "")
        return Answer(status=404, body=b"404 page not found\n")

    def _serve(self, route: Route, request: Request, udid: str) -> Answer:
        """The body is read before the key is looked at: nonsense is a 500 even from a stranger."""
        try:
            act = route(request, udid)
        except NotDecoded as exc:
            return _error(str(exc))
        if not self.is_authorized(request, USER):
            return _reply({"error": "Unauthorized"}, status=401, headers=UNAUTHORIZED)
        return act()

    def _new_command(self, request: Request, _: str) -> Act:
        asked = _object(request.body)
        udid, kind, command_uuid = (text(asked, name) for name in ("udid", "request_type", "command_uuid"))
        fields = known_fields(asked)
        if not udid:
            return lambda: _error("request must contain UDID of the device")
        command_uuid = command_uuid or str(uuid.uuid4())
        command = Command(command_uuid=command_uuid, request_type=kind, raw=payload(command_uuid, kind, fields))
        echo = {"command_uuid": command_uuid, "command": {"request_type": kind, **fields}}
        return lambda: self._accept(udid, command, echo)

    def _raw(self, request: Request, udid: str) -> Act:
        try:
            command = read_command(request.body)
        except MalformedPayload as exc:
            raise NotDecoded(str(exc)) from exc
        echo: dict[str, JSON] = {
            "udid": udid,
            "command_uuid": command.command_uuid,
            "command": {"request_type": command.request_type},
            "payload": base64.b64encode(command.raw).decode(),
        }
        return lambda: self._accept(udid, command, echo)

    def _accept(self, udid: str, command: Command, echo: JSON) -> Answer:
        """201, and only then is it stored: nobody asks whether there is such a device."""
        return _reply(
            {"payload": echo},
            status=201,
            ids=(udid,),
            command_uuid=command.command_uuid,
            after=lambda: self._store(udid, command),
        )

    def _store(self, udid: str, command: Command) -> None:
        with self._state:
            if self._forgetting:
                self._forgetting -= 1
                return
            self._lines.setdefault(udid, Line()).commands.append(command)
            known = udid in self._push_data
        if known:
            try:
                self.push(udid)
            except PushFailed:
                """MicroMDM prints it and goes on."""

    def _view(self, _: Request, udid: str) -> Act:
        def view() -> Answer:
            with self._state:
                commands = list(self._lines.get(udid, Line()).commands)
            shown = [{"uuid": one.command_uuid, "payload": base64.b64encode(one.raw).decode()} for one in commands]
            return _reply({"commands": shown} if shown else {}, ids=(udid,))

        return view

    def _clear(self, _: Request, udid: str) -> Act:
        def clear() -> Answer:
            with self._state:
                self._lines.pop(udid, None)
            return _reply({}, ids=(udid,))

        return clear

    def _list(self, request: Request, _: str) -> Act:
        """Paging and ``filter_udid`` are read and ignored."""
        asked = _object(request.body)
        serial_numbers = asked.get("filter_serial") or []
        if not isinstance(serial_numbers, list):
            raise NotDecoded(complaint(serial_numbers, "getDevicesRequest.filter_serial", list))

        def listing() -> Answer:
            with self._state:
                return _reply({"devices": self.records.listing(serial_numbers)})

        return listing

    def _ring(self, _: Request, udid: str) -> Act:
        def ring() -> Answer:
            if udid not in self._push_data:
                return _error(f"retrieving PushInfo by UDID: not found: PushInfo udid {udid}")
            try:
                self.push(udid)
            except PushFailed as exc:
                return _error(str(exc))
            return _reply({"status": "success", "push_notification_id": str(uuid.uuid4()).upper()}, ids=(udid,))

        return ring


def _object(body: bytes) -> dict[str, Any]:
    """The first JSON value of ``body``, which must be an object; keys in lower case, as Go does not mind their case."""
    said = body.decode(errors="replace").lstrip()
    if not said:
        raise NotDecoded("EOF")
    try:
        value, _ = json.JSONDecoder().raw_decode(said)
    except ValueError as exc:
        raise NotDecoded("unexpected EOF" if said.startswith("{") else f"invalid character {said[0]!r}") from exc
    if not isinstance(value, dict):
        raise NotDecoded(complaint(value, "request", dict) if value is not None else "EOF")
    return {key.lower(): child for key, child in value.items()}


def _reply(document: JSON, *, status: int = 200, headers: Mapping[str, str] = JSON_TYPE, **more: Any) -> Answer:
    return Answer(status=status, body=go_json(document, indent=2) + b"\n", headers=headers, **more)


def _error(reason: str) -> Answer:
    return _reply({"error": reason}, status=500)
