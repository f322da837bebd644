"""Another try because a person says so: the action is due at once, and its command and install wait for it again."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, select

from domain.commands import SECRET, Command, never_twice
from domain.json_types import JSON
from state.changes import is_one_of, write_changes
from state.failed_installs import begin_again, failed_installs
from state.later_orders import later_orders
from state.queries.reading import reading, writing
from state.schema import actions, commands, installs

_VEIL = re.compile(re.escape(SECRET) + r"|\[\d+ bytes of data\]")
"""What stands for something that was not kept (domain.commands.shown)."""

REVIVED = ("dead", "sent")
"""States of a command from which it is sent again: given up, or taken by a server and not answered by the device."""

OUTCOME_UNKNOWN = "outcome unknown"
"""How the error begins of an action that gave up because nobody knows whether it happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """``refusal`` says why an action is not tried again; None: it is.

    ``install``: it is this one that is tried again, by a new command, as it has failed and the last one is over.
    ``note`` says what the try does that one may not expect.
    """

    id: str
    destination: str
    refusal: str | None
    install: str | None = None
    note: str | None = None

    @property
    def anew(self) -> bool:
        return self.install is not None


def retry(
    engine: Engine, ids: Sequence[str], *, now: datetime, again: bool = False, once: Collection[str] = ()
) -> list[Verdict]:
    """Make these actions due now, with their tries ahead of them, in one transaction; what is unknown is left out.

    ``again`` is a person's word that a command may happen twice. ``once`` are senders whose server takes no UUID twice.
    Installs that begin again wait for somebody to decide on them. Raises: DatabaseAway.
    """
    with writing(engine) as connection:
        found = read_pairs(connection, ids, locked=True)
        failed = failed_installs(connection, ids, once, locked=True)
        verdicts = _verdicts(connection, found, failed, _Asked(now=now, again=again, once=once))
        begin_again(connection, failed, now)
        willing = {verdict.id for verdict in verdicts if verdict.refusal is None and not verdict.anew}
        due = {"state": "pending", "attempts": 0, "next_attempt_at": now, "settled_at": None}
        pairs = [pair for pair in found if pair[0]["id"] in willing]
        revive(connection, pairs, due)
        _begin_anew(connection, pairs, now, again=again)
    return verdicts


def verdict_of(
    engine: Engine, identifier: str, *, now: datetime, again: bool = False, once: Collection[str] = ()
) -> Verdict | None:
    """What `retry` would say, and nothing changes; None for an action that is not there. Raises: DatabaseAway."""
    with reading(engine) as connection:
        found = read_pairs(connection, [identifier], locked=False)
        failed = failed_installs(connection, [identifier], once, locked=False)
        return next(iter(_verdicts(connection, found, failed, _Asked(now=now, again=again, once=once))), None)


Pair = tuple[Mapping[Any, Any], Mapping[Any, Any] | None]
"""An action and its command, if it sends one."""


def read_pairs(connection: Connection, ids: Sequence[str], *, locked: bool) -> list[Pair]:
    """Actions before commands, each by id: as settling locks them."""
    rows = []
    for table in (actions, commands):
        query = select(table).where(table.c.id.in_(ids)).order_by(table.c.id)
        rows.append(connection.execute(query.with_for_update() if locked else query).mappings().all())
    by_id = {command["id"]: command for command in rows[1]}
    return [(action, by_id.get(action["id"])) for action in rows[0]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """As in `retry`."""

    now: datetime
    again: bool
    once: Collection[str]


def _verdicts(connection: Connection, found: Sequence[Pair], failed: Mapping[str, str], asked: _Asked) -> list[Verdict]:
    outdated = later_orders(connection, [action["id"] for action, _ in found])
    verdicts = []
    for action, command in found:
        install = failed.get(action["id"])
        refusal = _refusal(action, command, asked) if install is None else None
        verdict = Verdict(id=action["id"], destination=action["destination"], refusal=refusal, install=install)
        if command is not None and refusal is None and install is None:
            verdict = replace(verdict, note=_note(command, outdated.get(action["id"], ()), asked.once))
        verdicts.append(verdict)
    return verdicts


def _note(command: Mapping[Any, Any], later: Sequence[str], once: Collection[str]) -> str | None:
    if command["state"] == "sent" and command["sender"] in once:
        return (
            "its server takes no command twice, so its device is only pushed if that has it, or had it; if the device "
            "stays silent, order the command anew"
        )
    words = []
    if command["state"] == "sent":
        words.append("the command goes out under the same UUID, unless it still waits at its server")
    if later:
        words.append(f"its device was ordered {', '.join(later)} since, which {command['request_type']} may turn back")
    return "; ".join(words) or None


def _refusal(action: Mapping[Any, Any], command: Mapping[Any, Any] | None, asked: _Asked) -> str | None:
    refusal = _not_now(action, command, asked.now) or _not_whole(action)
    if refusal is None and command is not None:
        refusal = _of_command(action, command, asked.again)
    return refusal


def _not_now(action: Mapping[Any, Any], command: Mapping[Any, Any] | None, now: datetime) -> str | None:
    state, at = action["state"], action["next_attempt_at"]
    # A server that took a command may have lost it; as long as the device is silent, who knows.
    if state == "done" and (command is None or command["state"] != "sent"):
        return "it is done"
    if state == "running":
        return "it is being tried at this moment"
    if state == "pending" and at > now:
        return f"it was not tried yet: it is meant to wait until {at:%Y-%m-%d %H:%M:%S} UTC"
    return None


def _not_whole(action: Mapping[Any, Any]) -> str | None:
    if not is_whole(action):
        return "its secrets were not kept when it was over, so nothing can send it again: order it anew"
    return None


def _of_command(action: Mapping[Any, Any], command: Mapping[Any, Any], again: bool) -> str | None:
    if command["state"] == "void":
        return f"nobody needs its command any more: {command['error']}"
    if command["state"] not in ("pending", *REVIVED):
        return f"its device has answered the command: {command['state']}"
    if command["state"] == "sent" and is_never_twice(action):
        return (
            f"its server took the command, and {command['request_type']} must not happen twice by mistake: look at the "
            "device first; if it did not get the command, order it anew"
        )
    unknown = (action["error"] or "").startswith(OUTCOME_UNKNOWN)
    if action["state"] == "dead" and unknown and not again and is_never_twice(action):
        return (
            f"{command['request_type']} may have reached the device, and must not happen twice by mistake: look at the "
            'device first; if it did not get the command, retry it with `again` (API: {"again": true}, command '
            "line: --again)"
        )
    return None


def is_whole(action: Mapping[Any, Any]) -> bool:
    """False for an action that lost its secrets when it was over."""
    return not _is_veiled(action["arguments"])


def is_never_twice(action: Mapping[Any, Any]) -> bool:
    """Whether the command that this action sends must not happen twice by mistake."""
    arguments = action["arguments"]
    return never_twice(Command(request_type=arguments["request_type"], arguments=arguments["arguments"]))


def _is_veiled(value: JSON) -> bool:
    if isinstance(value, dict | list):
        return any(_is_veiled(child) for child in (value.values() if isinstance(value, dict) else value))
    return isinstance(value, str) and _VEIL.fullmatch(value) is not None


def revive(connection: Connection, pairs: Sequence[Pair], due: Mapping[str, Any]) -> None:
    """Actions become ``due``; their commands that died, or that nobody answered, wait to be sent."""
    write_changes(connection, actions, {action["id"]: due for action, _ in pairs})
    waits = {"state": "pending", "error": None, "next_push_at": None}
    again = {command["id"]: waits for _, command in pairs if command is not None and command["state"] in REVIVED}
    write_changes(connection, commands, again, where=is_one_of(commands.c.state, REVIVED))


def _begin_anew(connection: Connection, pairs: Sequence[Pair], now: datetime, *, again: bool) -> None:
    """Pushes are counted from none, and installs that failed with their command wait for it again."""
    write_changes(connection, commands, {command["id"]: {"pushes": 0} for _, command in pairs if command is not None})
    died = [command["id"] for _, command in pairs if command is not None and command["state"] == "dead"]
    # What may have gone out is looked for before it goes out again, unless a person says that it did not.
    if again:
        write_changes(connection, commands, {identifier: {"called_at": None} for identifier in died})
    # Only what still waits for this very command; a later one may have taken its place.
    failed = installs.c.command_id.in_(died) & (installs.c.state == "failed")
    found = connection.scalars(select(installs.c.id).where(failed).order_by(installs.c.id).with_for_update())
    owed = {"state": "waiting", "reason": None, "changed_at": now}
    write_changes(connection, installs, dict.fromkeys(list(found), owed), where=installs.c.state == "failed")
