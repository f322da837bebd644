"""`windfall devices`: who is managed, and what is known of each."""

from collections import deque
from datetime import UTC, datetime

import click

from console.commanding import find_device
from console.device_page import device_page
from console.device_text import print_page
from console.inquiring import Clock, follow, inquire
from console.inquiry_text import in_vain, still_open, telling
from console.listing import list_options, print_document, print_list, question_of
from console.stores import Stores
from console.telling_time import day, moment_of, until
from console.terminal import clean, json_option, open_stores, print_json, short_time
from domain.errors import CannotSend
from domain.json_types import JSONObject
from state.queries.devices import FILTERS, list_devices
from state.queries.expiring import FILTERS as FILTERS_OF_CERTIFICATES
from state.queries.expiring import list_certificates
from state.queries.inventory import ENDINGS

_COLUMNS = {"ID": True, "SERIAL": False, "ENROLLED": False, "LAST SEEN (UTC)": False, "SENDER": True}
_CERTIFICATES = {"EXPIRES": False, "THAT IS": False, "DEVICE": False, "IDENTITY": False, "NAME": True}
WAIT = 120.0
_ENROLLED = {True: "yes", False: "no", None: "-"}
_IS_IDENTITY = {True: "yes", False: "no", None: "-"}


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
@click.option("--all", "everything", is_flag=True, help="Show long lists whole, and every fact.")
@json_option
def show(device: str, everything: bool, as_json: bool) -> None:
    """Show one device on a page: who, what, where, what stands out, what it has and what it did last.

    Of several with a serial number, the one seen last. One that only Jamf Pro knows has a page too.
    """
    now = datetime.now(UTC)
    with open_stores() as stores:
        page = device_page(stores.engine, stores.setup, device, now)
    if page is None:
        raise click.ClickException(f"there is no device with the id, UDID or serial number {clean(device)}")
    if as_json:
        print_json(page)
    else:
        print_page(page, now, everything=everything)


@command.command()
@list_options(FILTERS_OF_CERTIFICATES)
def certificates(*, as_json: bool, **options: str | int | None) -> None:
    """List certificates of devices that have not left, those that expire soonest first.

    `--expires-before` and `--expires-after` take a day, a time, or how far off it is: `30d`, `12h`; `0d` is now.
    """
    now = datetime.now(UTC)
    for name in ENDINGS:
        options[name] = moment_of(str(options[name]), now) if options[name] else None
    with open_stores() as stores:
        page = list_certificates(stores.engine, question_of(options))
    if as_json:
        print_document(page)
    else:
        print_list(page, _CERTIFICATES, lambda item: _certificate(item, now))


@command.command()
@click.argument("device")
@click.option("--wait", type=click.FloatRange(min=0), default=WAIT, show_default=True, help="Seconds to wait.")
@click.option("--no-wait", is_flag=True, help="Ask, and do not wait for answers.")
@json_option
def inventory(device: str, wait: float, no_wait: bool, as_json: bool) -> None:
    """Ask a DEVICE for everything: its id, UDID or serial number. What it has not answered yet is not asked again.

    Exits 0 when it has answered every question, be it with a refusal (or with --no-wait, when they are on their way),
    and 1 when some are still open after the time, or nobody will answer them any more. A device that is not enrolled is
    asked only with --no-wait.
    """
    with open_stores() as stores:
        if not no_wait:
            _must_be_enrolled(stores, device)
        state = inquire(stores, device, now=datetime.now(UTC))
        for hint in state.pop("advice"):
            click.echo(f"note: {clean(hint)}", err=True)
        if not no_wait:
            state = _await(stores, state, wait, as_json=as_json)
    if as_json:
        print_json(state)
    elif no_wait:
        click.echo(_on_their_way(state))
    if not no_wait and (in_vain(state) or not state["complete"]):
        raise SystemExit(1)


def _must_be_enrolled(stores: Stores, name: str) -> None:
    """Nobody waits for answers that cannot come. Raises: CannotSend; UnknownDevice; DatabaseAway."""
    found = find_device(stores.engine, name)
    if found.enrolled is False:
        raise CannotSend(
            f"the device {clean(found.id)} is not enrolled: nothing reaches it, so it was asked nothing. With "
            "--no-wait it is asked all the same; what it has not answered when it enrols anew is void then"
        )


def _on_their_way(state: JSONObject) -> str:
    number = len(state["unanswered"])
    are = "question is on its way" if number == 1 else "questions are on their way"
    return f"{number} {are} to {clean(state['device_id'])}"


def _await(stores: Stores, state: JSONObject, seconds: float, *, as_json: bool) -> JSONObject:
    """Tell of answers as they come; how far they have come at the end."""
    followed = follow(stores, state["device_id"], Clock(), seconds=seconds)
    if as_json:
        return deque(followed, maxlen=1).pop()
    with telling() as tell:
        for newest in followed:
            tell(newest)
    if not newest["complete"]:
        click.echo(still_open(newest, seconds=seconds), err=True)
    return newest


def _certificate(item: JSONObject, now: datetime) -> tuple[object, ...]:
    device, name = item["serial_number"] or item["device_id"], item["common_name"] or item["subject"] or "-"
    return (day(item["not_after"]), until(item["not_after"], now), device, _IS_IDENTITY[item["is_identity"]], name)


def _row(item: JSONObject) -> tuple[object, ...]:
    enrolled = _ENROLLED[item["enrolled"]]
    return (item["id"], item["serial_number"] or "-", enrolled, short_time(item["last_seen_at"]), item["sender"] or "-")
