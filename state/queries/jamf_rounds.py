"""How the last round of reading each Jamf Pro went."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select

from domain.clock import parse_time
from domain.facts import Facts, fact, fact_at
from domain.jamf_round import NOT_READ, PARTS, read_at
from state.queries.reading import reading
from state.schema import jamf_servers


@dataclass(frozen=True, slots=True, kw_only=True)
class JamfRound:
    """The last one, which began ``at``: why which parts ``failed``, and when each was last read (absent: never)."""

    at: datetime
    failed: Mapping[str, str]
    read_at: Mapping[str, datetime]


def jamf_rounds(engine: Engine) -> dict[str, JamfRound]:
    """By sender; absent before the end of its first round. Raises: DatabaseAway."""
    with reading(engine) as connection:
        rows = connection.execute(select(jamf_servers.c.sender, jamf_servers.c.facts)).all()
    found = {row.sender: _round(row.facts) for row in rows}
    return {sender: round_ for sender, round_ in found.items() if round_ is not None}


def _round(facts: Facts) -> JamfRound | None:
    at, failed = parse_time(fact_at(facts, NOT_READ)), fact(facts, NOT_READ)
    if at is None or not isinstance(failed, dict):
        return None
    times = {part: parse_time(fact(facts, read_at(part))) for part in PARTS}
    return JamfRound(
        at=at,
        failed={part: str(words) for part, words in failed.items()},
        read_at={part: moment for part, moment in times.items() if moment is not None},
    )
