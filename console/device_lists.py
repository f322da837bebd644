"""The lists of a device's page: apps, profiles, certificates, and what happened last, a line for each."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TypeAlias

from console.device_apps import call_app, names_of_apps, newest_installs
from console.device_health import EXPIRES_SOON
from console.device_sections import asked_words, name_of
from console.health.check import span
from console.telling_time import ago, day, days_until, minute, until, when
from domain.clock import parse_time
from domain.json_types import JSONObject

Lines: TypeAlias = Sequence[str]

FIRST = 15
"""Items of a list that are shown when not all are wanted."""

_AGO = len("59 min ago")

_Line: TypeAlias = Callable[[JSONObject, datetime], str]


def lists_of(page: JSONObject, now: datetime, *, everything: bool) -> Iterator[tuple[str, str, Lines]]:
    """Heading, a note beside it, and lines; what its users told stands by itself, under the list of the device."""
    users = {channel["id"]: name_of(channel) for channel in page["user_channels"]}
    names = names_of_apps(page)
    if page["id"] is None:
        yield "Apps, profiles, certificates", asked_words(page, "", now), []
    for heading, name, request_type, line in _LISTS if page["id"] is not None else ():
        note, items = _answered(page, name, "", now)
        own = [line({**item, "names": names}, now) for item in items]
        yield heading, note or asked_words(page, request_type, now), _shown(own, everything=everything)
        for channel_id, called in users.items():
            note, items = _answered(page, name, channel_id, now)
            lines = [line({**item, "names": names}, now) for item in items]
            news = [one for one in lines if one not in own]
            same = f", {len(lines) - len(news)} of them as on the device" if len(news) < len(lines) else ""
            if note:
                yield f"{heading} of {called}", f"{note}{same}", _shown(news, everything=everything)
    for heading, name, line in _DOINGS:
        items = [{**item, "user": users.get(item.get("device_id")), "names": names} for item in page[name]]
        note = "" if items else "none"
        if name == "installs" and not everything:
            newest = {install["id"] for install in newest_installs(page)}
            older = len(items) - len(newest)
            items = [item for item in items if item["id"] in newest]
            note = f"{len(items)}, and {older} of earlier enrolments, which --all shows" if older else note
        if page["id"] is None and not items:
            continue
        yield heading, note, _shown([line(item, now) for item in items], everything=everything)


def _answered(page: JSONObject, name: str, channel_id: str, now: datetime) -> tuple[str, list[JSONObject]]:
    """A list that the device (an empty ``channel_id``) or a user told, and when; no words when it did not."""
    items = [item for item in page["items"].get(name, []) if item["channel_id"] == channel_id]
    heads = [head for head in page["lists"] if (head["list"], head["channel_id"]) == (name, channel_id)]
    if not heads:
        return "", []
    told = max(head["at"] or "" for head in heads)
    left_out = sum(head["left_out"] for head in heads)
    more = f", {left_out} more were not kept" if left_out else ""
    before = "before it enrolled anew, " if any(head["before_enrolment"] for head in heads) else ""
    total = max(sum(head["item_count"] for head in heads), len(items))
    return f"{total or 'none'}, told {before}{when(told, now) if told else 'in part'}{more}", items


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
    name = item["names"].get(item["identifier"])
    called = f"{name} ({item['identifier']})" if name else item["identifier"]
    return f"{called}: {item['status'] or 'unknown'}"


def _profile(item: JSONObject, now: datetime) -> str:  # noqa: ARG001
    name = item["payload_display_name"] or item["payload_identifier"] or "a profile without a name"
    payloads = [part.get("payload_type") for part in item["payload_content"] or () if isinstance(part, dict)]
    words = [] if item["is_managed"] is None else ["managed" if item["is_managed"] else "not managed"]
    words += [f"{len(payloads)} payloads"] if len(payloads) > 1 else []
    return _with(str(name), words)


def _certificate(item: JSONObject, now: datetime) -> str:
    words = ["identity"] if item["is_identity"] else []
    if item["not_after"]:
        words.append(_ends(item["not_after"], now))
    elif item["error"]:
        words.append(f"cannot be read: {item['error']}")
    return _with(str(item["common_name"] or item["subject"] or "a certificate without a name"), words)


def _ends(text: str, now: datetime) -> str:
    """`expires 2043-04-02`, and in words what is near or over."""
    days = days_until(text, now)
    if days is None:
        return f"{until(text, now)}, on {day(text)}"
    return f"expires {until(text, now)}, on {day(text)}" if days <= EXPIRES_SOON.days else f"expires {day(text)}"


def _update(item: JSONObject, now: datetime) -> str:  # noqa: ARG001
    words = ["CRITICAL"] if item["is_critical"] else []
    words += ["restarts the device"] if item["restart_required"] else []
    name = str(item["human_readable_name"] or item["product_name"] or item["product_key"])
    version = str(item["version"] or "")
    return _with(name if name.endswith(version) else f"{name} {version}", words)


def _install(item: JSONObject, now: datetime) -> str:
    app = call_app(item["names"], item["adam_id"])
    why = f": {item['reason']}" if item["reason"] else ""
    return f"{app}: {item['state']}, {ago(item['changed_at'], now)}{why}"


def _licence(item: JSONObject, now: datetime) -> str:
    why = f": {item['error_message']}" if item["error_message"] else ""
    return f"{call_app(item['names'], item['adam_id'])}: {item['state']}, {ago(item['changed_at'], now)}{why}"


def _command(item: JSONObject, now: datetime) -> str:
    why = f": {item['error']}" if item["error"] else ""
    app = str((item["arguments"] or {}).get("iTunesStoreID") or "")
    what = f" of {item['names'].get(app) or app}" if app else ""
    whose = f" for {item['user']}" if item["user"] else ""
    return f"{_at(item['created_at'], now)}  {item['request_type']}{what}{whose}: {item['state']}{why}"


def _event(item: JSONObject, now: datetime) -> str:
    details = item["details"] or {}
    words = [str(said) for said in (item["answers"], details.get("status")) if said]
    state = [] if item["status"] == "processed" else [item["status"]]
    return _with(f"{_at(item['occurred_at'], now)}  {item['type']}", [*words, *state])


def _at(text: object, now: datetime) -> str:
    """In columns of their own."""
    at = parse_time(text)
    far = f"{span(max(0.0, (now - at).total_seconds()))} ago" if at is not None else ""
    return f"{minute(text)}  {far:<{_AGO}}"


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
