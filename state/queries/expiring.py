"""Certificates by when they end, and how many devices have some that end soon: what an operator must know in time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Select, func, select

from state.queries.inventory import INVENTORY_LISTS
from state.queries.pages import Filters, Page, Question, text_value, true_or_false
from state.queries.reading import reading
from state.schema import certificates, devices

_LIST = INVENTORY_LISTS[certificates.name]

FILTERS: Filters = {"serial_number": text_value, "enrolled": true_or_false, **_LIST.filters}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Devices that have a certificate which has expired, and those that have one which expires soon."""

    expired: int = 0
    expiring: int = 0


def list_certificates(engine: Engine, question: Question) -> Page:
    """Certificates that tell when they end, soonest first, each with the `serial_number` and `enrolled` of its device.

    Those of devices that have left only when ``enrolled`` asks for them. Raises: BadQuery, DatabaseAway.
    """
    values = question.values(FILTERS)
    query = _LIST.query().add_columns(devices.c.serial_number, devices.c.enrolled)
    query = query.join(devices, devices.c.id == certificates.c.device_id).where(
        _is_wanted(values.pop("enrolled", None))
    )
    if (serial_number := values.pop("serial_number", None)) is not None:
        query = query.where(devices.c.serial_number == serial_number)
    query = query.where(*(_LIST.condition(name, value) for name, value in values.items()))
    return _LIST.by_end(engine, query, question)


def ending_identities(engine: Engine, now: datetime, *, until: datetime) -> Ending:
    """How many devices that have not left have an identity certificate that ends before ``until``.

    Raises: DatabaseAway.
    """
    return _endings(engine, now, until, certificates.c.is_identity)["identity"]


def ending_certificates(engine: Engine, now: datetime, *, until: datetime) -> Mapping[str, Ending]:
    """The same of all certificates, by `identity` and `other`; of those, authorities that ended long ago pile up."""
    return _endings(engine, now, until)


def _endings(engine: Engine, now: datetime, until: datetime, *conditions: Any) -> Mapping[str, Ending]:
    """All that is read of certificates is in one index."""
    own = certificates.c
    is_over = (own.not_after <= now).label("is_over")
    query: Select[Any] = (
        select(own.is_identity, is_over, func.count(own.device_id.distinct()))
        .join(devices, devices.c.id == own.device_id)
        .where(own.not_after < until, _is_wanted(None), *conditions)
        .group_by(own.is_identity, is_over)
    )
    found = {"identity": {"expired": 0, "expiring": 0}, "other": {"expired": 0, "expiring": 0}}
    with reading(engine) as connection:
        for is_identity, over, number in connection.execute(query):
            found["identity" if is_identity else "other"]["expired" if over else "expiring"] += number
    return {kind: Ending(**numbers) for kind, numbers in found.items()}


def _is_wanted(enrolled: bool | None) -> Any:
    return devices.c.enrolled.is_not(False) if enrolled is None else devices.c.enrolled.is_(enrolled)
