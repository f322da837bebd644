"""Is every acknowledged event in SQL, once, and nothing that was never sent? Until this holds, no number counts."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import psycopg

from bench.notification import notification_id
from bench.pipelines import Pipeline

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was acknowledged and what is stored; no ``problems`` means that it holds."""

    acknowledged: int
    stored: int
    problems: tuple[str, ...]


def prove(pipeline: Pipeline, *, sent: int, failed: Iterable[int]) -> Proof:
    """Look up the events 0 … ``sent - 1``; those in ``failed`` were not acknowledged and may be stored or not."""
    unknown = set(failed)
    stored = pipeline.stored_ids()
    problems = compare(stored, sent=sent, failed=unknown)
    with psycopg.connect(pipeline.database_url) as connection:
        problems += pipeline.irregularities(connection)
    return Proof(acknowledged=sent - len(unknown), stored=len(stored), problems=tuple(problems))


def compare(stored: Iterable[str], *, sent: int, failed: Iterable[int]) -> list[str]:
    """What is wrong with the ids of the stored rows, in words."""
    unknown = set(failed)
    expected = {notification_id(number) for number in range(sent) if number not in unknown}
    allowed = {notification_id(number) for number in unknown}
    found = Counter(stored)
    return [
        *_problem("acknowledged events are missing", expected - found.keys()),
        *_problem("events are stored more than once", {name for name, count in found.items() if count > 1}),
        *_problem("stored events were never sent", found.keys() - expected - allowed),
    ]


def _problem(what: str, ids: Iterable[str]) -> list[str]:
    found = sorted(ids)
    if not found:
        return []
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return [f"{len(found)} {what}: {', '.join(found[:_SHOWN])}{more}"]
