"""A simulated Jamf Pro with a few records, and our client of it."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from clients.jamf import JamfPro
from clients.jamf_token import Login
from simulators.identities import Kind, draw_identity
from simulators.jamf_api import CLIENT, USER, JamfApi
from simulators.jamf_events import computer, mobile
from simulators.jamf_shapes import Record

REPORTED = datetime(2026, 3, 1, 11, 0, 0, 250_000, tzinfo=UTC)
CONTACTED = REPORTED + timedelta(minutes=7)
SETTING = "WINDFALL_SENDER_JAMF_CLIENT_SECRET"


def login(*, is_user: bool = False, secret: Any = None) -> Login:
    account = USER if is_user else CLIENT
    return Login(name=account.name, secret=secret or (lambda: account.secret), setting=SETTING, is_user=is_user)


def client(server: Any, *, is_user: bool = False, secret: Any = None, **more: Any) -> JamfPro:
    return JamfPro(server.url + "/", login(is_user=is_user, secret=secret), deadline=5.0, **more)


def make_record(kind: Kind, number: int, *, os_version: str = "15.4", **fields: Any) -> Record:
    """A device record whose identity comes from its number."""
    shape = computer if kind is Kind.MAC else mobile
    identity = draw_identity(kind, random.Random(number))
    known = shape(identity, name=f"device {number}", os_version=os_version, os_build="24E248", jss_id=number)
    return Record(fields={**known, **fields}, contact_at=CONTACTED, report_at=REPORTED)


def stock(server: JamfApi, *, computers: int = 3, mobiles: int = 2, policies: int = 2) -> None:
    for number in range(1, computers + 1):
        server.catalog.computers[number] = make_record(Kind.MAC, number)
    for number in range(1001, 1001 + mobiles):
        server.catalog.mobiles[number] = make_record(Kind.IPAD, number)
    for number in range(501, 501 + policies):
        server.catalog.policies[number] = f"Policy {number}; ring 1"
