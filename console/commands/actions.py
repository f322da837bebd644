"""`windfall actions`: what is owed to the world, why it is not done yet, and another try for what gave up."""

import json
import pkgutil
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from console.explaining import explain, order_anew
from console.listing import list_options, print_document, print_list, question_of
from console.stores import Stores
from console.terminal import (
    clean_text,
    json_option,
    on_screen,
    open_stores,
    print_fields,
    print_json,
    print_page,
    short_time,
)
from domain.json_types import JSONObject
from state.queries import Engine
from state.queries.actions import FILTERS, STATES, action_ids, dead_ids, list_actions, one_action
from state.queries.owed import troubles
from state.queries.pages import one_of
from state.retrying import Verdict
from tasks import actions as folder_of_actions
from tasks.retrying import retry as retry_actions
from tasks.retrying import verdict_of

_KINDS = sorted(file.name for file in pkgutil.iter_modules(folder_of_actions.__path__))
"""Each action is named as its file."""

_FILTERS = {**FILTERS, "kind": one_of(*_KINDS)}
_ABOUT = {
    "kind": f"Only those of this kind: {', '.join(_KINDS)}.",
    "state": f"Only those in this state: {', '.join(STATES)}.",
}

AT_ONCE = 200
"""Actions that are given another try in one transaction."""

_COLUMNS = {"ID": False, "KIND": False, "DESTINATION": False, "STATE": False, "TRIES": False, "NEXT (UTC)": False}
_COLUMNS |= {"ERROR": True}
_LONG = ("error", "arguments", "command")
_OF_COMMAND = ("command_uuid", "state", "sent_at", "answered_at", "answer_event_id", "pushes", "next_push_at", "error")


@click.group(invoke_without_command=True)
@list_options(_FILTERS, _ABOUT)
@click.pass_context
def command(context: click.Context, /, *, as_json: bool, **options: str | int | None) -> None:
    """List what is owed or was done, newest first: commands, pushes, mails and chat messages."""
    if context.invoked_subcommand is not None:
        return
    with open_stores() as stores:
        question = question_of(options)
        question.values(_FILTERS)
        page = list_actions(stores.engine, question)
    if as_json:
        print_document(page)
    else:
        print_list(page, _COLUMNS, _row)


@command.command()
@click.argument("action_id", metavar="ID")
@json_option
def show(action_id: str, as_json: bool) -> None:
    """Explain one action: why it failed, when it is tried next, and what would help."""
    now = datetime.now(UTC)
    with open_stores() as stores:
        identifier = whole_id(stores.engine, action_id)
        item = one_action(stores.engine, identifier)
        if item is None:
            raise click.ClickException(f"there is no action {action_id}")
        trouble = troubles(stores.engine).get(item["destination"])
        verdict = verdict_of(stores.engine, stores.setup, identifier, now=now)
        words = list(explain(item, verdict, trouble, now))
    if as_json:
        print_json({**item, "explanation": words})
        return
    print_fields({name: value for name, value in item.items() if name not in _LONG})
    click.echo(f"\narguments:\n{clean_text(json.dumps(item['arguments'], indent=2, ensure_ascii=False))}")
    if item["command"] is not None:
        click.echo("\ncommand:")
        print_fields({name: item["command"][name] for name in _OF_COMMAND})
    click.echo()
    for line in words:
        click.echo(clean_text(line))


@command.command()
@click.argument("action_ids", metavar="[ID]...", nargs=-1)
@click.option("--all-dead", is_flag=True, help="Everything that gave up.")
@click.option("--destination", metavar="TEXT", help="With --all-dead: only what was for this destination.")
@click.option("--again", is_flag=True, help="Also what may have happened already, such as a lost EraseDevice.")
@json_option
def retry(action_ids: tuple[str, ...], all_dead: bool, destination: str | None, again: bool, as_json: bool) -> None:
    """Try actions again now, with all their tries before them. Exits 1 when one of them cannot be."""
    if bool(action_ids) == all_dead or (destination is not None and not all_dead):
        raise click.UsageError("give either IDs, or --all-dead and perhaps a --destination")
    if again and all_dead:
        raise click.UsageError("--again is for actions that somebody has looked at one by one: name their IDs")
    with open_stores() as stores:
        items = _retry_dead(stores, destination) if all_dead else _retry_named(stores, action_ids, again=again)
    if as_json:
        print_page(items)
    else:
        for item in items:
            note = f": {item['note']}" if item["note"] else ""
            click.echo(clean_text(f"{item['id']}  {item['error'] or f'is tried again{note}'}"))
        if not items:
            click.echo("nothing has given up")
    if any(item["error"] for item in items):
        raise SystemExit(1)


def whole_id(engine: Engine, prefix: str) -> str:
    """The id that begins so. Raises: ClickException, when none does, or several."""
    found = action_ids(engine, prefix)
    if not found:
        raise click.ClickException(f"there is no action {prefix}")
    if len(found) > 1:
        raise click.ClickException(f"several actions begin with {prefix}: {', '.join(found)}, …")
    return found[0]


def _retry_named(stores: Stores, prefixes: Sequence[str], *, again: bool) -> list[JSONObject]:
    items: list[JSONObject] = []
    for prefix in prefixes:
        try:
            items += _retry(stores, [whole_id(stores.engine, prefix)], again=again)
        except click.ClickException as exc:
            items.append({"id": prefix, "destination": None, "error": exc.message, "note": None})
    return items


def _retry_dead(stores: Stores, destination: str | None) -> list[JSONObject]:
    items: list[JSONObject] = []
    after = ""
    while found := dead_ids(stores.engine, destination=destination, after=after, limit=AT_ONCE):
        items += _retry(stores, found, again=False)
        after = found[-1]
    return items


def _retry(stores: Stores, ids: Sequence[str], *, again: bool) -> list[JSONObject]:
    verdicts = retry_actions(stores.engine, stores.setup, ids, now=datetime.now(UTC), again=again)
    for destination in sorted({verdict.destination for verdict in verdicts if verdict.refusal is None}):
        stores.wake_deliverer(destination)
    return [
        {"id": v.id, "destination": v.destination, "error": _refusal(stores.engine, v), "note": v.note}
        for v in verdicts
    ]


def _refusal(engine: Engine, verdict: Verdict) -> str | None:
    """Why it is not tried again, and what to do instead; None when it is."""
    item = one_action(engine, verdict.id) if verdict.refusal is not None else None
    way_out = order_anew(item) if item is not None else None
    return f"{verdict.refusal}, and its device said no: {way_out}" if way_out else verdict.refusal


def _row(item: JSONObject) -> tuple[object, ...]:
    return (
        item["id"][: 18 if on_screen() else None],
        item["kind"],
        item["destination"],
        item["state"],
        item["attempts"],
        short_time(item["next_attempt_at"]),
        item["error"] or "-",
    )
