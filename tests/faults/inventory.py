"""A fleet that is asked for everything: afterwards every typed table says what is true of devices and their users."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Select, Table, func, select

from domain import plist
from domain.clock import parse_time
from domain.command_types import QUERIES
from domain.json_types import JSONObject
from simulators.identities import Kind
from simulators.lives import MIX
from simulators.managed_device import ManagedDevice
from simulators.temper import Temper
from simulators.truth import Truth
from state.commands import OPEN
from state.schema import (
    commands,
    device_locations,
    device_security,
    devices,
    inquiries,
    os_update_results,
    user_channels,
)
from tests.faults.arena import wait_until
from tests.faults.happenings import UNKNOWN_UPDATE, Asking, assign_apps, losable, order_updates
from tests.faults.installs import Campaign, Stage, enrolled, open_stage
from tests.faults.listing import LISTS, List, Said

TEMPER = Temper(own_apps=20, not_now_share=0.1)
KINDS = (*MIX, Kind.USER_ENROLLMENT_MAC)
ADDRESSABLE = {
    "micromdm": (Kind.MAC_WITH_USER,),
    "nanomdm": (Kind.MAC_WITH_USER, Kind.SHARED_IPAD, Kind.USER_ENROLLMENT_MAC),
}
"""Whose users commands can be addressed to, by server."""

Truths = Mapping[tuple[str, str], Truth]
"""By device id and the channel of who was asked; empty: the device itself."""


def take_stock(home: Path, *, kind: str, size: int, database: str | None = None) -> JSONObject:
    """Enrol, ask everybody for everything through the API, wait for the answers, compare. Raises: AssertionError."""
    campaign = Campaign(kind=kind, devices=size)
    with open_stage(home, campaign, database, kinds=KINDS, temper=TEMPER) as stage:
        stage.fleet.enrol(list(stage.fleet))
        users = sum(bool(member.channel_id) for member in stage.fleet)
        known = wait_until("all are known", lambda: enrolled(stage.arena) >= size, seconds=300)
        wait_until("all users are", lambda: _count(stage, _USERS) >= users, seconds=60)
        asking = Asking.of(stage, home)
        assign_apps(stage)
        ordered, lost = order_updates(stage, asking), losable(stage)
        asking.to_do(lost, "EnableLostMode", Message="Call us", PhoneNumber="555 0100")
        wait_until("all did as told", lambda: _is_answered(stage), seconds=300)
        asking.to_do(lost, "DeviceLocation")
        asking.for_everything([member.device_id for member in stage.fleet])
        answered = wait_until("all have answered", lambda: _is_answered(stage), seconds=900)
        found = check(stage, kind) | {"device_locations": _compare_locations(stage, lost)}
        found["os_update_results"] = _compare_orders(stage, ordered)
        return {**found, "enrolled_after_s": round(known, 1), "answered_after_s": round(answered, 1)}


def _is_answered(stage: Stage) -> bool:
    """Also those who had to say first what they are."""
    # In this order: who waits no more has been asked the rest by then.
    return stage.arena.is_drained() and not _count(stage, _WAITING) and not _count(stage, _OPEN)


_OPEN = select(commands.c.id).where(commands.c.state.in_(OPEN))
_USERS = select(user_channels.c.id).where(user_channels.c.enrolled)
_WAITING = select(inquiries.c.id).where(inquiries.c.waits_for.is_not(None))


def _count(stage: Stage, query: Select[Any]) -> int:
    return int(stage.arena.rows(select(func.count()).select_from(query.subquery()))[0][0])


def check(stage: Stage, kind: str) -> JSONObject:
    """Raises: AssertionError, with the first differences. Else how many rows each table has, and users there are."""
    truths = {(member.device_id, ""): member.truth for member in stage.fleet}
    users = {
        (member.device_id, member.channel_id): member.truth
        for member in stage.fleet
        if member.device.identity.kind in ADDRESSABLE[kind]
    }
    refused = select(commands.c.request_type, commands.c.error).where(commands.c.state != "Acknowledged")
    assert not stage.arena.rows(refused), f"refused: {Counter(stage.arena.rows(refused)).most_common(5)}"
    _compare_questions(stage, users)
    sizes = {each.table.name: _compare(stage, truths | users, each) for each in LISTS}
    sizes |= {"device_security": _compare_security(stage, truths | users), "users": len(users)}
    return {**sizes, "devices": _compare_facts(stage, truths | users)}


def _compare_questions(stage: Stage, users: Truths) -> None:
    """Users were asked exactly what they can answer, and no others were."""
    asked: dict[str, set[str]] = {channel_id: set() for _, channel_id in users}
    to_users = select(commands.c.device_id, commands.c.request_type).where(commands.c.device_id.contains(":"))
    for channel_id, request_type in stage.arena.rows(to_users):
        asked[channel_id].add(request_type)
    assert asked == {channel_id: set(truth.user_supports) for (_, channel_id), truth in users.items()}


def _compare(stage: Stage, truths: Truths, each: List) -> int:
    columns = {_plain(column.name): column.name for column in each.table.columns}
    wanted: Counter[Any] = Counter()
    for speaker, truth in truths.items():
        for keys in _told(each, truth, is_user=bool(speaker[1])):
            unknown = [key for key in keys if _plain(key) not in columns]
            assert not unknown, f"no column of {each.table.name} takes {unknown}"
            wanted[*speaker, _values({columns[_plain(key)]: value for key, value in keys.items()})] += 1
    names = {name for *_, said in wanted for name, _ in said}
    found: Counter[Any] = Counter()
    for row in _rows(stage, each.table):
        found[row["device_id"], row["channel_id"], _values({name: row[name] for name in names})] += 1
    missing, added = list((wanted - found).items())[:3], list((found - wanted).items())[:3]
    assert wanted == found, f"{each.table.name}: missing {missing}, not true {added}"
    return found.total()


def _told(each: List, truth: Truth, *, is_user: bool) -> Iterator[Said]:
    if each.request_type in (truth.user_supports if is_user else truth.supports):
        for keys in each.of_user(truth) if is_user else each.items(truth):
            yield {key: value for key, value in keys.items() if key not in each.untold}


def _compare_security(stage: Stage, truths: Truths) -> int:
    rows = {(row["device_id"], row["channel_id"]): row for row in _rows(stage, device_security)}
    telling = {
        speaker: truth.user_security if speaker[1] else truth.security
        for speaker, truth in truths.items()
        if "SecurityInfo" in (truth.user_supports if speaker[1] else truth.supports)
    }
    assert rows.keys() == telling.keys()
    for speaker, said in telling.items():
        row = rows[speaker]
        known = {name: value for name, (value, *_) in row["facts"].items()}
        status = said.get("ManagementStatus", {})
        assert row["filevault_enabled"] == said.get("FDE_Enabled")
        assert row["passcode_present"] == said.get("PasscodePresent")
        assert row["sip_enabled"] == said.get("SystemIntegrityProtectionEnabled")
        assert row["firewall_enabled"] == said.get("FirewallSettings", {}).get("FirewallEnabled")
        assert row["secure_boot"] == said.get("SecureBoot", {}).get("SecureBootLevel")
        assert {name: known.get(f"ManagementStatus.{name}") for name in status} == dict(status)
    return len(rows)


def _compare_facts(stage: Stage, truths: Truths) -> int:
    """All of what DeviceInformation was asked that is true of who was asked."""
    known = {(device_id, ""): facts for device_id, facts in stage.arena.rows(select(devices.c.id, devices.c.facts))}
    of_users = select(user_channels.c.device_id, user_channels.c.id, user_channels.c.facts)
    known |= {(device_id, channel_id): facts for device_id, channel_id, facts in stage.arena.rows(of_users)}
    for speaker, truth in truths.items():
        facts, true = {name: value for name, (value, *_) in known[speaker].items()}, truth.information
        wanted = {name: plist.jsonable(true[name]) for name in QUERIES if name in true}
        assert wanted, f"nothing is true of {speaker}"
        assert {name: facts[name] for name in wanted if name in facts} == wanted, f"{speaker}: not all was kept"
    return len(truths)


def _compare_locations(stage: Stage, lost: Sequence[ManagedDevice]) -> int:
    columns = {_plain(column.name): column.name for column in device_locations.columns}
    wanted = {}
    for one in lost:
        place = {**(one.truth.location or {})}
        place["Timestamp"] = parse_time(place["Timestamp"])
        wanted[one.device_id] = _values({columns[_plain(key)]: value for key, value in place.items()})
    names = {name for said in wanted.values() for name, _ in said}
    found = {row["device_id"]: _values({name: row[name] for name in names}) for row in _rows(stage, device_locations)}
    assert found == wanted
    return len(found)


def _compare_orders(stage: Stage, ordered: Mapping[str, str]) -> int:
    """What became of each update that was ordered."""
    wanted = {(device_id, UNKNOWN_UPDATE, "Error", "InstallFailed") for device_id in ordered}
    wanted |= {(device_id, key, "DownloadOnly", "Downloading") for device_id, key in ordered.items()}
    columns = ("device_id", "product_key", "install_action", "status")
    found = Counter(tuple(row[name] for name in columns) for row in _rows(stage, os_update_results))
    assert found == Counter(wanted)
    return found.total()


def _rows(stage: Stage, table: Table) -> list[dict[str, Any]]:
    return [dict(zip(table.c.keys(), row, strict=True)) for row in stage.arena.rows(select(table))]


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _values(columns: Said) -> frozenset[tuple[str, str]]:
    """Comparable, and without what was not told."""
    return frozenset((name, str(_aware(value))) for name, value in columns.items() if value is not None)


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value
