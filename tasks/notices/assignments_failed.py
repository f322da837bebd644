"""Apple could not do what was asked of it: all that one of its events failed, and what has become of it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from urllib.parse import urlencode

from domain.json_types import JSONObject
from state.failures import FailedPair, failed_pairs
from tasks.drafting import Draft, Section, Worded, text_of
from tasks.outside import Outside

MOST_LINES = 200
MOST_ERRORS = 20

VERBS = {"ASSOCIATE": "assign", "DISASSOCIATE": "take back", "REVOKE": "revoke"}
WANTED = {"ASSOCIATE": "assigned", "DISASSOCIATE": "unassigned", "REVOKE": "unassigned"}
"""What a pair is in when it was done after all."""


def word(facts: JSONObject, outside: Outside) -> Worded:
    """``facts`` are `u_id`, `event_id` and `change`; the rest is read when it is told."""
    pairs = failed_pairs(outside.engine, str(facts.get("u_id")), str(facts.get("event_id")))
    u_id, event_id, change = (text_of(facts, name) for name in ("u_id", "event_id", "change"))
    wanted = WANTED.get(change, "assigned")
    done = sum(pair.state == wanted for pair in pairs)
    number = "1 licence" if len(pairs) == 1 else f"{len(pairs) or 'some'} licences"
    title = f"Apple could not {VERBS.get(change, 'assign')} {number}"
    return Draft(
        subject=f"{title} (location {u_id})",
        opening=f"{title}.{_by_now(done, len(pairs), wanted)}",
        facts={"Location": u_id, "Request": event_id},
        sections=list(_sections(pairs, wanted)),
        closing=_later(u_id, event_id, wanted) if pairs else "What they were is no longer stored.",
    ).worded()


def _later(u_id: str, event_id: str, wanted: str) -> str:
    """People are told once of each request, and Apple may report more of it hours later."""
    failed = {"state": "failed", "event_id": event_id}
    listed = urlencode(failed if wanted == "assigned" else {"state": "assigned", "u_id": u_id})
    return f"What this request fails later is told by no other notice: `GET /api/assignments?{listed}` lists it."


def _by_now(done: int, number: int, wanted: str) -> str:
    if not done:
        return ""
    if done == number:
        return f" By now {'it is' if number == 1 else 'all of them are'} {wanted}: there is nothing to do."
    return f" By now {done} of them {'is' if done == 1 else 'are'} {wanted}."


def _sections(pairs: Sequence[FailedPair], wanted: str) -> Iterator[Section]:
    """One for each error, the most frequent first; `MOST_LINES` and `MOST_ERRORS` bound what is written out."""
    groups: dict[str, list[FailedPair]] = defaultdict(list)
    for pair in pairs:
        groups[_error(pair)].append(pair)
    ranked = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    room = MOST_LINES
    for error, group in ranked[:MOST_ERRORS]:
        lines = [_line(pair, wanted) for pair in group[:room]]
        room -= len(lines)
        left = len(group) - len(lines)
        yield Section(heading=f"{error}: {len(group)}", lines=[*lines, f"and {left} more"] if left else lines)
    left = sum(len(group) for _, group in ranked[MOST_ERRORS:])
    if left:
        yield Section(heading=f"Other errors: {left}")


def _error(pair: FailedPair) -> str:
    number = "" if pair.error_number is None else f"Error {pair.error_number}"
    return ", ".join(filter(None, (number, pair.error_message))) or "No reason given"


def _line(pair: FailedPair, wanted: str) -> str:
    target = f"user {pair.client_user_id}" if pair.serial_number is None else f"serial number {pair.serial_number}"
    return f"App {pair.adam_id}, {target}{f' ({wanted} by now)' if pair.state == wanted else ''}"
