"""How the last round of reading each server went: a whole Jamf Pro, or a MicroMDM's list of devices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Engine, select

from domain.clock import parse_time
from domain.facts import Facts, fact, fact_at
from domain.jamf_round import BEGAN, GOES_ON, NOT_READ, PARTS, UNENDED, UNREAD, Stop, read_at, rest_after
from domain.json_types import JSON
from domain.mdm_list import PARTS as PARTS_OF_LIST
from state.queries.reading import reading
from state.schema import jamf_servers, mdm_servers


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The last one, which began ``at``: why which parts ``failed``, and when each was last read (absent: never).

    Where none has ``ended`` yet, the first. ``stop`` is where it was broken off; None: it was not. ``unread`` counts
    records by part that had no id.
    """

    at: datetime
    failed: Mapping[str, str]
    read_at: Mapping[str, datetime]
    ended: bool = True
    stop: Stop | None = None
    unread: Mapping[str, int] = field(default_factory=dict)


def jamf_rounds(engine: Engine) -> dict[str, Round]:
    """By sender; absent before its first round. Raises: DatabaseAway."""
    with reading(engine) as connection:
        rows = connection.execute(select(jamf_servers.c.sender, jamf_servers.c.facts)).all()
    return _rounds({row.sender: row.facts for row in rows}, PARTS)


def mdm_lists(engine: Engine) -> dict[str, Round]:
    """By sender; absent before its list was asked for. Raises: DatabaseAway."""
    with reading(engine) as connection:
        rows = connection.execute(select(mdm_servers.c.id, mdm_servers.c.facts)).all()
    return _rounds({row.id: row.facts for row in rows}, PARTS_OF_LIST)


def is_round_due(engine: Engine, sender: str, every: float, now: datetime) -> bool:
    """Whether the last one began so many seconds ago that the next is due, or there was none. Raises: DatabaseAway."""
    facts = _facts(engine, sender)
    began, last = parse_time(fact(facts, BEGAN)), _round(facts)
    if last is not None and last.ended and (began is None or began <= last.at):
        return now >= last.at + timedelta(seconds=rest_after(last.failed, every, last.stop))
    return began is None or now >= began + timedelta(seconds=rest_after(None, every))


def last_round(engine: Engine, sender: str) -> Round | None:
    """None before the first one. Raises: DatabaseAway."""
    return _round(_facts(engine, sender))


def unended_since(engine: Engine, sender: str) -> datetime | None:
    """When the first round began since the last that came to its end. None: that was the last. Raises: DatabaseAway."""
    facts = _facts(engine, sender)
    began, ended = fact_at(facts, UNENDED), fact_at(facts, NOT_READ)
    return parse_time(fact(facts, UNENDED)) if began is not None and (ended is None or ended < began) else None


def _facts(engine: Engine, sender: str) -> Facts:
    query = select(jamf_servers.c.facts).where(jamf_servers.c.sender == sender)
    with reading(engine) as connection:
        return connection.scalar(query) or {}


def _rounds(told: Mapping[str, Facts], parts: Sequence[str]) -> dict[str, Round]:
    found = {sender: _round(facts, parts) for sender, facts in told.items()}
    return {sender: round_ for sender, round_ in found.items() if round_ is not None}


def _round(facts: Facts, parts: Sequence[str] = PARTS) -> Round | None:
    at, failed = parse_time(fact_at(facts, NOT_READ)), fact(facts, NOT_READ)
    if at is None or not isinstance(failed, dict):
        first = parse_time(fact(facts, UNENDED))
        return None if first is None else Round(at=first, failed={}, read_at={}, ended=False)
    times = {part: parse_time(fact(facts, read_at(part))) for part in parts}
    return Round(
        at=at,
        failed={part: str(words) for part, words in failed.items()},
        read_at={part: moment for part, moment in times.items() if moment is not None},
        stop=Stop.read(fact(facts, GOES_ON)),
        unread=_counts(fact(facts, UNREAD)),
    )


def _counts(told: JSON) -> dict[str, int]:
    return {part: count for part, count in told.items() if isinstance(count, int)} if isinstance(told, dict) else {}
