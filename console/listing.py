"""The options that all listing commands share: one for each filter, a limit, a cursor and `--json`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from console.terminal import json_option, print_page, print_table
from domain.json_types import JSONObject
from state.queries.pages import LIMIT, MOST, Filters, Page, Question, read_question


def list_options(filters: Filters, about: Mapping[str, str] | None = None) -> Callable[[Any], Any]:
    """Give a command ``limit``, ``cursor``, ``as_json`` and a keyword for each filter.

    ``about`` has the words for filters that want more than to be equal.
    """
    words = {name: f"Only those with this {name}." for name in filters} | dict(about or {})
    options = [click.option(_option(name), name, metavar="TEXT", help=words[name]) for name in filters]
    options += [
        click.option("--limit", type=click.IntRange(1, MOST), default=LIMIT, show_default=True, help="How many."),
        click.option("--cursor", help="Go on after the page that ended with this."),
        json_option,
    ]

    def add(function: Any) -> Any:
        for option in reversed(options):
            function = option(function)
        return function

    return add


def question_of(options: Mapping[str, str | int | None]) -> Question:
    """The question that the options ask. Raises: BadQuery."""
    return read_question({name: str(value) for name, value in options.items() if value is not None})


def print_list(page: Page, columns: Mapping[str, bool], row: Callable[[JSONObject], Sequence[object]]) -> None:
    """A table for people, and how to see the rest."""
    print_table(columns, [row(item) for item in page.items])
    if page.next:
        click.echo(f"\nmore: --cursor {page.next}")


def print_document(page: Page) -> None:
    print_page(page.items, page.next)


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
