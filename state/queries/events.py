"""Events as people read them: lists newest first, and one with its body."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, LargeBinary, Select, func, literal, select

from domain.json_types import JSONObject
from domain.kinds import KINDS
from state.queries.pages import Filters, Page, Question, one_of, page, ready, text_value
from state.queries.reading import reading
from state.schema import event_bodies, event_keys, events

STORED = ("processed", "buried", "quarantined")
WRONG = ("buried", "quarantined")
"""Those that nobody could process."""

RECEIVED = "received"
"""The status of an event that is still in its inbox, and in no table."""

FILTERS: Filters = {
    "sender": text_value,
    "kind": one_of(*KINDS),
    "type": text_value,
    "event_id": text_value,
    "device_id": text_value,
    "jamf_device_id": text_value,
    "status": one_of(RECEIVED, *STORED),
    "body": text_value,
}
"""All are equal to the field; only ``body`` is contained in it. It reads bodies one by one, newest first."""

FIELDS = (
    "id", "sender", "kind", "type", "event_id", "device_id", "jamf_device_id", "occurred_at", "received_at",
    "processed_at", "status", "error", "seen", "flags", "details",
)  # fmt: skip
"""What is told of every event, in this order; one event by itself has its body too."""

_MORE = ("content_type", "remote_addr", "body")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """What it takes to run an event again. ``body`` is None when it was pruned."""

    id: str
    key: bytes
    sender: str
    kind: str
    type: str
    status: str
    error: str | None
    flags: list[str]
    received_at: datetime
    content_type: str
    remote_addr: str
    body: bytes | None


def list_events(engine: Engine, question: Question) -> Page:
    """Stored events, newest first. Raises: BadQuery, DatabaseAway."""
    values = question.values(FILTERS)
    wanted = values.pop("body", None)
    query = _query(FIELDS).where(*(events.c[name] == value for name, value in values.items()))
    if wanted is not None:
        query = query.join(event_bodies, event_bodies.c.id == events.c.id).where(_contains(engine, str(wanted)))
    if question.after is not None:
        query = query.where(events.c.id < question.after)
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(events.c.id.desc()).limit(question.limit + 1)).mappings()
        return page([ready(row) for row in rows], question)


def one_event(engine: Engine, identifier: str) -> JSONObject | None:
    """An event with its body as text: UTF-8, or Latin-1 where it is no UTF-8; None when it was pruned."""
    with reading(engine) as connection:
        row = connection.execute(_query(FIELDS + _MORE).where(events.c.id == text_value(identifier))).mappings().first()
    return ready({**row, "body": _text(row["body"])}) if row is not None else None


def event_ids(engine: Engine, prefix: str, *, limit: int = 5) -> list[str]:
    """Ids that begin with ``prefix``, oldest first: people copy the beginning of one."""
    first = text_value(prefix)
    query = (
        select(events.c.id).where(events.c.id >= first, events.c.id < f"{first}g").order_by(events.c.id).limit(limit)
    )
    with reading(engine) as connection:
        return list(connection.scalars(query))


def has_type(engine: Engine, event_type: str) -> bool:
    """Whether an event of this type is stored."""
    query = select(events.c.id).where(events.c.type == text_value(event_type)).limit(1)
    with reading(engine) as connection:
        return connection.scalar(query) is not None


def stored_event(engine: Engine, identifier: str) -> StoredEvent | None:
    query = _query(tuple(StoredEvent.__slots__)).where(events.c.id == text_value(identifier))
    with reading(engine) as connection:
        row = connection.execute(query).mappings().first()
    return StoredEvent(**row) if row is not None else None


def _query(names: tuple[str, ...]) -> Select[Any]:
    elsewhere = {"seen": event_keys.c.seen, "body": event_bodies.c.body}
    source = events.outerjoin(event_keys, event_keys.c.key == events.c.key)
    if "body" in names:
        source = source.outerjoin(event_bodies, event_bodies.c.id == events.c.id)
    columns = [elsewhere[name] if name in elsewhere else events.c[name] for name in names]
    return select(*columns).select_from(source)


def _contains(engine: Engine, wanted: str) -> ColumnElement[bool]:
    """Whether a body has these bytes in it, in UTF-8."""
    text = literal(wanted.encode(), LargeBinary)
    if engine.dialect.name == "sqlite":
        return func.instr(event_bodies.c.body, text) > 0
    return func.position(text.op("IN")(event_bodies.c.body)) > 0


def _text(body: bytes | None) -> str | None:
    if body is None:
        return None
    try:
        return bytes(body).decode()
    except UnicodeDecodeError:
        return bytes(body).decode("latin-1")
