"""An MDM command: checked when it is asked for, since an MDM server takes anything and a device answers days later."""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from domain import json_body, plist
from domain.command_types import KNOWN, QUERIES, CommandType, Shape, fields_of, known_type, plain_name, resembled
from domain.command_values import Checker
from domain.errors import BadCommand, MalformedPayload
from domain.json_types import JSON, JSONObject
from domain.secret_keys import is_secret

SECRET = "[secret]"  # noqa: S105 - what is shown instead of one

_APPLE_NAME = re.compile("[A-Za-z]{1,100}")
_RESERVED = ("RequestType", "CommandUUID")
_MOST_PROBLEMS = 20

_HARMLESS_UPDATES = frozenset({"DownloadOnly", "NotifyOnly", "InstallLater"})
"""Install actions that restart nothing by themselves."""

_PURCHASE_METHODS = (0, 1)

INSISTING = '--unchecked (in the API `"unchecked": true`) sends it all the same'
"""How people have what Apple's documentation speaks against, as it may have changed since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What a device is asked to do. ``arguments`` are JSON under Apple's names, data as base64; made by `check`.

    They may hold secrets, and so are left out of its ``repr``; see `shown`. ``unchecked``: see `check`.
    """

    request_type: str
    arguments: Mapping[str, JSON] = field(default_factory=dict, repr=False)
    unchecked: bool = field(default=False, compare=False, repr=False)


def check(request_type: str, arguments: Mapping[str, JSON], *, unchecked: bool = False) -> Command:
    """The command with Apple's names and types: `itunes_store_id` "361309726" becomes `iTunesStoreID` 361309726.

    Numbers, yes and no may be text, a list of one its item, data base64 or bytes; None is as if not given. Without
    Queries DeviceInformation asks `QUERIES`. A request type that is not in the table keeps its arguments as they
    are, unless it is all but one that is. ``unchecked`` lets fields be unknown or missing and takes what `INSISTING` is
    said of; known ones must still have the right type.

    Raises:
        BadCommand: names all that is wrong, and never a secret value.
    """
    if not isinstance(request_type, str) or not isinstance(arguments, Mapping):
        raise BadCommand("a command is a request type and a dictionary of arguments")
    kind = known_type(request_type)
    if kind is None and not _APPLE_NAME.fullmatch(request_type):
        raise BadCommand("a request type is 1 to 100 letters, as Apple writes it")
    meant = resembled(request_type) if kind is None and not unchecked else None
    if meant:
        raise BadCommand(f"{request_type} is not a request type we know; did you mean {meant}? If not, {INSISTING}")
    checker = Checker(lenient=unchecked)
    name = kind.name if kind else request_type
    clean = checker.members(kind.fields if kind else {}, dict(arguments))
    if name == "DeviceInformation" and not clean.get("Queries"):
        clean["Queries"] = list(QUERIES)
    problems = [*checker.problems, *_rules(kind, clean, unchecked=unchecked)]
    if problems:
        _refuse(name, kind, problems)
    return Command(request_type=name, arguments=clean, unchecked=unchecked)


def _rules(kind: CommandType | None, clean: JSONObject, *, unchecked: bool) -> Iterable[str]:
    yield from (f"{name} is not an argument" for name in _RESERVED if name in clean)
    if kind and kind.one_of and not unchecked and clean.keys().isdisjoint(kind.one_of):
        yield f"needs {' or '.join(kind.one_of)}"
    options = clean.get("Options")
    if kind and kind.name == "InstallApplication" and isinstance(options, dict) and not unchecked:
        method = options.get("PurchaseMethod")
        if method not in (None, *_PURCHASE_METHODS):
            yield f"Options.PurchaseMethod is 1 (a licence of Apps and Books) or 0 (none), not {method}; {INSISTING}"


def _refuse(name: str, kind: CommandType | None, problems: list[str]) -> NoReturn:
    shown = problems[:_MOST_PROBLEMS]
    if len(problems) > _MOST_PROBLEMS:
        shown.append(f"and {len(problems) - _MOST_PROBLEMS} more")
    if kind and any("unknown field" in problem for problem in problems):
        shown.append(f"its fields are {', '.join(entry.name for entry in fields_of(kind.fields))}")
    if any("does not know" in problem for problem in problems):
        shown.append(INSISTING)
    raise BadCommand(f"{name}: {'; '.join(shown)}")


def payload(command: Command, command_uuid: str) -> bytes:
    """The XML plist that an MDM server queues and a device gets.

    Raises:
        BadCommand: an argument that no plist holds, which `check` would have refused.
    """
    kind = KNOWN.get(command.request_type)
    try:
        arguments = _native(kind.fields if kind else {}, dict(command.arguments))
        tree = {"CommandUUID": command_uuid, "Command": {**arguments, "RequestType": command.request_type}}
        return plist.encode(tree)
    except (MalformedPayload, ValueError, RecursionError) as exc:
        raise BadCommand(f"{command.request_type} cannot be written as a plist") from exc


def _native(shape: Shape, members: JSONObject) -> JSONObject:
    """The members without None, data as bytes."""
    native = {}
    for name, value in members.items():
        inner, is_data = _kind_of(shape, name)
        if value is not None:
            native[name] = _native_value(inner, value, is_data=is_data)
    return native


def _native_value(shape: Shape, value: Any, *, is_data: bool) -> Any:
    if isinstance(value, dict):
        return _native(shape, value)
    if isinstance(value, list):
        return [_native_value(shape, item, is_data=is_data) for item in value if item is not None]
    return base64.b64decode(value, validate=True) if is_data and isinstance(value, str) else value


def _kind_of(shape: Shape, name: str) -> tuple[Shape, bool]:
    """What is known of the members of a field, and whether it holds data."""
    entry = shape.get(plain_name(name))
    return (entry.members, "data" in entry.kind) if entry else ({}, False)


def install_application(adam_id: str) -> Command:
    """Install the app under a licence the device has, as a managed app that leaves with the MDM profile.

    On macOS both flags are needed for that; elsewhere ``InstallAsManaged`` is not read. ``adam_id`` is Apps and
    Books' text. Source: https://developer.apple.com/documentation/devicemanagement/install-application-command
    (checked 2026-11).

    Raises:
        BadCommand: ``adam_id`` is not a number.
    """
    arguments = {
        "iTunesStoreID": adam_id,
        "ManagementFlags": 1,
        "InstallAsManaged": True,
        "Options": {"PurchaseMethod": 1},
    }
    return check("InstallApplication", arguments)


def managed_application_list(bundle_ids: Iterable[str]) -> Command:
    """Ask how the installs of these apps are getting on; of none in particular: of all managed ones."""
    identifiers = sorted(set(bundle_ids))
    return check("ManagedApplicationList", {"Identifiers": identifiers or None})


def never_twice(command: Command) -> bool:
    """True for a command that is not sent again by itself when nobody knows whether the first got through.

    So is every request type we do not know, and an update that may restart the device.
    """
    kind = KNOWN.get(command.request_type)
    if command.request_type == "ScheduleOSUpdate":
        updates = command.arguments.get("Updates") or ()
        return not all(isinstance(item, dict) and item.get("InstallAction") in _HARMLESS_UPDATES for item in updates)
    return kind is None or kind.never_twice


def shown(command: Command) -> JSONObject:
    """The arguments for people and logs: `SECRET` for each secret, for other data its size."""
    kind = KNOWN.get(command.request_type)
    return _veiled(kind.fields if kind else {}, dict(command.arguments))


def _veiled(shape: Shape, members: JSONObject) -> JSONObject:
    veiled = {}
    for name, value in members.items():
        inner, is_data = _kind_of(shape, name)
        veiled[name] = SECRET if is_secret(name) else _veiled_value(inner, value, is_data=is_data)
    return veiled


def _veiled_value(shape: Shape, value: Any, *, is_data: bool) -> JSON:
    if isinstance(value, dict):
        return _veiled(shape, value)
    if isinstance(value, list):
        return [_veiled_value(shape, item, is_data=is_data) for item in value]
    return f"[{_size(str(value))} bytes of data]" if is_data else value


def _size(encoded: str) -> int:
    """How many bytes base64 stands for."""
    return len(encoded) * 3 // 4 - encoded.count("=")


def digest(command: Command) -> str:
    """64 hex digits, equal for commands that say the same. As good as the secrets in it: to compare, not to show."""
    said = [command.request_type, dict(command.arguments)]
    return hashlib.sha256(json_body.canonical(said)).hexdigest()
