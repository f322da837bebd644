"""`windfall commands`: what was sent to devices and what they said, and the queues that a MicroMDM keeps for one."""

import sys
from datetime import UTC, datetime

import click

from console.commanding import find_recipient
from console.listing import list_options, print_document, print_list, question_of
from console.mdm_servers import micromdm_of
from console.queueing import clear, look
from console.stores import Stores
from console.terminal import clean, on_screen, open_stores, print_json, print_table, short_time
from domain.errors import CannotSend
from domain.json_types import JSONObject
from state.queries.commands import FILTERS, list_commands

_COLUMNS = {"ID": False, "CREATED (UTC)": False, "TYPE": True, "DEVICE": True, "STATE": False, "ERROR": True}
_QUEUE_COLUMNS = {"COMMAND UUID": False, "TYPE": True, "OURS": False, "FOR": True}
_OPTIONS = {name: read for name, read in FILTERS.items() if name != "device_id"}


@click.command()
@click.argument("device", required=False)
@click.option("--queue", is_flag=True, help="Show what waits for the DEVICE at its MDM server (MicroMDM only).")
@click.option("--clear", "to_clear", is_flag=True, help="Drop all that waits for the DEVICE there (MicroMDM only).")
@click.option("--yes", is_flag=True, help="Clear without asking.")
@list_options(_OPTIONS)
def command(
    device: str | None, queue: bool, to_clear: bool, yes: bool, as_json: bool, **options: str | int | None
) -> None:
    """List our commands, newest first; only those of a DEVICE when one is named by its id, UDID or serial number.

    Those of its users are among them; UDID:UserID names one user alone. The queue at the MDM server may hold commands
    of others too, and --clear drops those as well.
    """
    if (queue or to_clear) and device is None:
        raise click.UsageError("say of which DEVICE")
    if queue and to_clear:
        raise click.UsageError(
            "either --queue, which shows what waits, or --clear, which says how much it drops and asks"
        )
    with open_stores() as stores:
        if to_clear:
            _clear(stores, device or "", yes=yes, as_json=as_json)
        elif queue:
            _show_queue(stores, device or "", as_json=as_json)
        else:
            _list(stores, device, options, as_json=as_json)


def _list(stores: Stores, device: str | None, options: dict[str, str | int | None], *, as_json: bool) -> None:
    chosen = {"device_id": find_recipient(stores.engine, device).id} if device is not None else {}
    page = list_commands(stores.engine, question_of({**options, **chosen}))
    if as_json:
        print_document(page)
    else:
        print_list(page, _COLUMNS, _row)


def _show_queue(stores: Stores, name: str, *, as_json: bool) -> None:
    whose = find_recipient(stores.engine, name)
    queues = look(stores, micromdm_of(stores.settings, _sender(whose.device.sender)), whose)
    items = [item for queue in queues for item in queue.items()]
    if as_json:
        print_json({"items": items, "next": None})
    else:
        ours = {True: "yes", False: "no"}
        rows = [(one["command_uuid"], one["request_type"] or "-", ours[one["ours"]], one["device_id"]) for one in items]
        print_table(_QUEUE_COLUMNS, rows)


def _clear(stores: Stores, name: str, *, yes: bool, as_json: bool) -> None:
    whose = find_recipient(stores.engine, name)
    sender = _sender(whose.device.sender)
    server = micromdm_of(stores.settings, sender)
    queues = look(stores, server, whose)
    waiting, leaving = sum(len(queue.waiting) for queue in queues), sum(queue.leaving for queue in queues)
    open_still = sum(len(queue.ours) for queue in queues) - leaving
    users = f" and its {len(queues) - 1} users" if len(queues) > 1 else ""
    if not yes:
        _ask(
            f"Drop the {waiting} commands that wait for {clean(whose.id)}{users} at {sender}, the {open_still} of ours "
            "that were not answered, and what was put off with NotNow, which is not shown?"
        )
    now = datetime.now(UTC)
    void = sum(clear(stores, server, queue, now=now) for queue in queues)
    if as_json:
        print_json({"device_id": whose.id, "cleared": waiting, "void": void, "on_their_way": leaving})
        return
    click.echo(f"cleared {waiting} at {sender}; {void} of ours are void")
    click.echo("what its device had put off with NotNow is gone, too; a MicroMDM does not show that")
    if leaving:
        click.echo(f"{leaving} of ours are being sent at this moment and stay; look again in a minute")


def _ask(question: str) -> None:
    """Raises: Abort, when the answer is no; ClickException, where nobody is there to give one."""
    try:
        click.confirm(question, abort=True, err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise click.ClickException("nothing was dropped: where nobody can be asked, say --yes") from None


def _sender(sender: str | None) -> str:
    if sender is None:
        raise CannotSend("no MDM server has told of this device yet, so nobody knows where its queue is")
    return sender


def _row(item: JSONObject) -> tuple[object, ...]:
    identifier = item["id"][: 18 if on_screen() else None]
    created, error = short_time(item["created_at"]), item["error"] or "-"
    return (identifier, created, item["request_type"], item["device_id"], item["state"], error)
