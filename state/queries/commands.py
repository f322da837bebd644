"""Commands of ours as people read them. Their arguments were stored without secrets."""

from sqlalchemy import Engine, select

from domain.json_types import JSONObject
from state.channels import channel_ids_of
from state.queries.pages import Filters, Page, Question, one_of, text_value
from state.queries.reading import reading
from state.queries.rows import chosen, read_one, read_page
from state.schema import commands

STATES = ("pending", "sent", "NotNow", "Acknowledged", "Error", "CommandFormatError", "void", "dead")

FILTERS: Filters = {
    "command_uuid": text_value,
    "device_id": text_value,
    "sender": text_value,
    "request_type": text_value,
    "state": one_of(*STATES),
}

FIELDS = (
    "id", "command_uuid", "device_id", "sender", "request_type", "state", "arguments", "error", "created_at", "sent_at",
    "answered_at",
)  # fmt: skip
"""What is told of every command, in this order."""

_MORE = ("called_at", "answer_id", "pushes", "next_push_at")


def list_commands(engine: Engine, question: Question) -> Page:
    """Commands, newest first; those of a device with those of its users. Raises: BadQuery, DatabaseAway."""
    values = question.values(FILTERS)
    device_id = values.pop("device_id", None)
    wanted = [commands.c[name] == value for name, value in values.items()]
    if device_id is not None:
        wanted.append(commands.c.device_id.in_(speakers_of(engine, device_id)))
    query = select(*(commands.c[name] for name in FIELDS)).where(*wanted)
    return read_page(engine, query, question, key=commands.c.id, newest_first=True)


def speakers_of(engine: Engine, device_id: str) -> list[str]:
    """Whom commands about a device are addressed to: the device, then its users. Raises: DatabaseAway."""
    with reading(engine) as connection:
        return [device_id, *channel_ids_of(connection, [device_id])]


def one_command(engine: Engine, identifier: str) -> JSONObject | None:
    """A command with the event that answered it, and how its device is pushed."""
    row = read_one(engine, select(commands).where(commands.c.id == text_value(identifier)))
    if row is None:
        return None
    item = chosen(row, (*FIELDS, *_MORE))
    return {("answer_event_id" if name == "answer_id" else name): value for name, value in item.items()}
