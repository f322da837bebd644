"""Another try because a person says so: the action is due at once, and its command and install wait for it again."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, select

from domain.commands import SECRET, Command, never_twice
from domain.json_types import JSON
from state.changes import write_changes
from state.queries.reading import reading, writing
from state.schema import actions, commands, installs

_VEIL = re.compile(re.escape(SECRET) + r"|\[\d+ bytes of data\]")
"""What stands for something that was not kept (domain.commands.shown)."""

OUTCOME_UNKNOWN = "outcome unknown"
"""How the error begins of an action that gave up because nobody knows whether it happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """``refusal`` says why an action is not tried again; None: it is."""

    id: str
    destination: str
    refusal: str | None


def retry(engine: Engine, ids: Sequence[str], *, now: datetime, again: bool = False) -> list[Verdict]:
    """Make these actions due now, with their tries ahead of them, in one transaction; what is unknown is left out.

    ``again`` is a person's word that a command may happen twice. Raises: DatabaseAway.
    """
    with writing(engine) as connection:
        found = _read(connection, ids, locked=True)
        verdicts = [_verdict(*pair, now=now, again=again) for pair in found]
        willing = {verdict.id for verdict in verdicts if verdict.refusal is None}
        _revive(connection, [pair for pair in found if pair[0]["id"] in willing], now, again=again)
    return verdicts


def verdict_of(engine: Engine, identifier: str, *, now: datetime, again: bool = False) -> Verdict | None:
    """What `retry` would say, and nothing changes; None for an action that is not there. Raises: DatabaseAway."""
    with reading(engine) as connection:
        found = _read(connection, [identifier], locked=False)
    return _verdict(*found[0], now=now, again=again) if found else None


_Pair = tuple[Mapping[Any, Any], Mapping[Any, Any] | None]
"""An action and its command, if it sends one."""


def _read(connection: Connection, ids: Sequence[str], *, locked: bool) -> list[_Pair]:
    """Actions before commands, each by id: as settling locks them."""
    rows = []
    for table in (actions, commands):
        query = select(table).where(table.c.id.in_(ids)).order_by(table.c.id)
        rows.append(connection.execute(query.with_for_update() if locked else query).mappings().all())
    by_id = {command["id"]: command for command in rows[1]}
    return [(action, by_id.get(action["id"])) for action in rows[0]]


def _verdict(action: Mapping[Any, Any], command: Mapping[Any, Any] | None, *, now: datetime, again: bool) -> Verdict:
    refusal = _not_now(action, now) or _not_whole(action) or (_of_command(action, command, again) if command else None)
    return Verdict(id=action["id"], destination=action["destination"], refusal=refusal)


def _not_now(action: Mapping[Any, Any], now: datetime) -> str | None:
    state, at = action["state"], action["next_attempt_at"]
    if state == "done":
        return "it is done"
    if state == "running":
        return "it is being tried at this moment"
    if state == "pending" and at > now:
        return f"it was not tried yet: it is meant to wait until {at:%Y-%m-%d %H:%M:%S} UTC"
    return None


def _not_whole(action: Mapping[Any, Any]) -> str | None:
    if _is_veiled(action["arguments"]):
        return "its secrets were not kept when it was over, so nothing can send it again: order it anew"
    return None


def _of_command(action: Mapping[Any, Any], command: Mapping[Any, Any], again: bool) -> str | None:
    if command["state"] == "void":
        return f"nobody needs its command any more: {command['error']}"
    if command["state"] not in ("pending", "dead"):
        return f"its device has answered the command: {command['state']}"
    unknown = (action["error"] or "").startswith(OUTCOME_UNKNOWN)
    if action["state"] == "dead" and unknown and not again and _is_never_twice(action):
        return (
            f"{command['request_type']} may have reached the device, and must not happen twice by mistake: look at the "
            'device first; if it did not get the command, retry it with `again` (API: {"again": true}, command '
            "line: --again)"
        )
    return None


def _is_never_twice(action: Mapping[Any, Any]) -> bool:
    arguments = action["arguments"]
    return never_twice(Command(request_type=arguments["request_type"], arguments=arguments["arguments"]))


def _is_veiled(value: JSON) -> bool:
    if isinstance(value, dict | list):
        return any(_is_veiled(child) for child in (value.values() if isinstance(value, dict) else value))
    return isinstance(value, str) and _VEIL.fullmatch(value) is not None


def _revive(connection: Connection, pairs: Sequence[_Pair], now: datetime, *, again: bool) -> None:
    ids = [action["id"] for action, _ in pairs]
    due = {"state": "pending", "attempts": 0, "next_attempt_at": now, "settled_at": None}
    write_changes(connection, actions, dict.fromkeys(ids, due))
    died = [command["id"] for _, command in pairs if command is not None and command["state"] == "dead"]
    waits: dict[str, Any] = {"state": "pending", "error": None}
    # What may have gone out is looked for before it goes out again, unless a person says that it did not.
    fresh = {"called_at": None} if again else {}
    write_changes(connection, commands, dict.fromkeys(died, waits | fresh), where=commands.c.state == "dead")
    # Only what still waits for this very command; a later one may have taken its place.
    failed = installs.c.command_id.in_(died) & (installs.c.state == "failed")
    found = connection.scalars(select(installs.c.id).where(failed).order_by(installs.c.id).with_for_update())
    owed = {"state": "waiting", "reason": None, "changed_at": now}
    write_changes(connection, installs, dict.fromkeys(list(found), owed), where=installs.c.state == "failed")
