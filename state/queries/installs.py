"""Installs as people read them, each with its proof: which event said what, and when."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, Select, select

from domain.json_types import JSONObject
from state.queries.pages import Filters, Page, Question, one_of, page, ready, text_value
from state.queries.reading import reading
from state.queries.rows import read_one
from state.schema import commands, installs

STATES = ("waiting", "command_sent", "acknowledged", "installed", "failed", "stuck", "released")

FILTERS: Filters = {
    "device_id": text_value,
    "serial_number": text_value,
    "adam_id": text_value,
    "state": one_of(*STATES),
    "command_uuid": text_value,
    "bundle_id": text_value,
}
"""All are equal to the field; `command_uuid` is that of the last command."""

FIELDS = (
    "id", "device_id", "serial_number", "adam_id", "state", "reason", "command_uuid", "generation", "tries",
    "bundle_id", "created_at", "changed_at",
)  # fmt: skip
"""What is told of every install, in this order, and after it the proof."""


def list_installs(engine: Engine, question: Question) -> Page:
    """Installs, newest first. Raises: BadQuery, DatabaseAway."""
    wanted = question.values(FILTERS)
    query = _query().where(*(_column(name) == value for name, value in wanted.items()))
    if question.after is not None:
        query = query.where(installs.c.id < question.after)
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(installs.c.id.desc()).limit(question.limit + 1)).mappings()
        return page([_shown(row) for row in rows], question)


def one_install(engine: Engine, identifier: str) -> JSONObject | None:
    row = read_one(engine, _query().where(installs.c.id == text_value(identifier)))
    return _shown(row) if row is not None else None


def _column(name: str) -> Any:
    return commands.c.command_uuid if name == "command_uuid" else installs.c[name]


def _query() -> "Select[Any]":
    source = installs.outerjoin(commands, commands.c.id == installs.c.command_id)
    return select(installs, commands.c.command_uuid).select_from(source)


def _shown(row: Mapping[Any, Any]) -> JSONObject:
    """What was not reached yet is None."""
    proof = {
        "licensed": {"event_id": row["licensed_by"]} if row["licensed_by"] else None,
        "sent_at": row["sent_at"],
        "acknowledged": _step(row["acknowledged_at"], event_id=row["acknowledged_by"]),
        "installed": _step(
            row["installed_at"], event_id=row["installed_by"], command_uuid=row["installed_command_uuid"]
        ),
    }
    return {**ready({name: row[name] for name in FIELDS}), "proof": ready(proof)}


def _step(at: Any, **told: Any) -> JSONObject | None:
    return ready({"at": at, **told}) if at is not None else None
