"""The page of a device on a screen or as text: 80 columns are enough, words say what colours say."""

import shlex
import sys
from datetime import datetime
from shutil import get_terminal_size

import click
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from console.device_health import identity_of, short_name, word_of
from console.device_lists import Lines, lists_of
from console.device_newest import name_of_device
from console.device_sections import Fields, sections_of
from console.jamf_records import print_records
from console.terminal import clean, on_screen, print_fields
from domain.json_types import JSONObject
from state.queries.same_device import JAMF_FIELDS

WIDTH, WIDEST = 80, 120
_LABEL = 16
HANGING = 2
"""Columns that the second line of an item stands further in."""

LONGEST, LONGEST_TITLE = 240, 60
"""Characters of one thing that is told; `--json` has it whole."""

_PLACES = {"mdm": "at its MDM server", "jamf": "in Jamf Pro"}
_MARKS = {"problem": ("! ", "bold red"), "notice": ("- ", "yellow")}


def print_page(page: JSONObject, now: datetime, *, everything: bool) -> None:
    """``everything``: all items of long lists and all facts, not only the first and the most telling."""
    console = _console()
    with console.capture() as drawn:
        _title(console, page)
        _health(console, page)
        for heading, fields in sections_of(page, now):
            _section(console, heading, fields)
        _conflicts(console, page)
        for heading, note, lines in lists_of(page, now, everything=everything):
            _list(console, heading, note, lines)
        _more(console, page)
    for line in drawn.get().splitlines():
        click.echo(line.rstrip())
    records = [{key: value for key, value in one.items() if key in JAMF_FIELDS} for one in page["jamf"]]
    print_records({"jamf": records if everything else []})
    if everything:
        for heading, facts in (
            ("all facts", page["facts"]),
            *((f"user channel {clean(channel['id'])}", channel["facts"]) for channel in page["user_channels"]),
        ):
            click.echo(f"\n{heading}:")
            print_fields({clean(name): fact["value"] for name, fact in facts.items()})


def _console() -> Console:
    """No markup, no emoji: what devices say is text."""
    width = min(get_terminal_size((WIDTH, 24)).columns, WIDEST) if on_screen() else WIDTH
    return Console(file=sys.stdout, width=max(width, 40), markup=False, emoji=False, highlight=False, soft_wrap=False)


def _title(console: Console, page: JSONObject) -> None:
    name = clean(name_of_device(page) or "a device without a name")
    identity = clean(identity_of(page))
    console.print(Text(f"{_cut(name, LONGEST_TITLE)}  {_cut(identity)}".rstrip(), style="bold"))


def _health(console: Console, page: JSONObject) -> None:
    found = page["health"]
    problems = sum(point["level"] == "problem" for point in found)
    verdict = f"{problems} PROBLEM{'S' if problems > 1 else ''}" if problems else "no problem known"
    _heading(console, "Health", verdict)
    for point in found:
        mark, style = _MARKS[point["level"]]
        _hanging(console, mark, clean(point["what"]), style)


def _section(console: Console, heading: str, fields: Fields) -> None:
    _heading(console, heading)
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=_LABEL, no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in fields:
        grid.add_row(Text(label), Text(_cut(clean(value))))
    console.print(Padding(grid, (0, 0, 0, 2)))


def _list(console: Console, heading: str, note: str, lines: Lines) -> None:
    _heading(console, heading, note)
    for line in lines:
        _hanging(console, "", clean(line), "")


def _conflicts(console: Console, page: JSONObject) -> None:
    """What cannot both be true, and where it is said."""
    for conflict in page["conflicts"]:
        what, other = word_of(conflict["field"]), conflict["other"]
        lines = [f"{record[other]}  {_PLACES[record['source']]}" for record in conflict["records"]]
        heading = f"{word_of(other)}s of the {what} {clean(conflict['value'])}"
        _list(console, heading, "they contradict each other", lines)


def _more(console: Console, page: JSONObject) -> None:
    """Which commands tell more of it, or ask it."""
    name = short_name(page)
    ways = {f"windfall devices show {name} --all": "all of it"}
    if page["id"] is not None:
        ways |= {
            f"windfall commands {name}": "commands",
            f"windfall events --device-id {shlex.quote(page['id'])}": "events",
            f"windfall devices inventory {name}": "ask anew",
        }
    if page["jamf"]:
        ways[f"windfall jamf devices show {name}"] = "Jamf Pro"
    _list(console, "More", "", [f"{way}  # {words}" for way, words in ways.items()])


def _heading(console: Console, heading: str, note: str = "") -> None:
    console.print()
    console.print(Text.assemble((heading.upper(), "bold"), f": {clean(note)}" if note else ""))


def _hanging(console: Console, mark: str, text: str, style: str) -> None:
    """A line that goes on under its beginning."""
    indent = 2 + (len(mark) or HANGING)
    first, *rest = Text(_cut(text)).wrap(console, console.width - indent, overflow="fold") or [Text("")]
    console.print(Text.assemble((f"  {mark}", style), first))
    for line in rest:
        console.print(Text(" " * indent) + line)


def _cut(text: str, most: int = LONGEST) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
