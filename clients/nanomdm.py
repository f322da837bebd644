"""The API of NanoMDM and NanoHUB: one command to many devices, and pushes.

Source: https://github.com/micromdm/nanomdm/blob/main/docs/operations-guide.md, api/ and http/api/ of its code
(checked 2026-11).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from clients.answers import showable
from clients.caller import DEADLINE, Call, Caller
from clients.mdm import TOO_LONG, api_key_setting, current_key, foreign_refusal, segment
from domain.errors import PermanentError, TransientError
from domain.json_types import JSON, JSONObject

MOST_IDS = 100
"""Devices in one call. They stand in the URL: nginx and Apache take a request line of 8 kB, and a user channel's id has
73 characters. Go itself takes 1 MB, but NanoMDM speaks no TLS and so has a proxy before it.
https://nginx.org/en/docs/http/ngx_http_core_module.html#large_client_header_buffers,
https://httpd.apache.org/docs/2.4/mod/core.html#limitrequestline (checked 2026-11)."""

MOST_READ = 4 * 1024 * 1024

NO_RESULT = "nothing was said about its push"

_PREFIXES = {"nanomdm": "/v1", "nanohub": "/api/v1/nanomdm"}
_CARRIED = re.compile(r"(?!\.{1,2}$)[^,/\ud800-\udfff]+", re.DOTALL)
_REPORT = frozenset({"status", "command_uuid", "command_error", "push_error", "no_push"})

_DUPLICATE = re.compile(r"already exists|duplicate (entry|key)|unique constraint", re.IGNORECASE)
"""How the stores say that they have this `CommandUUID`: key-value, MySQL, PostgreSQL, SQLite. An unknown device is a
foreign key's error, with other words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueued:
    """What became of one command, device by device: each id asked for is either in ``queued`` or in ``refused``.

    ``push_errors`` are of queued ones: repeat the push, not the command. ``already`` means that the server had this
    `CommandUUID` from a call before: all are queued, and nobody was pushed.
    """

    queued: frozenset[str]
    refused: Mapping[str, str]
    push_errors: Mapping[str, str]
    already: bool = False


class NanoMDM:
    """One server, known as the sender ``name``. ``api_key`` is asked before every request.

    Every method raises TransientError, OutcomeUnknown or PermanentError as `Caller.call` and `_result` say.
    """

    def __init__(
        self,
        url: str,
        api_key: Callable[[], str],
        api: Literal["nanomdm", "nanohub"] = "nanomdm",
        *,
        name: str = "nanomdm",
        deadline: float = DEADLINE,
    ) -> None:
        self._url = url.rstrip("/") + _PREFIXES[api]
        self._user = api
        self._api_key = api_key
        self._name = name
        self._caller = Caller(name, deadline=deadline)

    def enqueue(self, device_ids: Sequence[str], payload: bytes) -> Enqueued:
        """Queue one command, an XML plist with its own `CommandUUID`, to up to `MOST_IDS` devices, and push to them.

        Safe to repeat with the same devices and payload: what was stored is found again (`Enqueued.already`), and
        nothing is stored for some of them only.

        Raises:
            OutcomeUnknown: the answer is lost; repeat the identical call.
            TransientError: nothing was queued, for any of them. With several, one device that the server does not
                know may be the reason: a part of them may succeed, under a `CommandUUID` of its own.
            PermanentError: nothing was queued, and never will be.
        """
        if not payload:
            raise PermanentError("an empty command would only push")
        ids, refused = _carried(device_ids)
        if not ids:
            return Enqueued(queued=frozenset(), refused=refused, push_errors={})
        call = self._call("PUT", "enqueue", ids, payload)
        result = self._result(call)
        error = result.get("command_error")
        if error is None:
            return _enqueued(ids, refused, result)
        if _DUPLICATE.search(str(error)):
            return Enqueued(queued=frozenset(ids), refused=refused, push_errors={}, already=True)
        raise TransientError(f"{self._caller.place(call)} queued nothing: {_words(error, call)}")

    def push(self, device_ids: Sequence[str]) -> dict[str, str]:
        """Wake up to `MOST_IDS` devices through Apple: the error of each that was not; empty when all were."""
        ids, refused = _carried(device_ids)
        if not ids:
            return refused
        return {**refused, **_push_errors(ids, self._result(self._call("GET", "push", ids)))}

    def _call(self, method: str, verb: str, ids: Sequence[str], payload: bytes = b"") -> Call:
        if len(ids) > MOST_IDS:
            raise ValueError(f"{len(ids)} devices in one call, {MOST_IDS} at most")
        return Call(
            method=method,
            url=f"{self._url}/{verb}/{','.join(segment(id_, safe=':@') for id_ in ids)}",
            body=payload,
            content_type="application/xml",
            basic=(self._user, current_key(self._api_key, self._name)),
            harmless=not payload,
            most=MOST_READ,
        )

    def _result(self, call: Call) -> JSONObject:
        """The server's own report, which comes with 200, 207 and 500 alike; anything else is raised."""
        answer = self._caller.call(call)
        document = answer.document()
        if answer.status in (200, 207, 500) and document is not None and not _REPORT.isdisjoint(document):
            return document
        said = self._caller.said(call, answer)
        if answer.status == 401:
            raise TransientError(f"{said} (look at {api_key_setting(self._name)})", down=True)
        if answer.status == 404:
            hint = "is the URL its own, its API on, and `api` nanomdm or nanohub as it is?"
            raise TransientError(f"{said} ({hint})", down=True)
        if answer.status in TOO_LONG:
            raise TransientError(f"{said} (fewer devices in one call may pass)")
        raise foreign_refusal(self._caller, call, answer)


def _carried(device_ids: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The ids, each once (twice would look like a command sent before), and those that the path cannot carry."""
    refused = {id_: "no device id that a list in a URL can carry" for id_ in device_ids if not _CARRIED.fullmatch(id_)}
    return [id_ for id_ in dict.fromkeys(device_ids) if id_ not in refused], refused


def _enqueued(ids: Sequence[str], refused: Mapping[str, str], result: JSONObject) -> Enqueued:
    """What `status` says of each device. An error that stands under another name is everybody's.

    The key-value store files it under the command's UUID and does not say whose it is, so that all must be taken for
    refused. https://github.com/micromdm/nanomdm/blob/main/storage/kv/queue.go (checked 2026-11).
    """
    errors = {id_: error for id_, error in _errors(result, "command_error").items() if not _DUPLICATE.search(error)}
    stray = [error for id_, error in errors.items() if id_ not in ids]
    failed = {id_: errors.get(id_, stray[0]) for id_ in ids} if stray else errors
    queued = [id_ for id_ in ids if id_ not in failed]
    return Enqueued(queued=frozenset(queued), refused={**refused, **failed}, push_errors=_push_errors(queued, result))


def _push_errors(ids: Sequence[str], result: JSONObject) -> dict[str, str]:
    """Which of the ids were not pushed to, and why. A push that was suppressed is no error: the server is set so."""
    status, errors = _status(result), _errors(result, "push_error")
    whole = result.get("push_error", result.get("command_error"))
    if whole is None and result.get("no_push") is True:
        return {}
    missing = NO_RESULT if whole is None else showable(str(whole))
    return {id_: errors.get(id_, missing) for id_ in ids if id_ in errors or id_ not in status}


def _status(result: JSONObject) -> Mapping[str, JSONObject]:
    status = result.get("status")
    return {id_: entry for id_, entry in status.items() if isinstance(entry, dict)} if isinstance(status, dict) else {}


def _errors(result: JSONObject, key: str) -> dict[str, str]:
    return {id_: showable(str(entry[key])) for id_, entry in _status(result).items() if entry.get(key) is not None}


def _words(error: JSON, call: Call) -> str:
    return showable(str(error), call.all_secrets())
