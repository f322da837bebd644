"""`windfall doctor`: what is wrong, and what helps."""

import textwrap
from datetime import UTC, datetime

import click

from console.health import Check, examine
from console.terminal import clean, json_option, open_stores, print_page

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}
_WIDTH = 80


@click.command()
@json_option
def command(as_json: bool) -> None:
    """Look at everything from the door to the database. Exits 1 when something fails."""
    with open_stores() as stores:
        checks = examine(stores, datetime.now(UTC))
    if as_json:
        print_page([check.as_json() for check in checks])
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            _print(check, width)
    if any(check.status == "fail" for check in checks):
        raise SystemExit(1)


def _print(check: Check, width: int) -> None:
    status = click.style(f"{check.status:<4}", fg=_COLOURS[check.status], bold=check.status != "ok" or None)
    indent = " " * (width + 8)
    text = check.seen if check.fix is None else f"{check.seen}\n{check.fix}"
    lines = [
        line
        for part in text.split("\n")
        for line in textwrap.wrap(clean(part), _WIDTH - len(indent), break_long_words=False, break_on_hyphens=False)
    ]
    click.echo(f"{status}  {check.name:<{width}}  " + f"\n{indent}".join(lines))
