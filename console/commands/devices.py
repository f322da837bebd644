"""`windfall devices`: who is managed, and what is known of each."""

import click

from console.listing import list_options, print_document, print_list, question_of
from console.terminal import clean, json_option, open_stores, print_fields, print_json, short_time
from domain.json_types import JSONObject
from state.queries.devices import FILTERS, device_ids, list_devices, one_device

_COLUMNS = {"ID": True, "SERIAL": False, "ENROLLED": False, "LAST SEEN (UTC)": False, "SENDER": True}
_ENROLLED = {True: "yes", False: "no", None: "-"}


@click.group(invoke_without_command=True)
@list_options(FILTERS)
@click.pass_context
def command(context: click.Context, /, *, as_json: bool, **options: str | int | None) -> None:
    """List devices by id."""
    if context.invoked_subcommand is not None:
        return
    with open_stores() as stores:
        page = list_devices(stores.engine, question_of(options))
    if as_json:
        print_document(page)
    else:
        print_list(page, _COLUMNS, _row)


@command.command()
@click.argument("device", metavar="ID_OR_SERIAL")
@json_option
def show(device: str, as_json: bool) -> None:
    """Show one device with all that is known of it; of several with a serial number, the one seen last."""
    with open_stores() as stores:
        found = device_ids(stores.engine, device)
        item = one_device(stores.engine, found[0]) if found else None
    if item is None:
        raise click.ClickException(f"there is no device with the id, UDID or serial number {device}")
    if as_json:
        print_json(item)
    else:
        _print_one(item)


def _row(item: JSONObject) -> tuple[object, ...]:
    enrolled = _ENROLLED[item["enrolled"]]
    return (item["id"], item["serial_number"] or "-", enrolled, short_time(item["last_seen_at"]), item["sender"] or "-")


def _print_one(item: JSONObject) -> None:
    print_fields({name: value for name, value in item.items() if name not in ("facts", "user_channels")})
    click.echo("\nfacts:")
    print_fields({name: fact["value"] for name, fact in item["facts"].items()})
    for channel in item["user_channels"]:
        click.echo(f"\nuser channel {clean(channel['id'])}:")
        print_fields({name: value for name, value in channel.items() if name not in ("id", "device_id", "facts")})
        print_fields({name: fact["value"] for name, fact in channel["facts"].items()})
