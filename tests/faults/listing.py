"""What a fleet's lists should say: the tables, the commands whose answers fill them, and the truth in Apple's keys."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table

from simulators.certificates import Certificate
from simulators.truth import Truth
from state.schema import (
    certificates,
    device_accounts,
    installed_apps,
    managed_apps,
    os_update_statuses,
    os_updates,
    profiles,
    provisioning_profiles,
)

Said = Mapping[str, Any]
"""Apple's keys and their values."""


@dataclass(frozen=True, kw_only=True)
class List:
    """A table, the command whose answers fill it, and what it should say of a device, and of its user."""

    table: Table
    request_type: str
    items: Callable[[Truth], Iterable[Said]]
    of_user: Callable[[Truth], Iterable[Said]] = lambda _: ()
    untold: frozenset[str] = frozenset()


def _certificate(one: Certificate) -> Said:
    return {
        "CommonName": one.common_name,
        "IsIdentity": one.is_identity,
        "sha256": one.sha256,
        "subject": one.subject,
        "issuer": one.issuer,
        "serial": f"{one.serial_number:x}",
        "NotBefore": one.not_before,
        "NotAfter": one.not_after,
    }


LISTS = (
    List(
        table=installed_apps,
        request_type="InstalledApplicationList",
        items=lambda truth: (item.keys for item in truth.apps),
        of_user=lambda truth: (item.keys for item in truth.apps),
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
        of_user=lambda truth: (item.keys for item in truth.user_profiles),
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
        items=lambda truth: map(_certificate, truth.certificates),
        of_user=lambda truth: map(_certificate, truth.user_certificates),
    ),
)
