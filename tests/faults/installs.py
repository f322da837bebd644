"""Licence to install, as a whole: from Apple's notification to the app on the device, and every step with its proof."""

import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from domain.json_types import JSONObject
from simulators.address import address
from simulators.apple import Apple, Habits
from simulators.apple_notifications import Location, Notification, Work
from simulators.identities import Kind
from simulators.managed_device import ManagedDevice
from simulators.managed_fleet import ManagedFleet, make_fleet
from simulators.mdm_server import MDMServer
from simulators.micromdm import MicroMDM
from simulators.micromdm_api import MicroMDMApi
from simulators.nanomdm import NanoMDM, Setup
from simulators.nanomdm_api import NanoMDMApi
from simulators.temper import Temper
from state.schema import actions, commands, devices, events, installs
from tests.faults.arena import SECRET, Arena, arena, free_port, wait_until

API_KEY = "key-of-the-api"
APPS = ("361309726", "408709785", "409201541", "361285480")
KINDS = (Kind.MAC, Kind.IPHONE, Kind.IPAD)
CHUNK = 10
"""Devices in one notification."""

MOST_CALLS = 5
"""Calls to NanoMDM in which one app goes to devices that are enrolled already."""

FINAL = ("Acknowledged", "Error", "CommandFormatError")


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """``apps`` for ``devices``; Apple says each thing ``times`` times, shuffled.

    ``in_thirds``: a third of the devices enrols before Apple speaks, one meanwhile, one afterwards; else all before.
    With ``long_after`` that last third waits until the others have their commands.
    ``errors`` is the share of installs that meet an error 9610 first. An app is Installing for ``polls`` questions.
    """

    kind: str
    devices: int = 50
    apps: int = 3
    times: int = 5
    in_thirds: bool = True
    long_after: bool = True
    errors: float = 0.0
    polls: int = 1
    seed: int = 5

    @property
    def pairs(self) -> int:
        return self.devices * self.apps


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The arena, and who takes part."""

    arena: Arena
    server: MDMServer
    fleet: ManagedFleet
    apple: Apple


def run_campaign(home: Path, campaign: Campaign, *, database: str | None = None) -> JSONObject:
    """Assign, enrol, wait until everything is installed and quiet, check, and report. Raises: AssertionError."""
    with open_stage(home, campaign, database) as stage:
        _play(stage, campaign)
        took = wait_until("everything installed", lambda: _installed(stage.arena) >= campaign.pairs, seconds=180)
        wait_until("nothing owed any more", lambda: _is_quiet(stage), seconds=30)
        report = check(stage, campaign)
    return {**report, "installed_after_s": round(took, 1)}


@contextmanager
def open_stage(
    home: Path,
    campaign: Campaign,
    database: str | None,
    *,
    kinds: Sequence[Kind] = KINDS,
    temper: Temper | None = None,
) -> Iterator[Stage]:
    """``temper`` instead of what the campaign says of installs."""
    port = free_port()
    name = f"WINDFALL_{campaign.kind.upper()}"
    settings = {f"{name}_URL": f"http://127.0.0.1:{port}", f"{name}_API_KEY": API_KEY}
    rng = random.Random(campaign.seed)
    temper = temper or Temper(install_error_share=campaign.errors, installing_polls=campaign.polls)
    with ExitStack() as opened:
        running = opened.enter_context(arena(home, database=database, settings=settings))
        to = address(campaign.kind, running.url(campaign.kind), SECRET)
        server: MDMServer
        if campaign.kind == "micromdm":
            micro_hook = opened.enter_context(MicroMDM(to.url, rng=rng))
            server = MicroMDMApi(api_key=API_KEY, webhook=micro_hook, port=port)
        else:
            nano_hook = opened.enter_context(NanoMDM(to.url, setup=Setup(hmac_key=to.hmac_key), rng=rng))
            server = NanoMDMApi(api_key=API_KEY, webhook=nano_hook, port=port)
        opened.enter_context(server)
        fleet = make_fleet(server, campaign.devices, kinds=kinds, temper=temper, seed=campaign.seed)
        opened.enter_context(fleet)
        url = running.url("apps-and-books")
        apple = opened.enter_context(Apple(url, token=SECRET, habits=Habits(interval_s=1), rng=rng))
        yield Stage(arena=running, server=server, fleet=fleet, apple=apple)


def _play(stage: Stage, campaign: Campaign) -> None:
    """Apple speaks, and devices enrol."""
    rng = random.Random(campaign.seed)
    members = list(stage.fleet)
    third = len(members) // 3
    before, meanwhile, after = members[:third], members[third : 2 * third], members[2 * third :]
    if not campaign.in_thirds:
        before, meanwhile, after = members, [], []
    said = _notifications(members, campaign, rng) * campaign.times
    rng.shuffle(said)
    stage.fleet.enrol(before)
    wait_until("the first are known", lambda: enrolled(stage.arena) == len(before), seconds=30)
    for notification in said[: len(said) // 2]:
        stage.apple.send(notification)
    stage.fleet.enrol(meanwhile)
    for notification in said[len(said) // 2 :]:
        stage.apple.send(notification)
    assert stage.apple.drain(60), "Apple could not deliver everything"
    wait_until("all that Apple said is known", stage.arena.is_drained, seconds=60)
    if campaign.long_after:
        told = (len(before) + len(meanwhile)) * campaign.apps
        wait_until("the others were told to install", lambda: len(stage.fleet.installs) >= told, seconds=60)
    stage.fleet.enrol(after)


def _notifications(members: Sequence[ManagedDevice], campaign: Campaign, rng: random.Random) -> list[Notification]:
    location = Location("2049000000000001", rng=rng)
    serial_numbers = [member.serial_number for member in members]
    return [
        notification
        for adam_id, first in itertools.product(APPS[: campaign.apps], range(0, len(members), CHUNK))
        for notification in location.asset_management(
            Work(event_id=location.draw_id(), adam_id=adam_id), serial_numbers[first : first + CHUNK]
        )
    ]


def check(stage: Stage, campaign: Campaign) -> JSONObject:
    """The devices' own books against SQL: each app once on each device, and every step of it proven."""
    errors = _check_devices(stage.fleet, campaign)
    _check_proofs(stage, campaign)
    received = stage.fleet.installs
    adam_ids = {one.command_uuid: one.adam_id for one in received}
    calls = Counter(adam_ids[call.command_uuid] for call in stage.server.calls.copy() if call.command_uuid in adam_ids)
    if campaign.kind == "nanomdm" and not campaign.in_thirds and not campaign.errors:
        assert max(calls.values()) <= MOST_CALLS, f"calls by app: {dict(calls)}"
    return {"received": len(received), "errors": errors, "calls_with_installs": sum(calls.values())}


def _check_devices(fleet: ManagedFleet, campaign: Campaign) -> int:
    """Each device got each app in one command, and in one more for each error it answered; how many errors."""
    wanted = set(APPS[: campaign.apps])
    errors = 0
    for member in fleet:
        answers: dict[str, list[str]] = defaultdict(list)
        for message in member.answers:
            answers[message.content["CommandUUID"]].append(message.content["Status"])
        tries: dict[str, list[str]] = defaultdict(list)
        for one in member.installs:
            final = [status for status in answers[one.command_uuid] if status in FINAL]
            assert len(final) == 1, f"{one} was answered {final}"
            tries[one.adam_id] += final
        assert set(tries) == wanted, f"{member.serial_number} was told to install {set(tries)}"
        for adam_id, ends in tries.items():
            assert sorted(ends) == ["Acknowledged"] + ["Error"] * (len(ends) - 1), f"{adam_id} of {member.device_id}"
            errors += ends.count("Error")
        assert member.installed == wanted
    assert bool(errors) == bool(campaign.errors)
    return errors


def _check_proofs(stage: Stage, campaign: Campaign) -> None:
    """What SQL says of each install points to the command the device got and to the events that it sent."""
    rows = stage.arena.rows(select(*_PROOF))
    assert len(rows) == campaign.pairs
    heard = dict(stage.arena.rows(select(events.c.id, events.c.device_id)))
    columns = (commands.c.command_uuid, commands.c.device_id, commands.c.request_type, commands.c.state)
    known = {row[:2]: row[2:] for row in stage.arena.rows(select(*columns))}
    by_id = dict(stage.arena.rows(select(commands.c.id, commands.c.command_uuid)))
    got = {(one.command_uuid, one.device_id): one.adam_id for one in stage.fleet.installs}
    for state, device_id, adam_id, command_id, acknowledged_by, installed_by, proven_by in rows:
        assert state == "installed"
        assert got[by_id[command_id], device_id] == adam_id
        assert known[by_id[command_id], device_id] == ("InstallApplication", "Acknowledged")
        assert heard[acknowledged_by] == heard[installed_by] == device_id
        assert known[proven_by, device_id] == ("ManagedApplicationList", "Acknowledged")
    sent = {key for key, (request_type, _) in known.items() if request_type == "InstallApplication"}
    assert sent == set(got), "commands in SQL and commands on devices are not the same"


_PROOF = (
    installs.c.state,
    installs.c.device_id,
    installs.c.adam_id,
    installs.c.command_id,
    installs.c.acknowledged_by,
    installs.c.installed_by,
    installs.c.installed_command_uuid,
)


def _installed(arena: Arena) -> int:
    return _count(arena, select(func.count()).where(installs.c.state == "installed"))


def enrolled(arena: Arena) -> int:
    return _count(arena, select(func.count()).where(devices.c.enrolled))


def _count(arena: Arena, query: object) -> int:
    return int(arena.rows(query)[0][0])


def _is_quiet(stage: Stage) -> bool:
    owed = select(func.count()).where(actions.c.state.in_(("pending", "running", "retryable")))
    return stage.arena.is_drained() and not _count(stage.arena, owed) and stage.fleet.settle()
