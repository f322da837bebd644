"""Facts: what is known of a thing, each with the time of the event that said it, so that order does not matter.

A fact map is the join of everything heard: applying events in any order, and any of them twice, ends in the same map.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from domain.clock import rfc3339
from domain.json_types import JSON

Facts: TypeAlias = dict[str, list[Any]]
"""Name → `[value, at, rank, by]`: JSON as it is stored; `at` is RFC 3339 UTC with microseconds."""

_BY = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """When a fact was true, and how two events of the same microsecond are told apart: by rank, then by key.

    Ranks follow the life of an enrolment: Authenticate 0, TokenUpdate and all else 1, CheckOut 2.
    """

    at: datetime
    rank: int
    by: str

    def order(self) -> list[Any]:
        return [rfc3339(self.at), self.rank, self.by[:_BY]]


def learn(facts: Facts, news: Mapping[str, JSON], stamp: Stamp) -> bool:
    """Write each fact that no newer event has set; absent ones (None) never overwrite. True when anything changed."""
    order = stamp.order()
    changed = False
    for name, value in news.items():
        known = facts.get(name)
        if value is None or (known is not None and known[1:] >= order):
            continue
        facts[name] = [value, *order]
        changed = True
    return changed


def join(facts: Facts, others: Facts) -> bool:
    """Take over each of the others that is newer; True when anything changed. The same whichever of two is joined."""
    newer = {name: known for name, known in others.items() if name not in facts or facts[name][1:] < known[1:]}
    facts.update(newer)
    return bool(newer)


def fact(facts: Facts, name: str) -> JSON:
    """The value of a fact, None when it was never set."""
    known = facts.get(name)
    return known[0] if known is not None else None


def fact_at(facts: Facts, name: str) -> str | None:
    """When the event happened that set a fact, RFC 3339; None when it was never set."""
    known = facts.get(name)
    return known[1] if known is not None else None
