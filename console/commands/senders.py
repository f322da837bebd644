"""`windfall senders`: who may post, and whether anything comes."""

from datetime import UTC, datetime

import click

from console.senders import senders
from console.terminal import json_option, open_stores, print_page, print_table, short_time
from domain.json_types import JSONObject

_COLUMNS = dict.fromkeys(("NAME", "KIND", "ON", "LAST EVENT (UTC)", "EVENTS", "STUCK", "REFUSED"), False)


@click.command()
@json_option
def command(as_json: bool) -> None:
    """List senders: on or off, their last event, and numbers.

    EVENTS were stored in the last day, of these STUCK ones are buried or quarantined; REFUSED counts requests, ever.
    """
    with open_stores() as stores:
        items = senders(stores, datetime.now(UTC))
    if as_json:
        print_page(items)
    else:
        print_table(_COLUMNS, [_row(item) for item in items])


def _row(item: JSONObject) -> tuple[object, ...]:
    numbers = item["last_day"]
    return (
        item["name"],
        item["kind"],
        "on" if item["on"] else "off",
        short_time(item["last_event_at"]),
        sum(numbers.values()),
        numbers["buried"] + numbers["quarantined"],
        "?" if item["refused"] is None else sum(item["refused"].values()),
    )
