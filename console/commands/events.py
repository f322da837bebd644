"""`windfall events`: what came in and what became of it, from SQL; what still waits, from Redis."""

import json
from difflib import get_close_matches

import click

from console.listing import list_options, print_document, print_list, question_of
from console.received import list_received
from console.stores import Stores
from console.terminal import (
    clean,
    clean_text,
    json_option,
    on_screen,
    open_stores,
    print_fields,
    print_json,
    short_time,
)
from domain import plist
from domain.clock import parse_time
from domain.device_event import read_device_event
from domain.errors import MalformedEvent
from domain.json_body import parse_object
from domain.json_types import JSONObject
from domain.kinds import MDM_KINDS, TYPES
from domain.text import clipped
from state.queries import Engine
from state.queries.events import FILTERS, RECEIVED, WRONG, event_ids, has_type, list_events, one_event
from state.queries.pages import Question

SHOWN_OF_ID = 18
"""Characters of an id on a screen: enough to be the only one, and accepted where an id is."""

LONGEST_ERROR = 200
"""Characters of a reason in a table, where nobody cuts it to a screen."""

_COLUMNS = {"ID": False, "RECEIVED (UTC)": False, "TYPE": True, "DEVICE": True, "STATUS": False}
_COLUMNS_OF_WRONG = {"ID": False, "RECEIVED (UTC)": False, "SENDER": True, "TYPE": True, "ERROR": True}
"""Where only those are listed with which something went wrong: the reason takes what room there is."""

_ABOUT = {"body": "Only those with this TEXT somewhere in their body (they are read one by one, newest first)."}
_LONG = ("details", "flags", "error", "body")


@click.group(invoke_without_command=True)
@list_options(FILTERS, _ABOUT)
@click.pass_context
def command(context: click.Context, /, *, as_json: bool, **options: str | int | None) -> None:
    """List events, newest first. `--status received` lists those that still wait, oldest first."""
    if context.invoked_subcommand is not None:
        return
    with open_stores() as stores:
        question = question_of(options)
        waiting = question.filters.get("status") == RECEIVED
        page = list_received(stores.inboxes, question) if waiting else list_events(stores.engine, question)
        note = None if as_json or page.items or waiting else _never_seen(stores, question)
    if as_json:
        print_document(page)
    elif question.filters.get("status") in WRONG:
        print_list(page, _COLUMNS_OF_WRONG, _row_of_wrong)
    else:
        print_list(page, _COLUMNS, _row)
    if note is not None:
        click.echo(f"\n{note}")


@command.command()
@click.argument("event_id", metavar="ID")
@json_option
def show(event_id: str, as_json: bool) -> None:
    """Show one event with its body. The beginning of an ID is enough when no other begins with it."""
    with open_stores() as stores:
        item = one_event(stores.engine, whole_id(stores.engine, event_id))
    if item is None:
        raise click.ClickException(f"there is no event {event_id}")
    if as_json:
        print_json(item)
    else:
        _print_one(item)


def whole_id(engine: Engine, prefix: str) -> str:
    """The id that begins so. Raises: ClickException, when none does, or several."""
    found = event_ids(engine, prefix)
    if not found:
        raise click.ClickException(f"there is no event {prefix}")
    if len(found) > 1:
        raise click.ClickException(f"several events begin with {prefix}: {', '.join(found)}, …")
    return found[0]


def _never_seen(stores: Stores, question: Question) -> str | None:
    """Why a list is empty: vendors add types, so one that nobody sends is no error."""
    wanted = question.filters.get("type")
    if wanted is None or has_type(stores.engine, wanted):
        return None
    known = {name.lower(): name for types in TYPES.values() for name in types}
    near = [] if wanted in known.values() else get_close_matches(wanted.lower(), known)
    meant = f"; perhaps you mean {' or '.join(known[name] for name in near)}" if near else ""
    return f"no event of the type {clean(wanted)} is stored{meant}"


def _row(item: JSONObject) -> tuple[object, ...]:
    return (*_beginning(item), item["type"], item["device_id"] or "-", item["status"])


def _row_of_wrong(item: JSONObject) -> tuple[object, ...]:
    # The last line of a traceback is the one that says what happened.
    lines = (item["error"] or "").strip().splitlines() or ["-"]
    return (*_beginning(item), item["sender"], item["type"], clipped(lines[-1], LONGEST_ERROR))


def _beginning(item: JSONObject) -> tuple[str, str]:
    return (item["id"] or "-")[: SHOWN_OF_ID if on_screen() else None], short_time(item["received_at"])


def _print_one(item: JSONObject) -> None:
    print_fields({name: value for name, value in item.items() if name not in _LONG})
    print_fields({"flags": ", ".join(item["flags"]) or None})
    if any(value is not None for value in item["details"].values()):
        click.echo("\ndetails:")
        print_fields(item["details"])
    if item["error"]:
        click.echo(f"\nerror:\n{clean_text(item['error'])}")
    payload = _payload(item)
    if payload:
        click.echo(f"\npayload:\n{clean_text(json.dumps(payload, indent=2, ensure_ascii=False))}")
    click.echo(
        f"\nbody:\n{'deleted when it grew older than is kept' if item['body'] is None else clean_text(item['body'])}"
    )


def _payload(item: JSONObject) -> JSONObject | None:
    """What the device itself said: its plist lies in the body as base64, which nobody reads."""
    received_at = parse_time(item["received_at"])
    if item["kind"] not in MDM_KINDS or not item["body"] or received_at is None:
        return None
    try:
        document = parse_object(item["body"].encode())
    except MalformedEvent:
        return None
    event = read_device_event(document, sender=item["sender"], key="", received_at=received_at)
    payload: JSONObject = plist.jsonable(event.payload)
    return payload
