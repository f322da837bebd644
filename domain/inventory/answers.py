"""Which lists an answer holds, and whether they are all there is.

Source: https://developer.apple.com/documentation/devicemanagement/commands-and-queries (checked 2026-11)
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from domain.inventory.accounts import read_account
from domain.inventory.apps import managed_items, read_installed, read_managed
from domain.inventory.certificates import read_certificate
from domain.inventory.columns import by_key
from domain.inventory.profiles import read_profile, read_provisioning_profile
from domain.inventory.updates import read_result, read_status, read_update
from domain.json_types import JSON, JSONObject

MOST_ITEMS = 5_000
"""Items of one list of one answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The command that an answer belongs to, when it is ours; its arguments are under Apple's names."""

    request_type: str
    arguments: Mapping[str, JSON]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAnswer:
    """What an answer says of one list: key → columns. Whatever a ``whole`` one does not name is gone.

    ``left_out`` counts what could not be kept: too many, or no dictionaries.
    """

    list: str
    items: Mapping[str, JSONObject]
    whole: bool
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One list: the command that asks for it, the key that holds it, and the arguments by which it is not all.

    ``whole`` is False for results of an order, which never tell all there is.
    """

    list: str
    request_type: str
    content: str
    read: Callable[[Mapping[str, Any]], tuple[str | None, JSONObject]]
    filters: tuple[str, ...] = ()
    whole: bool = True


_APPS = ("Identifiers", "ManagedAppsOnly", "Items")
_MANAGED_ONLY = ("ManagedOnly",)

FAMILIES = (
    Family(
        list="installed_apps",
        request_type="InstalledApplicationList",
        content="InstalledApplicationList",
        read=read_installed,
        filters=_APPS,
    ),
    Family(
        list="managed_apps",
        request_type="ManagedApplicationList",
        content="ManagedApplicationList",
        read=read_managed,
        filters=("Identifiers",),
    ),
    Family(
        list="profiles",
        request_type="ProfileList",
        content="ProfileList",
        read=read_profile,
        filters=_MANAGED_ONLY,
    ),
    Family(
        list="provisioning_profiles",
        request_type="ProvisioningProfileList",
        content="ProvisioningProfileList",
        read=read_provisioning_profile,
        filters=_MANAGED_ONLY,
    ),
    Family(
        list="certificates",
        request_type="CertificateList",
        content="CertificateList",
        read=read_certificate,
        filters=_MANAGED_ONLY,
    ),
    Family(list="device_accounts", request_type="UserList", content="Users", read=read_account),
    Family(
        list="os_updates",
        request_type="AvailableOSUpdates",
        content="AvailableOSUpdates",
        read=read_update,
    ),
    Family(list="os_update_statuses", request_type="OSUpdateStatus", content="OSUpdateStatus", read=read_status),
    Family(
        list="os_update_results",
        request_type="ScheduleOSUpdate",
        content="UpdateResults",
        read=read_result,
        whole=False,
    ),
)


def read_answers(payload: Mapping[str, Any], asked: Asked | None) -> Iterator[ListAnswer]:
    """The lists of one answer: those of the command that we sent, else those that its keys say it has.

    Nobody knows how others asked: their answers are whole only where Apple's command has no way to ask for some.
    """
    for family in FAMILIES:
        listed = _listed(payload.get(family.content))
        if listed is not None and (asked is None or asked.request_type == family.request_type):
            yield _answer(family, listed, _is_whole(family, asked))


def _listed(content: Any) -> Iterable[Any] | None:
    if isinstance(content, dict):
        return managed_items(content)
    return content if isinstance(content, list) else None


def _is_whole(family: Family, asked: Asked | None) -> bool:
    if asked is None:
        return family.whole and not family.filters
    return family.whole and not any(asked.arguments.get(name) for name in family.filters)


def _answer(family: Family, listed: Iterable[Any], whole: bool) -> ListAnswer:
    items = iter(listed)
    kept = list(islice(items, MOST_ITEMS))
    known = [item for item in kept if isinstance(item, dict)]
    return ListAnswer(
        list=family.list,
        items=by_key(family.read(item) for item in known),
        whole=whole,
        left_out=len(kept) - len(known) + sum(1 for _ in items),
    )
