"""MicroMDM's API: commands to devices, their queues, and the list of devices.

Source: https://github.com/micromdm/micromdm/blob/main/docs/user-guide/api-and-webhooks.md and the server's code, 1.13.1
(checked 2026-11).
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from clients.answers import Answer, showable
from clients.caller import DEADLINE, Call, Caller
from clients.mdm import api_key_setting, current_key, foreign_refusal, segment
from domain.clock import parse_time
from domain.errors import ActionError, MalformedPayload, PermanentError, TransientError
from domain.json_types import JSON, JSONObject
from domain.plist import decode

MOST_DEVICES_READ = 64 * 1024 * 1024
"""Bytes of a device list: at 200 each, more than 300 000 devices."""

MOST_QUEUE_READ = 16 * 1024 * 1024

_USER_ID = re.compile("[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", re.ASCII)
_ALL_USERS = "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"
"""The UserID that all users of Shared iPads have in common."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedCommand:
    """A command that waits for a device. ``request_type`` is None where the stored plist does not tell."""

    command_uuid: str
    request_type: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedDevice:
    """A device in MicroMDM's list; ``udid`` is empty for one that only Apple's enrolment programme names.

    ``last_seen`` is None when it never was.
    """

    serial_number: str
    udid: str
    enrollment_status: bool
    last_seen: datetime | None
    dep_profile_status: str


class MicroMDM:
    """One server, known as the sender ``name``. ``api_key`` is asked before every request.

    A device is its UDID, or EnrollmentID; a Mac's user is `UDID:UserID`, of which the server knows the latter.
    Every method raises TransientError, OutcomeUnknown or PermanentError as `Caller.call` and `_refusal` say.
    """

    def __init__(
        self,
        url: str,
        api_key: Callable[[], str],
        *,
        name: str = "micromdm",
        deadline: float = DEADLINE,
    ) -> None:
        self._url = url.rstrip("/")
        self._api_key = api_key
        self._name = name
        self._caller = Caller(name, deadline=deadline)

    def send_command(self, device_id: str, payload: bytes) -> None:
        """Queue a command as an XML plist with its own `CommandUUID`; MicroMDM pushes by itself.

        It knows neither whether the device exists nor whether it has had this UUID before: sent twice is queued twice.
        """
        call = self._call("POST", f"/v1/commands/{_key(device_id)}", body=payload)
        self._ask(call, 201, lambda document: isinstance(document.get("payload"), dict))

    def queue(self, device_id: str) -> list[QueuedCommand]:
        """What waits for the device, in order; empty for an unknown one. What it said `NotNow` to may be missing."""
        call = self._call("GET", f"/v1/commands/{_key(device_id)}", harmless=True, most=MOST_QUEUE_READ)
        return list(_queued(self._ask(call, 200).get("commands")))

    def clear_queue(self, device_id: str) -> None:
        """Drop all that waits for the device, `NotNow` included."""
        self._ask(self._call("DELETE", f"/v1/commands/{_key(device_id)}"), 200)

    def push(self, device_id: str) -> None:
        """Wake the device through Apple."""
        call = self._call("POST", f"/v1/push/{_key(device_id)}", harmless=True)
        self._ask(call, 200, lambda document: document.get("status") == "success")

    def devices(self) -> list[ListedDevice]:
        """All devices; user enrolments and user channels are not among them."""
        call = self._call("POST", "/v1/devices", body=b"{}", harmless=True, most=MOST_DEVICES_READ)
        return list(_listed(self._ask(call, 200, lambda document: "devices" in document).get("devices")))

    def _call(self, method: str, path: str, *, body: bytes = b"", harmless: bool = False, most: int = 65_536) -> Call:
        return Call(
            method=method,
            url=self._url + path,
            body=body,
            content_type="application/xml" if path.startswith("/v1/commands") else "application/json",
            basic=("micromdm", current_key(self._api_key, self._name)),
            harmless=harmless,
            most=most,
        )

    def _ask(self, call: Call, status: int, fits: Callable[[JSONObject], bool] = lambda _: True) -> JSONObject:
        """The document of the documented answer; anything else, a proxy's login page too, is raised."""
        answer = self._caller.call(call)
        document = answer.document()
        if answer.status == status and document is not None and fits(document):
            return document
        raise self._refusal(call, answer, document)

    def _refusal(self, call: Call, answer: Answer, document: JSONObject | None) -> ActionError:
        """MicroMDM has four answers: success, 401, 404 from its router, and 500 for all it refuses or fails at.

        A wrong key or URL is mended by people: until then its commands wait.

        Source: https://github.com/micromdm/micromdm/blob/main/pkg/httputil/httputil.go (checked 2026-11).
        """
        said = self._caller.said(call, answer)
        if answer.status == 401:
            return TransientError(f"{said} (look at {api_key_setting(self._name)})", down=True)
        if answer.status == 404:
            hint = "its API is off: start MicroMDM with -api-key; or the URL is not its own"
            return TransientError(f"{said} ({hint})", down=True)
        if answer.status == 500 and document is not None and "error" in document:
            return TransientError(said)
        return foreign_refusal(self._caller, call, answer)


def _key(device_id: str) -> str:
    """Under which name the server keeps the queue and the push token, as a part of a path.

    Raises: PermanentError, for a user who has no queue.
    Source: https://github.com/micromdm/micromdm/blob/v1.13.1/platform/queue/builtin/db.go (checked 2026-11).
    """
    _, colon, user_id = device_id.partition(":")
    if colon and (not _USER_ID.fullmatch(user_id) or user_id.upper() == _ALL_USERS):
        raise PermanentError(f"{showable(device_id)!r} has no queue: MicroMDM keeps one for users of Macs alone")
    return segment(user_id or device_id)


def _queued(entries: JSON) -> Iterator[QueuedCommand]:
    for entry in _objects(entries):
        command_uuid = entry.get("uuid")
        if isinstance(command_uuid, str) and command_uuid:
            yield QueuedCommand(command_uuid=command_uuid, request_type=_request_type(entry.get("payload")))


def _request_type(payload: JSON) -> str | None:
    try:
        command = decode(base64.b64decode(payload, validate=True)).get("Command")
    except (TypeError, ValueError, binascii.Error, MalformedPayload):
        return None
    request_type = command.get("RequestType") if isinstance(command, dict) else None
    return request_type if isinstance(request_type, str) else None


def _listed(entries: JSON) -> Iterator[ListedDevice]:
    for entry in _objects(entries):
        serial_number, udid = _text(entry, "serial_number"), _text(entry, "udid")
        # No device has a colon: what comes after one is a user.
        if (serial_number or udid) and ":" not in udid:
            last_seen = parse_time(entry.get("last_seen"))
            yield ListedDevice(
                serial_number=serial_number,
                udid=udid,
                enrollment_status=entry.get("enrollment_status") is True,
                # Go's zero time stands for never.
                last_seen=last_seen if last_seen and last_seen.year > 1 else None,
                dep_profile_status=_text(entry, "dep_profile_status"),
            )


def _objects(entries: JSON) -> list[JSONObject]:
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _text(entry: JSONObject, key: str) -> str:
    value = entry.get(key)
    return value if isinstance(value, str) else ""
