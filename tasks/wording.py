"""Notices by name. The folder `tasks/notices/` is read once at start; a broken file stops the start."""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TypeAlias

from clients.answers import showable
from domain.errors import PermanentError
from domain.json_types import JSONObject
from tasks.drafting import Worded
from tasks.effects import Needless
from tasks.outside import Outside

Wording: TypeAlias = Callable[[JSONObject, Outside], Worded | None]
"""The function `word` of a file in `tasks/notices/`. It may read state and never writes any; odd facts are no error.

None: by now there is nothing to tell."""

NOTHING_TO_TELL = Needless(note="there is nothing left to tell")
"""What becomes of such a notice."""


def word(notice: str, facts: JSONObject, outside: Outside) -> Worded | None:
    """Raises: PermanentError, for a notice that this version does not know."""
    wording = load_notices().get(notice)
    if wording is None:
        raise PermanentError(f"there is no notice {showable(notice)!r}")
    return wording(facts, outside)


@cache
def load_notices(folder: str = "tasks.notices") -> Mapping[str, Wording]:
    """Import every file of the folder. Raises: what a broken file raises; ValueError for one that words nothing.

    A name is its file's, so none is taken twice.
    """
    found: dict[str, Wording] = {}
    for module in iter_modules(import_module(folder).__path__):
        wording = getattr(import_module(f"{folder}.{module.name}"), "word", None)
        if wording is None:
            raise ValueError(f"{folder}.{module.name} has no function `word`")
        found[module.name] = wording
    return found
