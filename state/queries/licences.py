"""What Apple says was bought and to whom it was assigned, as people read it."""

from sqlalchemy import Engine, select

from domain.json_types import JSON, JSONObject
from domain.notification import serial_key
from state.queries.pages import Filters, Page, Question, one_of, text_value, true_or_false
from state.queries.rows import chosen, read_one, read_page
from state.schema import assets, assignments, users
from state.users import ENDED

ASSET_FILTERS: Filters = {
    "u_id": text_value,
    "adam_id": text_value,
    "pricing_param": text_value,
    "count_known": true_or_false,
    "unlimited": true_or_false,
}

ASSET_FIELDS = (
    "id", "u_id", "adam_id", "pricing_param", "total_count", "available_count", "count_known", "net_delta", "unlimited",
    "changed_at",
)  # fmt: skip

ASSIGNMENT_FILTERS: Filters = {
    "u_id": text_value,
    "adam_id": text_value,
    "pricing_param": text_value,
    "serial_number": lambda text: serial_key(text_value(text)),
    "client_user_id": text_value,
    "state": one_of("assigned", "unassigned", "failed", "uncertain"),
    "event_id": text_value,
}
"""A serial number is looked for as devices and licences agree on it, whatever its case."""

ASSIGNMENT_FIELDS = (
    "id", "u_id", "adam_id", "pricing_param", "serial_number", "client_user_id", "state", "changed_at", "event_id",
    "error_number", "error_message",
)  # fmt: skip

USER_FILTERS: Filters = dict.fromkeys(("u_id", "client_user_id", "status", "email"), text_value)

USER_FIELDS = ("id", "u_id", "client_user_id", "status", "email", "changed_at")


def list_assets(engine: Engine, question: Question) -> Page:
    """Apps and books by id. Raises: BadQuery, DatabaseAway."""
    wanted = (assets.c[name] == value for name, value in question.values(ASSET_FILTERS).items())
    query = select(*(assets.c[name] for name in ASSET_FIELDS)).where(*wanted)
    return read_page(engine, query, question, key=assets.c.id)


def one_asset(engine: Engine, identifier: str) -> JSONObject | None:
    row = read_one(engine, select(assets).where(assets.c.id == text_value(identifier)))
    return chosen(row, ASSET_FIELDS) if row is not None else None


def list_assignments(engine: Engine, question: Question) -> Page:
    """Licences of devices and users by id. Raises: BadQuery, DatabaseAway."""
    columns = {**assignments.c, "serial_number": assignments.c.serial_key}
    wanted = (columns[name] == value for name, value in question.values(ASSIGNMENT_FILTERS).items())
    query = select(*(assignments.c[name] for name in ASSIGNMENT_FIELDS)).where(*wanted)
    return read_page(engine, query, question, key=assignments.c.id)


def one_assignment(engine: Engine, identifier: str) -> JSONObject | None:
    """A licence with what Apple reported of it, oldest first."""
    row = read_one(engine, select(assignments).where(assignments.c.id == text_value(identifier)))
    if row is None:
        return None
    results = [_result(name, entry) for name, entry in row["results"].items()]
    return {**chosen(row, ASSIGNMENT_FIELDS), "results": sorted(results, key=lambda result: str(result["at"]))}


def list_users(engine: Engine, question: Question) -> Page:
    """Users that are registered with Apple by id. Raises: BadQuery, DatabaseAway."""
    wanted = (users.c[name] == value for name, value in question.values(USER_FILTERS).items())
    query = select(*(users.c[name] for name in USER_FIELDS)).where(*wanted)
    return read_page(engine, query, question, key=users.c.id)


def one_user(engine: Engine, identifier: str) -> JSONObject | None:
    """A user with all that Apple told, invite codes and `idHash` too, under Apple's names."""
    row = read_one(engine, select(users).where(users.c.id == text_value(identifier)))
    if row is None:
        return None
    facts = {
        name: {"value": value, "at": at} for name, (value, at, *_) in sorted(row["facts"].items()) if value is not ENDED
    }
    return {**chosen(row, USER_FIELDS), "facts": facts}


def _result(name: str, entry: list[JSON]) -> JSONObject:
    """See domain.assignments. Where Apple gave no event id, a key of ours stands for it, which says nothing here."""
    change, _, event_id = name.partition(":")
    result, at, by, error_number, error_message = entry
    return {
        "change": change,
        "result": result,
        "event_id": None if event_id.startswith(str(by)) else event_id,
        "at": at,
        "error_number": error_number,
        "error_message": error_message or None,
    }
