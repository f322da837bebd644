"""What the commands print, for people on a terminal and for programs, and how they say that something is away."""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from shutil import get_terminal_size
from typing import Any

import click
from redis.exceptions import RedisError
from rich.cells import cell_len, set_cell_size

from config.loading import load_settings
from console.home import words_of_demo
from console.stores import Stores, redis_words
from domain.errors import DatabaseAway, WindfallError
from domain.json_types import JSON, JSONObject

GAP = "  "
NARROWEST = 6
"""Columns of the screen that a column of a table keeps."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What moves the cursor, ends a line, or turns the direction of what follows."""
_LINE_BREAKS = re.compile(r"[\t\n]+")

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@contextmanager
def open_stores() -> Iterator[Stores]:
    """Connections for one command; a store that is away ends it with one line. Raises: SettingsError."""
    stores = Stores(settings=load_settings())
    try:
        yield stores
    except DatabaseAway as exc:
        demo = words_of_demo(stores.settings)
        raise click.ClickException(f"the database cannot be read: {exc}{f'; {demo}' if demo else ''}") from exc
    except WindfallError as exc:
        raise click.ClickException(str(exc)) from exc
    except RedisError as exc:
        raise click.ClickException(f"Redis is away: {redis_words(exc)}") from exc
    finally:
        stores.close()


def on_screen() -> bool:
    """Whether somebody looks, rather than a program."""
    return sys.stdout.isatty()


def print_json(document: JSON) -> None:
    """What moves the cursor is escaped, which means the same to a program."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    click.echo(_CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def print_page(items: Sequence[JSONObject], cursor: str | None = None) -> None:
    print_json({"items": list(items), "next": cursor})


def print_table(columns: Mapping[str, bool], rows: Sequence[Sequence[object]]) -> None:
    """A table under its head. ``columns`` says of each whether it may be cut to fit a screen; elsewhere none is."""
    width = get_terminal_size().columns if on_screen() else None
    head, *lines = lay_out(columns, rows, width=width)
    click.secho(head, bold=True)
    for line in lines:
        click.echo(line)


def print_fields(fields: Mapping[str, object]) -> None:
    """One field a line; those that are None are left out."""
    shown = {name: value for name, value in fields.items() if value is not None}
    width = max(map(len, shown), default=0)
    for name, value in shown.items():
        click.echo(f"{name:<{width}}{GAP}{clean(value)}")


def lay_out(columns: Mapping[str, bool], rows: Sequence[Sequence[object]], *, width: int | None) -> list[str]:
    """The lines of a table, its head first, cut to ``width`` where it is given."""
    cells = [list(columns), *([clean(value) for value in row] for row in rows)]
    needs = [max(cell_len(row[number]) for row in cells) for number in range(len(columns))]
    if width is not None:
        needs = _fit(needs, [number for number, may_be_cut in enumerate(columns.values()) if may_be_cut], width)
    return [GAP.join(_cut(cell, need) for cell, need in zip(row, needs, strict=True)).rstrip() for row in cells]


def clean(value: object) -> str:
    """Text for one line of a screen: what senders write there must not move the cursor."""
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return clean_text(_LINE_BREAKS.sub(" ", text))


def clean_text(text: str) -> str:
    """The same for several lines."""
    return _CONTROLS.sub("\ufffd", text)


def short_time(text: Any) -> str:
    """`11-21 21:43:02` of a time in RFC 3339 on a screen; all of it elsewhere."""
    if not isinstance(text, str):
        return "-"
    return text[5:19].replace("T", " ") if on_screen() else text


def _fit(needs: list[int], flexible: list[int], width: int) -> list[int]:
    """Widths that together fit: narrow columns stay whole, wide ones share what is left."""
    fixed = sum(need for number, need in enumerate(needs) if number not in flexible)
    spare = width - fixed - len(GAP) * (len(needs) - 1)
    widths = list(needs)
    for rank, number in enumerate(sorted(flexible, key=needs.__getitem__)):
        widths[number] = min(needs[number], max(NARROWEST, spare // (len(flexible) - rank)))
        spare -= widths[number]
    return widths


def _cut(text: str, width: int) -> str:
    return set_cell_size(text, width) if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"
