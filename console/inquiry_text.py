"""A device's answers as they come, a line for each: with a bar on a screen, plain elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from console.commanding import OPEN
from console.terminal import clean, on_screen
from domain.clock import parse_time
from domain.json_types import JSONObject
from state.commands import ANSWERED

_WIDTH = 25


Teller: TypeAlias = Callable[[JSONObject], None]
"""Told how far it has come, each time that it has come further."""


@contextmanager
def telling() -> Iterator[Teller]:
    """Prints each answer once."""
    told: set[str] = set()
    if not on_screen():
        yield lambda state: _print(_news(state, told))
        return
    console = Console(file=sys.stdout, markup=False, emoji=False, highlight=False)
    columns = (TextColumn("answers", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("answers", total=None)

        def tell(state: JSONObject) -> None:
            for line in _news(state, told):
                console.print(Text(line), soft_wrap=True)
            closed = sum(_is_over(item) for item in state["items"])
            bar.update(task, completed=closed, total=len(state["items"]))

        yield tell


def still_open(state: JSONObject, *, seconds: float) -> str:
    """What nobody knows yet, a line for each, and what becomes of it."""
    words = {"pending": "not sent yet", "sent": "sent, not answered", "NotNow": "the device is busy"}
    items = [_line(item, words[item["state"]]) for item in state["items"] if item["state"] in OPEN]
    head = f"after {seconds:.0f} s still open; answers count whenever they come:"
    return "\n".join([head, *(f"  {line}" for line in items or ["what else to ask"])])


def in_vain(state: JSONObject) -> list[JSONObject]:
    """Questions that nobody will answer any more."""
    return [item for item in state["items"] if _is_over(item) and item["state"] not in ANSWERED]


def _print(lines: list[str]) -> None:
    for line in lines:
        click.echo(line)


def _news(state: JSONObject, told: set[str]) -> list[str]:
    new = [item for item in state["items"] if _is_over(item) and item["command_id"] not in told]
    told |= {item["command_id"] for item in new}
    return [_line(item, _words(item)) for item in new]


def _line(item: JSONObject, words: str) -> str:
    """The question and what became of it; whose answer it is stands after the column, as names are of any length."""
    whose = f"user {item['user']}: " if item["user"] else ""
    return f"{item['request_type']:<{_WIDTH}} {clean(f'{whose}{words}')}"


def _is_over(item: JSONObject) -> bool:
    return item["state"] is not None and item["state"] not in OPEN


def _words(item: JSONObject) -> str:
    asked, answered = parse_time(item["asked_at"]), parse_time(item["answered_at"])
    after = f" after {max(0.0, (answered - asked).total_seconds()):.0f} s" if asked and answered else ""
    if item["state"] == "Acknowledged":
        return f"answered{after}"
    if item["state"] in ANSWERED:
        return f"refused{after}: {item['error'] or item['state']}"
    return f"in vain: {item['error'] or item['state']}"
