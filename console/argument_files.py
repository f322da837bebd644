"""Arguments of a command line that are in a file or come by standard input, where neither `ps` nor a shell's history
shows them."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from domain.command_values import FROM_FILE
from domain.errors import BadCommand
from domain.secret_keys import is_secret
from domain.text import clipped, storable

LARGEST = 8 * 1024 * 1024
"""Bytes of a file, as of a command that comes by the API."""

_LONGEST_KEY = 60
_LONGEST_PATH = 200
"""Characters that an error repeats."""

_ESCAPE = "a value that itself begins with @ is written @@…"


def filled(items: Iterable[str], stdin: BinaryIO | None) -> list[str]:
    """The arguments as `domain.command_line.parse_arguments` reads them, files in their places.

    ``key=@FILE`` has the file's text without the line's end that editors put last, ``key=@-`` that of standard input;
    so has ``key:=@FILE`` its JSON. ``key=@@x`` is the text `@x`.

    Raises:
        BadCommand: names the places and keys of what cannot be read, or is given twice. What follows an @ is repeated
            only where the key is no secret's: it may be one that somebody forgot to write with two.
    """
    given = list(items)
    keys, sources = Counter(_key(item) for item in given), Counter[str]()
    filled_in, problems = [], []
    for place, item in enumerate(given, start=1):
        name, equals, value = item.partition("=")
        if not value.startswith("@"):
            filled_in.append(item)
            continue
        if value.startswith("@@") and not name.endswith(":"):
            filled_in.append(f"{name}={value[1:]}")
            continue
        sources[value] += 1
        try:
            _refuse_twice(item, keys, sources)
            shown = "" if is_secret(_key(item)) else f"{clipped(storable(value[1:]), _LONGEST_PATH)}: "
            filled_in.append(f"{name}{equals}{_text(value[1:], stdin, shown)}")
        except _Unreadable as exc:
            problems.append(f"argument {place} ({clipped(storable(_key(item)), _LONGEST_KEY)}) {exc}")
    if problems:
        raise BadCommand(f"{'; '.join(problems)} ({_ESCAPE})")
    return filled_in


class _Unreadable(Exception):
    """Why an argument cannot be taken from where it says, to follow its place."""


def _key(item: str) -> str:
    return item.partition("=")[0].removesuffix(":").strip()


def _refuse_twice(item: str, keys: Counter[str], sources: Counter[str]) -> None:
    """Raises: _Unreadable."""
    if keys[_key(item)] > 1:
        raise _Unreadable("is read from somewhere, and its key is given again")
    if sources["@-"] > 1 and item.endswith("=@-"):
        raise _Unreadable("is standard input again, which can be read once")


def _text(source: str, stdin: BinaryIO | None, shown: str) -> str:
    """``shown`` is the name of the file, where it may be. Raises: _Unreadable."""
    content = _content(source, stdin, shown)
    if len(content) > LARGEST:
        raise _Unreadable(f"is larger than {LARGEST} bytes")
    try:
        text = content.decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise _Unreadable(f"is no text in UTF-8; data is given as base64: {FROM_FILE} KEY=@-") from None
    if not text:
        raise _Unreadable("is empty where it is read from")
    return text


def _content(source: str, stdin: BinaryIO | None, shown: str) -> bytes:
    """A byte more than is allowed, at most. Raises: _Unreadable."""
    if not source:
        raise _Unreadable("names no file after @")
    try:
        if source == "-":
            if stdin is None:
                raise _Unreadable("is standard input, which is closed")
            return stdin.read(LARGEST + 1)
        with Path(source).open("rb") as stream:
            return stream.read(LARGEST + 1)
    except OSError as exc:
        raise _Unreadable(f"names a file that cannot be read: {shown}{exc.strerror or type(exc).__name__}") from None
