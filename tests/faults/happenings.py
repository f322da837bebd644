"""What happened on a fleet before it was asked for everything: apps came, updates were ordered, some are lost."""

import random
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
from sqlalchemy import func, select

from domain.json_types import JSONObject
from simulators.apple_notifications import Location, Work
from simulators.managed_device import ManagedDevice
from state.schema import installs
from tests.faults.arena import wait_until
from tests.faults.installs import APPS, CHUNK, Stage

EVERY = 5
"""Each so many-th is one of a few."""

HANDS = 4
SEED = 5
UNKNOWN_UPDATE = "nobody-knows-this"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """The API of the console, as a script of somebody's would use it."""

    url: str
    token: str

    @classmethod
    def of(cls, stage: Stage, home: Path) -> "Asking":
        return cls(url=stage.arena.console_url, token=(home / "secrets" / "api-token").read_text().strip())

    def for_everything(self, device_ids: Sequence[str]) -> None:
        self._post((f"/api/devices/{quote(device_id, safe='')}/inventory", {}) for device_id in device_ids)

    def to_do(self, members: Iterable[ManagedDevice], request_type: str, **arguments: Any) -> None:
        wanted = {"request_type": request_type, "arguments": arguments}
        self._post(("/api/commands", {"device_id": member.device_id, **wanted}) for member in members)

    def _post(self, requested: Iterable[tuple[str, JSONObject]]) -> None:
        with requests.Session() as session, ThreadPoolExecutor(HANDS) as pool:
            session.headers["Authorization"] = f"Bearer {self.token}"

            def post(one: tuple[str, JSONObject]) -> None:
                answer = session.post(self.url + one[0], json=one[1], timeout=30)
                assert answer.ok, f"{answer.status_code} {answer.text}"

            list(pool.map(post, requested))


def assign_apps(stage: Stage) -> None:
    """A few devices get a licence, and the app."""
    few = _few(one for one in stage.fleet if not one.device.identity.kind.is_user_enrollment)
    location = Location("2049000000000001", rng=random.Random(SEED))
    for first in range(0, len(few), CHUNK):
        work = Work(event_id=location.draw_id(), adam_id=APPS[0])
        for said in location.asset_management(work, [one.serial_number for one in few[first : first + CHUNK]]):
            stage.apple.send(said)
    assert stage.apple.drain(60), "Apple could not deliver everything"
    done = select(func.count()).select_from(installs).where(installs.c.state == "installed")
    wait_until("the apps are there", lambda: stage.arena.rows(done)[0][0] >= len(few), seconds=300)


def order_updates(stage: Stage, asking: Asking) -> Mapping[str, str]:
    """A few devices are to download one of their updates, and one that there is not; its ProductKey by device id."""
    ordered = {}
    for one in _few(one for one in stage.fleet if one.truth.updates and "ScheduleOSUpdate" in one.truth.supports):
        ordered[one.device_id] = one.truth.updates[0].keys["ProductKey"]
        keys = (ordered[one.device_id], UNKNOWN_UPDATE)
        updates = [{"ProductKey": key, "InstallAction": "DownloadOnly"} for key in keys]
        asking.to_do([one], "ScheduleOSUpdate", Updates=updates)
    return ordered


def losable(stage: Stage) -> list[ManagedDevice]:
    """A few of those that can be put into Lost Mode."""
    return _few(one for one in stage.fleet if "DeviceLocation" in one.truth.supports)


def _few(members: Iterable[ManagedDevice]) -> list[ManagedDevice]:
    return list(members)[::EVERY]
