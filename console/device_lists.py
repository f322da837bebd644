"""The lists of a device's page: apps, profiles, certificates, and what happened last, a line for each."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TypeAlias

from console.device_sections import asked_words
from console.telling_time import ago, day, days_until, minute
from domain.json_types import JSONObject

Lines: TypeAlias = Sequence[str]

FIRST = 15
"""Items of a list that are shown when not all are wanted."""

_Line: TypeAlias = Callable[[JSONObject, datetime], str]


def lists_of(page: JSONObject, now: datetime, *, everything: bool) -> Iterator[tuple[str, str, Lines]]:
    """Heading, a note beside it, and lines."""
    for heading, name, request_type, line in _LISTS:
        note, items = _answered(page, name, request_type, now)
        yield heading, note, _shown([line(item, now) for item in items], everything=everything)
    for heading, name, line in _DOINGS:
        items = page[name]
        note = "" if items else "none"
        yield heading, note, _shown([line(item, now) for item in items], everything=everything)


def _answered(page: JSONObject, name: str, request_type: str, now: datetime) -> tuple[str, list[JSONObject]]:
    """A list that the device told, and when; or why it did not."""
    items = page["items"].get(name, [])
    heads = [head for head in page["lists"] if head["list"] == name]
    if not heads:
        return asked_words(page, request_type, now), []
    told = max(head["at"] or "" for head in heads)
    left_out = sum(head["left_out"] for head in heads)
    more = f", {left_out} more were not kept" if left_out else ""
    total = max(sum(head["item_count"] for head in heads), len(items))
    return f"{total}, told {ago(told, now) if told else 'in part'}{more}", items


def _shown(lines: list[str], *, everything: bool) -> Lines:
    if everything or len(lines) <= FIRST:
        return lines
    return [*lines[:FIRST], f"and {len(lines) - FIRST} more, which --all shows"]


def _app(item: JSONObject, now: datetime) -> str:  # noqa: ARG001 - all lines are made alike
    version = item["short_version"] or item["version"] or ""
    flags = ("installing", "has_update_available", "download_failed", "beta_app")
    words = [name.replace("_", " ") for name in flags if item[name]]
    state = f" [{', '.join(words)}]" if words else ""
    return f"{item['name'] or item['identifier'] or 'an app without a name'} {version}".rstrip() + state


def _managed_app(item: JSONObject, now: datetime) -> str:  # noqa: ARG001
    return f"{item['identifier']}: {item['status'] or 'unknown'}"


def _profile(item: JSONObject, now: datetime) -> str:  # noqa: ARG001
    name = item["payload_display_name"] or item["payload_identifier"] or "a profile without a name"
    payloads = [part.get("payload_type") for part in item["payload_content"] or () if isinstance(part, dict)]
    words = [] if item["is_managed"] is None else ["managed" if item["is_managed"] else "not managed"]
    words += [f"{len(payloads)} payloads"] if len(payloads) > 1 else []
    return _with(str(name), words)


def _certificate(item: JSONObject, now: datetime) -> str:
    words = ["identity"] if item["is_identity"] else []
    if item["not_after"]:
        days = days_until(item["not_after"], now)
        soon = "" if days is None or days > 30 else f", in {days} days"
        words.append(f"{'EXPIRED' if days is None else 'expires'} {day(item['not_after'])}{soon}")
    elif item["error"]:
        words.append(f"cannot be read: {item['error']}")
    return _with(str(item["common_name"] or item["subject"] or "a certificate without a name"), words)


def _update(item: JSONObject, now: datetime) -> str:  # noqa: ARG001
    words = ["CRITICAL"] if item["is_critical"] else []
    words += ["restarts the device"] if item["restart_required"] else []
    name = str(item["human_readable_name"] or item["product_name"] or item["product_key"])
    version = str(item["version"] or "")
    return _with(name if name.endswith(version) else f"{name} {version}", words)


def _install(item: JSONObject, now: datetime) -> str:
    app = item["bundle_id"] or f"app {item['adam_id']}"
    why = f": {item['reason']}" if item["reason"] else ""
    return f"{app}: {item['state']}, {ago(item['changed_at'], now)}{why}"


def _licence(item: JSONObject, now: datetime) -> str:
    why = f": {item['error_message']}" if item["error_message"] else ""
    return f"app {item['adam_id']}: {item['state']}, {ago(item['changed_at'], now)}{why}"


def _command(item: JSONObject, now: datetime) -> str:  # noqa: ARG001
    why = f": {item['error']}" if item["error"] else ""
    return f"{minute(item['created_at'])}  {item['request_type']}  {item['state']}{why}"


def _event(item: JSONObject, now: datetime) -> str:  # noqa: ARG001
    details = item["details"] or {}
    words = [str(said) for said in (item["answers"], details.get("status")) if said]
    state = [] if item["status"] == "processed" else [item["status"]]
    return _with(f"{minute(item['occurred_at'])}  {item['type']}", [*words, *state])


def _with(name: str, words: list[str]) -> str:
    return f"{name} ({', '.join(words)})" if words else name


_LISTS: Sequence[tuple[str, str, str, _Line]] = (
    ("Managed apps", "managed_apps", "ManagedApplicationList", _managed_app),
    ("Apps", "installed_apps", "InstalledApplicationList", _app),
    ("Profiles", "profiles", "ProfileList", _profile),
    ("Certificates", "certificates", "CertificateList", _certificate),
    ("System updates", "os_updates", "AvailableOSUpdates", _update),
)

_DOINGS: Sequence[tuple[str, str, _Line]] = (
    ("Installs from here", "installs", _install),
    ("Licences", "assignments", _licence),
    ("Last commands (UTC)", "commands", _command),
    ("Last events (UTC)", "events", _event),
)
