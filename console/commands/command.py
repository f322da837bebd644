"""`windfall command`: send one command to one device, or to a user of it."""

import sys
import time
from datetime import UTC, datetime

import click

from console.argument_files import filled
from console.commanding import Order, place, prepare, wait_for_answer
from console.terminal import clean, clean_text, json_option, open_stores, print_fields, print_json
from domain.command_line import parse_arguments
from domain.commands import check, shown
from domain.json_types import JSONObject
from domain.plist import encode

_SHOWN = ("id", "command_uuid", "device_id", "request_type", "state", "error", "answered_at", "answer_event_id")


@click.command()
@click.argument("device")
@click.argument("request_type", metavar="TYPE")
@click.argument("arguments", metavar="[KEY=VALUE]...", nargs=-1)
@click.option("--user", metavar="USER", help="Send it to this user of the DEVICE: a user's id, or short name.")
@click.option("--unchecked", is_flag=True, help="Send it though fields are unknown or missing, or refused by Apple.")
@click.option("--dry-run", is_flag=True, help="Print the plist that would be sent, secrets veiled, and send nothing.")
@click.option("--wait", type=click.FloatRange(min=0), metavar="SECONDS", help="Wait for the device's answer.")
@json_option
def command(
    device: str,
    request_type: str,
    arguments: tuple[str, ...],
    as_json: bool,
    user: str | None,
    **options: bool | float | None,
) -> None:
    """Send a command to a DEVICE: its id, UDID or serial number.

    TYPE is Apple's name of the command, DeviceInformation for one. An argument is KEY=VALUE, or KEY:=JSON for a list,
    a number or a dictionary. KEY=@FILE takes the value from a file and KEY=@- from standard input, where no secret is
    seen by others; a value that itself begins with @ is KEY=@@…. With --wait it exits 1 unless the device
    acknowledges. A user may also be named as DEVICE itself: UDID:UserID.
    """
    with open_stores() as stores:
        given = parse_arguments(filled(arguments, getattr(sys.stdin, "buffer", None)), request_type)
        checked = check(request_type, given, unchecked=bool(options["unchecked"]))
        prepared = prepare(stores, checked, device, user=user)
        if options["dry_run"]:
            _rehearse(prepared, as_json=as_json)
            return
        item = place(stores, prepared, now=datetime.now(UTC))
        seconds = options["wait"]
        if seconds is not None:
            answered = wait_for_answer(
                stores.engine, item["id"], seconds=seconds, monotonic=time.monotonic, pause=time.sleep
            )
            item = {**{name: answered.get(name) for name in _SHOWN}, "advice": item["advice"]}
    _print(item, as_json=as_json)
    if seconds is not None and item["state"] != "Acknowledged":
        raise SystemExit(1)


def _rehearse(order: Order, *, as_json: bool) -> None:
    """Its UUID is made when it is sent."""
    told = {"RequestType": order.command.request_type, **shown(order.command)}
    if as_json:
        print_json({"device_id": order.device_id, "sender": order.sender, "command": told, "advice": list(order.hints)})
        return
    click.echo(clean_text(encode({"Command": told}).decode()).rstrip())
    _advise(list(order.hints))


def _print(item: JSONObject, *, as_json: bool) -> None:
    if as_json:
        print_json(item)
        return
    print_fields({name: value for name, value in item.items() if name != "advice"})
    _advise(item["advice"])


def _advise(hints: list[str]) -> None:
    for hint in hints:
        click.echo(f"note: {clean(hint)}", err=True)
