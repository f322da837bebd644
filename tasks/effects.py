"""Actions by kind. The folder `tasks/actions/` is read once at start; a broken file stops the start."""

import inspect
import pkgutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, TypeAlias

from domain.errors import ActionError
from state.outbox import Claimed
from tasks.outside import Outside
from tasks.owing import Action


class NotTried:
    """The attempt was not made: nothing went out, and it counts as none."""


NOT_TRIED: Final = NotTried()


@dataclass(frozen=True, slots=True, kw_only=True)
class Needless:
    """There was nothing left to do, and the far end was not asked: it is done, and ``note`` says why."""

    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Partly:
    """It is done for some, and must not be done for them again; ``rest`` is owed to the others, whom ``note`` names."""

    rest: Action
    note: str


Result: TypeAlias = str | Needless | Partly | ActionError | NotTried | None
"""None or a note: it is done. An error: it is not, or nobody knows."""

Results: TypeAlias = list[tuple[Claimed, Result]]

_kinds: dict[str, Any] = {}


def load_actions() -> None:
    """Import every file of `tasks/actions/`. Raises: what a broken file raises; ValueError for a kind taken twice."""
    package = import_module("tasks.actions")
    for module in pkgutil.iter_modules(package.__path__, "tasks.actions."):
        for _, found in inspect.getmembers(import_module(module.name), inspect.isclass):
            kind = getattr(found, "kind", None)
            if found.__module__ == module.name and isinstance(kind, str) and _kinds.setdefault(kind, found) != found:
                raise ValueError(f"two actions are called {kind}")


def perform(claimed: Sequence[Claimed], outside: Outside) -> Iterator[Results]:
    """Perform actions of one destination, those of a kind together where the kind can; what became of each.

    Nothing is on its way between two of the lists: who stops there has lost nothing.
    """
    kinds: dict[str, list[Claimed]] = {}
    for one in claimed:
        kinds.setdefault(one.kind, []).append(one)
    for kind, ours in kinds.items():
        many = getattr(_kinds[kind], "perform_many", None)
        yield from many(ours, outside) if many is not None else _one_by_one(ours, outside)


def _one_by_one(claimed: Iterable[Claimed], outside: Outside) -> Iterator[Results]:
    for one in claimed:
        try:
            note: Result = _kinds[one.kind](**one.arguments).perform(outside, action_id=one.id)
        except ActionError as exc:
            note = exc
        yield [(one, note)]


def forgetting_secrets(claimed: Claimed) -> dict[str, Any] | None:
    """The arguments as they may be kept for ever, None when they may stay as they are."""
    forget = getattr(_kinds[claimed.kind], "forgetting_secrets", None)
    return forget(claimed.arguments) if forget is not None else None
