"""Handlers by event type. The folder `tasks/handlers/` is read once at start; a broken file stops the start."""

import pkgutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import Any, TypeAlias, TypeVar

from state.unit_of_work import UnitOfWork
from tasks.jamf_lookup import JamfLookup
from tasks.notice import Notice
from tasks.owing import Owed

Decision: TypeAlias = Iterable[Owed | Notice | JamfLookup] | None
"""What is owed to the world, what people should hear of, and what is worth reading."""

Handler: TypeAlias = Callable[[Any, UnitOfWork], Decision]
"""A decision on one event: reads and writes state through the unit of work, never touches the network.

The event is a DeviceEvent for MDM topics, a Notification for Apple's types, a JamfEvent for Jamf Pro's.
"""

AnyHandler = TypeVar("AnyHandler", bound=Handler)

_handlers: dict[str, list[Handler]] = defaultdict(list)


def on(*topics: str) -> Callable[[AnyHandler], AnyHandler]:
    """Register a handler for event types; several handlers of one type run in the order of their names."""

    def register(handler: AnyHandler) -> AnyHandler:
        for topic in topics:
            _handlers[topic].append(handler)
            _handlers[topic].sort(key=lambda known: known.__qualname__)
        return handler

    return register


def load_handlers() -> None:
    """Import every file of `tasks/handlers/`. Raises: what a broken file raises; ValueError for a name taken twice."""
    package = import_module("tasks.handlers")
    for module in pkgutil.iter_modules(package.__path__, "tasks.handlers."):
        import_module(module.name)
    for topic, handlers in _handlers.items():
        names = [handler.__qualname__ for handler in handlers]
        if len(set(names)) < len(names):
            raise ValueError(f"two handlers of {topic} have the same name: {', '.join(names)}")


def handlers_of(topic: str) -> Sequence[Handler]:
    return _handlers.get(topic, ())
