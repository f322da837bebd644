"""The other records of a device on a screen: what MDM servers and Jamf Pro call it, and what cannot both be true."""

import click

from console.terminal import clean, print_fields
from domain.json_types import JSONObject

_NAMES = {"mdm": "at its MDM server", "jamf": "in Jamf Pro"}


def print_records(item: JSONObject) -> None:
    """Each record by itself, then a line for each contradiction."""
    for source, name in _NAMES.items():
        for record in item.get(source, ()):
            click.echo(f"\n{name}, {clean(record['sender'])}:")
            print_fields({key: value for key, value in record.items() if key != "sender"})
    for conflict in item.get("conflicts", ()):
        value, other = clean(conflict["value"]), conflict["other"]
        found = ", ".join(
            f"{clean(record[other])} ({_NAMES[record['source']]}, {clean(record['id'])})"
            for record in conflict["records"]
        )
        click.secho(f"\nconflict: {conflict['field']} {value} has several {other}: {found}", bold=True)
