"""Actions as people read them: what is owed to the world, what became of it, and why."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, select

from domain.commands import Command, shown
from domain.json_types import JSON, JSONObject
from state.queries.commands import one_command
from state.queries.pages import Filters, Page, Question, one_of, text_value
from state.queries.reading import reading
from state.queries.rows import chosen, read_one, read_page
from state.schema import actions

STATES = ("pending", "running", "retryable", "done", "dead")

FILTERS: Filters = {
    "kind": text_value,
    "destination": text_value,
    "state": one_of(*STATES),
    "device_id": text_value,
}

FIELDS = (
    "id", "kind", "destination", "state", "attempts", "next_attempt_at", "error", "device_id", "created_at",
    "settled_at",
)  # fmt: skip
"""What is told of every action, in this order. `next_attempt_at` is None when it is over; while it runs, its claim
ends then."""

_OVER = ("done", "dead")


def list_actions(engine: Engine, question: Question) -> Page:
    """Actions, newest first. Raises: BadQuery, DatabaseAway."""
    wanted = (actions.c[name] == value for name, value in question.values(FILTERS).items())
    query = select(*(actions.c[name] for name in FIELDS)).where(*wanted)
    found = read_page(engine, query, question, key=actions.c.id, newest_first=True)
    return Page(items=[_timed(item) for item in found.items], next=found.next)


def one_action(engine: Engine, identifier: str) -> JSONObject | None:
    """An action with its arguments, secrets veiled, and the command that it sends, if it does."""
    row = read_one(engine, select(actions).where(actions.c.id == text_value(identifier)))
    if row is None:
        return None
    return {
        **_timed(chosen(row, FIELDS)),
        "key": row["key"],
        "arguments": _veiled(row),
        "command": one_command(engine, row["id"]) if row["kind"] == "send_command" else None,
    }


def action_ids(engine: Engine, prefix: str, *, limit: int = 5) -> list[str]:
    """Ids that begin with ``prefix``, oldest first: people copy the beginning of one."""
    first, column = text_value(prefix), actions.c.id
    query = select(column).where(column >= first, column < f"{first}g").order_by(column).limit(limit)
    with reading(engine) as connection:
        return list(connection.scalars(query))


def dead_ids(engine: Engine, *, destination: str | None, after: str, limit: int) -> list[str]:
    """Actions that gave up, of this destination or all, oldest first; those behind ``after``."""
    query = select(actions.c.id).where(actions.c.state == "dead", actions.c.id > after)
    if destination is not None:
        query = query.where(actions.c.destination == destination)
    with reading(engine) as connection:
        return list(connection.scalars(query.order_by(actions.c.id).limit(limit)))


def _timed(item: JSONObject) -> JSONObject:
    return {**item, "next_attempt_at": None} if item["state"] in _OVER else item


def _veiled(row: Mapping[str, Any]) -> JSON:
    """A command's own arguments lie inside those of its action."""
    arguments = row["arguments"]
    inner = arguments.get("arguments")
    request_type = arguments.get("request_type")
    if row["kind"] == "send_command" and isinstance(inner, dict) and isinstance(request_type, str):
        return {**arguments, "arguments": shown(Command(request_type=request_type, arguments=inner))}
    return shown(Command(request_type=row["kind"], arguments=arguments))
