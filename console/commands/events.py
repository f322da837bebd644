"""`windfall events`: what came in and what became of it, from SQL; what still waits, from Redis."""

import json

import click

from console.listing import list_options, print_document, print_list, question_of
from console.received import list_received
from console.terminal import clean_text, json_option, on_screen, open_stores, print_fields, print_json, short_time
from domain import plist
from domain.clock import parse_time
from domain.device_event import read_device_event
from domain.errors import MalformedEvent
from domain.json_body import parse_object
from domain.json_types import JSONObject
from domain.kinds import MDM_KINDS
from state.queries import Engine
from state.queries.events import FILTERS, RECEIVED, event_ids, list_events, one_event

SHOWN_OF_ID = 18
"""Characters of an id on a screen: enough to be the only one, and accepted where an id is."""

_COLUMNS = {"ID": False, "RECEIVED (UTC)": False, "TYPE": True, "DEVICE": True, "STATUS": False}
_LONG = ("details", "flags", "error", "body")


@click.group(invoke_without_command=True)
@list_options(FILTERS)
@click.pass_context
def command(context: click.Context, /, *, as_json: bool, **options: str | int | None) -> None:
    """List events, newest first. `--status received` lists those that still wait, oldest first."""
    if context.invoked_subcommand is not None:
        return
    with open_stores() as stores:
        question = question_of(options)
        waiting = question.filters.get("status") == RECEIVED
        page = list_received(stores.inboxes, question) if waiting else list_events(stores.engine, question)
    if as_json:
        print_document(page)
    else:
        print_list(page, _COLUMNS, _row)


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


def _row(item: JSONObject) -> tuple[object, ...]:
    identifier = (item["id"] or "-")[: SHOWN_OF_ID if on_screen() else None]
    return (identifier, short_time(item["received_at"]), item["type"], item["device_id"] or "-", item["status"])


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
