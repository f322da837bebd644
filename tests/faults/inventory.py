"""A fleet that is asked for everything: afterwards every typed table says what is true of the devices."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
from sqlalchemy import Table, func, select

from domain.json_types import JSONObject
from simulators.lives import MIX
from simulators.temper import Temper
from simulators.truth import Truth
from state.commands import OPEN
from state.schema import (
    certificates,
    commands,
    device_accounts,
    device_security,
    devices,
    inquiries,
    installed_apps,
    managed_apps,
    os_update_statuses,
    os_updates,
    profiles,
    provisioning_profiles,
)
from tests.faults.arena import wait_until
from tests.faults.installs import Campaign, Stage, enrolled, open_stage

TEMPER = Temper(own_apps=20, not_now_share=0.1)
HANDS = 4

Said = Mapping[str, Any]
"""Apple's keys and their values."""


@dataclass(frozen=True, kw_only=True)
class List:
    """A table, the command whose answers fill it, and what it should say of a device."""

    table: Table
    request_type: str
    items: Callable[[Truth], Iterable[Said]]
    untold: frozenset[str] = frozenset()


LISTS = (
    List(
        table=installed_apps,
        request_type="InstalledApplicationList",
        items=lambda truth: (item.keys for item in truth.apps),
    ),
    List(
        table=managed_apps,
        request_type="ManagedApplicationList",
        items=lambda truth: ({"Identifier": name, **keys} for name, keys in truth.managed_apps.items()),
    ),
    List(
        table=profiles,
        request_type="ProfileList",
        items=lambda truth: (item.keys for item in truth.profiles),
        untold=frozenset({"PayloadContent", "SignerCertificates"}),
    ),
    List(
        table=provisioning_profiles,
        request_type="ProvisioningProfileList",
        items=lambda truth: (item.keys for item in truth.provisioning_profiles),
    ),
    List(table=device_accounts, request_type="UserList", items=lambda truth: (item.keys for item in truth.accounts)),
    List(table=os_updates, request_type="AvailableOSUpdates", items=lambda truth: (one.keys for one in truth.updates)),
    List(
        table=os_update_statuses,
        request_type="OSUpdateStatus",
        items=lambda truth: (one.keys for one in truth.update_statuses),
        untold=frozenset({"PastNotifications"}),
    ),
    List(
        table=certificates,
        request_type="CertificateList",
        items=lambda truth: (
            {
                "CommonName": one.common_name,
                "IsIdentity": one.is_identity,
                "sha256": one.sha256,
                "subject": one.subject,
                "issuer": one.issuer,
                "serial": f"{one.serial_number:x}",
                "NotBefore": one.not_before,
                "NotAfter": one.not_after,
            }
            for one in truth.certificates
        ),
    ),
)


def take_stock(home: Path, *, kind: str, size: int, database: str | None = None) -> JSONObject:
    """Enrol, ask everybody for everything through the API, wait for the answers, compare. Raises: AssertionError."""
    campaign = Campaign(kind=kind, devices=size)
    with open_stage(home, campaign, database, kinds=MIX, temper=TEMPER) as stage:
        stage.fleet.enrol(list(stage.fleet))
        known = wait_until("all are known", lambda: enrolled(stage.arena) >= size, seconds=300)
        _ask_all(stage, home)
        answered = wait_until("all have answered", lambda: _is_answered(stage), seconds=900)
        return {**check(stage), "enrolled_after_s": round(known, 1), "answered_after_s": round(answered, 1)}


def _ask_all(stage: Stage, home: Path) -> None:
    token = (home / "secrets" / "api-token").read_text().strip()
    ids = [device_id for (device_id,) in stage.arena.rows(select(devices.c.id))]

    def ask(portion: Sequence[str]) -> None:
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {token}"
            for device_id in portion:
                url = f"{stage.arena.console_url}/api/devices/{quote(device_id, safe='')}/inventory"
                answer = session.post(url, timeout=30)
                assert answer.status_code in (200, 201, 202), f"{answer.status_code} {answer.text}"

    with ThreadPoolExecutor(HANDS) as pool:
        list(pool.map(ask, [ids[hand::HANDS] for hand in range(HANDS)]))


def _is_answered(stage: Stage) -> bool:
    """Also those who had to say first what they are."""
    waiting = select(func.count()).select_from(commands).where(commands.c.state.in_(OPEN))
    later = select(func.count()).select_from(inquiries).where(inquiries.c.waits_for.is_not(None))
    return stage.arena.is_drained() and not any(stage.arena.rows(query)[0][0] for query in (waiting, later))


def check(stage: Stage) -> JSONObject:
    """Raises: AssertionError, with the first differences. Else how many rows each table has."""
    truths = {member.device_id: member.truth for member in stage.fleet}
    refused = select(commands.c.request_type, commands.c.error).where(commands.c.state != "Acknowledged")
    assert not stage.arena.rows(refused), f"refused: {Counter(stage.arena.rows(refused)).most_common(5)}"
    sizes = {each.table.name: _compare(stage, truths, each) for each in LISTS}
    return {**sizes, "device_security": _compare_security(stage, truths), "devices": _compare_facts(stage, truths)}


def _compare(stage: Stage, truths: Mapping[str, Truth], each: List) -> int:
    columns = {_plain(column.name): column.name for column in each.table.columns}
    wanted: Counter[Any] = Counter()
    for device_id, truth in truths.items():
        for keys in each.items(truth) if each.request_type in truth.supports else ():
            told = {key: value for key, value in keys.items() if key not in each.untold}
            unknown = [key for key in told if _plain(key) not in columns]
            assert not unknown, f"no column of {each.table.name} takes {unknown}"
            wanted[device_id, _values({columns[_plain(key)]: value for key, value in told.items()})] += 1
    names = {name for _, said in wanted for name, _ in said}
    found: Counter[Any] = Counter()
    for row in _rows(stage, each.table):
        found[row["device_id"], _values({name: row[name] for name in names})] += 1
    missing, added = list((wanted - found).items())[:3], list((found - wanted).items())[:3]
    assert wanted == found, f"{each.table.name}: missing {missing}, not true {added}"
    return found.total()


def _compare_security(stage: Stage, truths: Mapping[str, Truth]) -> int:
    rows = {row["device_id"]: row for row in _rows(stage, device_security)}
    assert rows.keys() == truths.keys()
    for device_id, truth in truths.items():
        row, said = rows[device_id], truth.security
        known = {name: value for name, (value, *_) in row["facts"].items()}
        status = said.get("ManagementStatus", {})
        assert row["filevault_enabled"] == said.get("FDE_Enabled")
        assert row["passcode_present"] == said.get("PasscodePresent")
        assert row["sip_enabled"] == said.get("SystemIntegrityProtectionEnabled")
        assert row["firewall_enabled"] == said.get("FirewallSettings", {}).get("FirewallEnabled")
        assert row["secure_boot"] == said.get("SecureBoot", {}).get("SecureBootLevel")
        assert {name: known.get(f"ManagementStatus.{name}") for name in status} == dict(status)
    return len(rows)


def _compare_facts(stage: Stage, truths: Mapping[str, Truth]) -> int:
    """What DeviceInformation told, of all that it was asked."""
    for device_id, known in stage.arena.rows(select(devices.c.id, devices.c.facts)):
        facts, truth = {name: value for name, (value, *_) in known.items()}, truths[device_id].information
        told = {name for name in facts if name in truth and not isinstance(truth[name], datetime | dict | list)}
        assert len(told) > len(truth) / 3, f"{device_id} told only {sorted(told)}"
        assert {name: facts[name] for name in told} == {name: truth[name] for name in told}
    return len(truths)


def _rows(stage: Stage, table: Table) -> list[dict[str, Any]]:
    """What devices said themselves, not their users."""
    query = select(table).where(table.c.channel_id == "")
    return [dict(zip(table.c.keys(), row, strict=True)) for row in stage.arena.rows(query)]


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _values(columns: Said) -> frozenset[tuple[str, str]]:
    """Comparable, and without what was not told."""
    return frozenset((name, str(_aware(value))) for name, value in columns.items() if value is not None)


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value
