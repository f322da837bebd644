"""An action in plain words: why it stands as it does, when it goes on, and what would help."""

import shlex
from collections.abc import Iterator
from datetime import datetime

from console.commanding import BY_PEOPLE
from console.health.check import span
from domain.clock import parse_time
from domain.json_types import JSONObject
from state.queries.owed import Trouble
from state.retrying import Verdict

_SAID_NO = ("Error", "CommandFormatError")


def explain(item: JSONObject, verdict: Verdict | None, trouble: Trouble | None, now: datetime) -> Iterator[str]:
    """``item`` is as `one_action` tells it, ``trouble`` that of its destination.

    ``verdict`` is what who wants to retry it would be told.
    """
    state, tries = item["state"], _times(item["attempts"])
    at = parse_time(item["next_attempt_at"]) or now
    if state == "done":
        yield f"It is done; it was tried {tries}."
        yield from _answer(item["command"])
        if verdict is not None and verdict.anew:
            yield (
                f"Its install has failed or is stuck: `windfall actions retry {item['id']}` has it tried again, by a "
                "new command."
            )
        elif verdict is not None and verdict.refusal is None:
            yield f"If it should have by now, there is `windfall actions retry {item['id']}`: {verdict.note}."
        elif way_out := order_anew(item):
            yield f"If it should be tried once more, {way_out}."
        return
    if state == "dead":
        yield f"It gave up after it was tried {tries}: {item['error'] or 'nobody said why'}"
        yield _way_out(item, verdict)
        return
    if state == "running":
        yield f"It is being tried at this moment. If nobody says how that ended, it goes on {_when(at, now)}."
    elif item["error"]:
        yield f"It was tried {tries} and is tried again {_when(at, now)}. The last time: {item['error']}"
    else:
        yield f"It is tried {_when(at, now)}."
    yield from _obstacles(item, trouble, now)


def order_anew(item: JSONObject) -> str | None:
    """The way out where the device said no to a command that somebody ordered: another one; else None."""
    command = item["command"]
    if item["state"] != "done" or command is None or command["state"] not in _SAID_NO:
        return None
    if not item["key"].startswith(BY_PEOPLE):
        return None
    more = " …" if command["arguments"] else ""
    return f"order it anew: `windfall command {shlex.quote(command['device_id'])} {command['request_type']}{more}`"


def _obstacles(item: JSONObject, trouble: Trouble | None, now: datetime) -> Iterator[str]:
    command = item["command"]
    if command is not None and command["state"] == "void":
        yield f"Its command will not be sent, nobody needs it any more: {command['error']}"
    if trouble is None:
        return
    failed = f"{trouble.name} failed {_times(trouble.failures)} in a row: {trouble.error}"
    if trouble.paused_until is not None and trouble.is_paused(now):
        pause = span((trouble.paused_until - now).total_seconds())
        yield f"Nothing is tried there for another {pause}: {failed}"
    else:
        yield failed


def _way_out(item: JSONObject, verdict: Verdict | None) -> str:
    if verdict is None or verdict.refusal is None:
        note = f" Mind that {verdict.note}." if verdict is not None and verdict.note else ""
        return f"Put right what it names, then `windfall actions retry {item['id']}`.{note}"
    return f"It is not simply tried again: {verdict.refusal}."


def _answer(command: JSONObject | None) -> Iterator[str]:
    if command is None:
        return
    words = {
        "sent": "Its device has not answered yet.",
        "NotNow": "Its device said NotNow, and asks for it again later.",
        "void": f"Nobody waits for an answer any more: {command['error']}",
    }
    said = f"Its device answered {command['state']}" + (f": {command['error']}" if command["error"] else ".")
    yield words.get(command["state"], said)


def _when(at: datetime, now: datetime) -> str:
    left = (at - now).total_seconds()
    return f"in {span(left)}" if left > 0 else "as soon as somebody delivers"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
