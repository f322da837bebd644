"""What is on a simulated device at one time, by who put it there: its people and its system, or the MDM server."""

import random
from dataclasses import dataclass, field
from typing import Any

from simulators import belongings, profiles, system_updates
from simulators.certificates import Certificate
from simulators.devices import Device
from simulators.truth import Item

_PROGRESS = (("Downloading", 0.25), ("Idle", 1.0), ("Installing", 1.0))


@dataclass(slots=True)
class Own:
    """What management neither brought nor takes away. Profiles by identifier, updates and statuses by ProductKey."""

    profiles: dict[str, Item] = field(default_factory=dict)
    certificates: dict[str, Certificate] = field(default_factory=dict)
    apps: list[Item] = field(default_factory=list)
    accounts: list[Item] = field(default_factory=list)
    updates: dict[str, Item] = field(default_factory=dict)
    statuses: dict[str, Item] = field(default_factory=dict)


@dataclass(slots=True)
class Given:
    """What comes and goes with an enrolment: profiles by identifier, certificates by fingerprint; True: the user's."""

    profiles: dict[bool, dict[str, Item]] = field(default_factory=lambda: {False: {}, True: {}})
    certificates: dict[bool, dict[str, Certificate]] = field(default_factory=lambda: {False: {}, True: {}})
    provisioning_profiles: list[Item] = field(default_factory=list)
    location: dict[str, Any] | None = None


def draw_own(device: Device, rng: random.Random, *, apps: int) -> Own:
    """``apps``: at most so many. Of a User Enrollment nothing is shown, so nothing is drawn."""
    identity, own = device.identity, Own()
    if identity.kind.is_user_enrollment:
        return own
    for profile in profiles.draw_own_profiles(rng):
        own.profiles[profile.identifier] = profile.item(identity, rng)
    own.certificates = {one.sha256: one for one in belongings.draw_own_certificates(rng)}
    own.apps = list(belongings.draw_apps(identity, rng, apps))
    own.accounts = list(belongings.draw_accounts(identity, rng))
    _draw_updates(own, device, rng)
    return own


def draw_given(device: Device, rng: random.Random) -> Given:
    """What a server of the house brings in an enrolment."""
    identity, given = device.identity, Given()
    for profile in (profiles.enrolment_profile(), *profiles.draw_profiles(rng)):
        given.profiles[False][profile.identifier] = profile.item(identity, rng)
    given.certificates[False] = {one.sha256: one for one in belongings.draw_certificates(identity, rng)}
    given.provisioning_profiles = list(profiles.draw_provisioning_profiles(identity, rng))
    if identity.user:
        for profile in profiles.draw_user_profiles(rng):
            given.profiles[True][profile.identifier] = profile.item(identity, rng)
        if identity.kind.is_mac:
            made = belongings.draw_user_certificates(identity, rng)
            private = identity.kind.is_user_enrollment
            given.certificates[True] = {one.sha256: one for one in made if one.managed or not private}
    return given


def _draw_updates(own: Own, device: Device, rng: random.Random) -> None:
    is_mac = device.identity.kind.is_mac
    found = [system_updates.os_update(device, rng)] if rng.random() < 0.7 else []
    if is_mac and rng.random() < 0.5:
        found.append(system_updates.data_update(rng))
    own.updates = {one["ProductKey"]: Item(keys=one, managed=False) for one in found}
    for one in found:
        if rng.random() < 0.3:
            status, downloaded = rng.choice(_PROGRESS)
            note_status(own, one["ProductKey"], is_mac=is_mac, downloaded=downloaded, status=status)


def note_status(own: Own, product_key: str, *, is_mac: bool, downloaded: float, status: str) -> None:
    """How far an update is, from now on."""
    update = own.updates[product_key].keys
    keys = system_updates.status_of(update, is_mac=is_mac, downloaded=downloaded, status=status)
    own.statuses[product_key] = Item(keys=keys, managed=False)
