"""Everything that Windfall talks to, in one process: servers, senders, sinks, and two fleets of devices."""

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from simulators.address import Address, address
from simulators.apple import Apple, Habits
from simulators.demo_jamf import SECRET_FILE, account
from simulators.devices import Device
from simulators.identities import Kind
from simulators.jamf import Jamf
from simulators.jamf_api import JamfApi
from simulators.lives import increasing, make_devices
from simulators.managed_device import ManagedDevice
from simulators.managed_fleet import ManagedFleet, make_fleet
from simulators.mdm_server import MDMServer
from simulators.micromdm import MicroMDM
from simulators.micromdm_api import MicroMDMApi
from simulators.nanomdm import NanoMDM, Setup
from simulators.nanomdm_api import NanoMDMApi
from simulators.sending import Manner, Sender
from simulators.slack import Slack
from simulators.smtp import MailServer
from simulators.temper import Temper

API_KEYS = {"micromdm": "micromdm-api-key", "nanomdm": "nanomdm-api-key"}
"""The files of the servers' API keys, among the secrets."""

NANOMDM_MANNER = Manner(workers=4, window=4, timeout=30.0)

JAMF_KINDS = (Kind.MAC, Kind.IPHONE, Kind.IPAD)
JAMF_SHARE = 10
"""Jamf Pro has devices of its own: one for so many of the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """URL of the front door, folder of the secrets, our own ports, and the address that the chat is to have."""

    ingest: str
    secrets: Path
    micromdm: int
    nanomdm: int
    jamf: int
    smtp: int
    chat: str

    def secret(self, name: str) -> str:
        """Raises: ValueError, when the file is empty."""
        secret = (self.secrets / name).read_text().strip()
        if not secret:
            raise ValueError(f"there is no secret in {self.secrets / name}")
        return secret

    def sender(self, kind: str) -> Address:
        """Where a sender of this kind posts, with its secret in the usual form."""
        return address(kind, f"{self.ingest}/webhooks/{kind}", self.secret(kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """``licences`` are what Apple has: (serial number, adamId). ``jamf_devices``: three at least, Macs and others."""

    servers: Sequence[MDMServer]
    fleets: Sequence[ManagedFleet]
    hooks: Sequence[Sender[Any]]
    apple: Apple
    jamf: Jamf
    jamf_server: JamfApi
    jamf_devices: Sequence[Device]
    mail: MailServer
    chat: Slack
    licences: set[tuple[str, str]]

    def members(self) -> list[tuple[ManagedFleet, ManagedDevice]]:
        """All managed devices, each with its fleet."""
        return [(fleet, member) for fleet in self.fleets for member in fleet]

    @property
    def senders(self) -> list[Sender[Any]]:
        """All who post to Windfall."""
        return [*self.hooks, self.apple, self.jamf]


@contextmanager
def open_world(place: Place, devices: int) -> Iterator[World]:
    """Half of the ``devices`` are at each server, none enrolled yet. They are the same at every start; events are not.

    Raises: ValueError or OSError, when a secret or a port cannot be had.
    """
    licences: set[tuple[str, str]] = set()
    temper = lively(licences)
    with ExitStack() as opened:
        hook = opened.enter_context(MicroMDM(place.sender("micromdm").url))
        to = place.sender("nanomdm")
        nano_hook = opened.enter_context(
            NanoMDM(to.url, setup=Setup(hmac_key=to.hmac_key, zone=UTC), manner=NANOMDM_MANNER)
        )
        keys = {kind: place.secret(file) for kind, file in API_KEYS.items()}
        micromdm = opened.enter_context(MicroMDMApi(api_key=keys["micromdm"], webhook=hook, port=place.micromdm))
        nanomdm = opened.enter_context(NanoMDMApi(api_key=keys["nanomdm"], webhook=nano_hook, port=place.nanomdm))
        half = devices // 2
        first = opened.enter_context(make_fleet(micromdm, devices - half, temper=temper, seed=1))
        second = opened.enter_context(make_fleet(nanomdm, half, temper=temper, seed=2))
        chat = urlsplit(place.chat)
        yield World(
            servers=(micromdm, nanomdm),
            fleets=(first, second),
            hooks=(hook, nano_hook),
            apple=opened.enter_context(_apple(place.sender("apps-and-books"))),
            jamf=opened.enter_context(_jamf(place.sender("jamf"))),
            jamf_server=opened.enter_context(JamfApi(accounts=[account(place.secret(SECRET_FILE))], port=place.jamf)),
            jamf_devices=_jamf_devices(max(3, devices // JAMF_SHARE)),
            mail=opened.enter_context(MailServer(port=place.smtp)),
            chat=opened.enter_context(Slack(port=chat.port or 0, hook=chat.path)),
            licences=licences,
        )


def lively(licences: set[tuple[str, str]]) -> Temper:
    """Most installs go well; the rest shows what else there is."""
    return Temper(
        install_error_share=0.08,
        refused_share=0.02,
        nameless_share=0.01,
        rejected_share=0.03,
        failed_share=0.02,
        silent_share=0.02,
        silent_offers=2,
        not_now_share=0.06,
        not_now_poll_s=8.0,
        repeat_share=0.02,
        error_share=0.01,
        missing_share=0.02,
        own_apps=8,
        installing_polls=0,
        installing_s=4.0,
        licensed=lambda serial_number, adam_id: (serial_number, adam_id) in licences,
    )


def _apple(to: Address) -> Apple:
    return Apple(to.url, token=to.bearer, habits=Habits(interval_s=60.0, duplicate_share=0.2))


def _jamf(to: Address) -> Jamf:
    return Jamf(to.url, headers=to.headers)


def _jamf_devices(size: int) -> list[Device]:
    clock = increasing(lambda: datetime.now(UTC))
    return make_devices(size, rng=random.Random(3), clock=clock, kinds=JAMF_KINDS)
