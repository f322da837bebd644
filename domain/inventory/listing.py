"""What is known of one list: the newest answer that was whole, and what later ones said of some items.

A join, like domain.facts: any order of answers, any of them twice, ends in the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from domain.json_types import JSONObject

Order: TypeAlias = list[Any]
"""`[at, rank, by]` of domain.facts.Stamp, as JSON; of two the greater is the newer."""

Layer: TypeAlias = list[Any]
"""`[at, rank, by, columns]`: what an answer that was not whole said of an item, as far as nothing newer says it."""

_COLUMNS = 3


@dataclass(slots=True, kw_only=True)
class Listing:
    """``since`` is the order of the newest whole answer, None before there was one, and ``base`` what it named.

    ``layers`` hold only what is newer than ``since``, the newest first.
    """

    since: Order | None = None
    left_out: int = 0
    base: dict[str, JSONObject] = field(default_factory=dict)
    layers: dict[str, list[Layer]] = field(default_factory=dict)

    def tell(self, items: Mapping[str, JSONObject], order: Order, *, whole: bool, left_out: int = 0) -> None:
        """Apply one answer."""
        if whole:
            self.join(Listing(since=order, left_out=left_out, base=dict(items)))
        else:
            self.join(Listing(layers={key: [[*order, columns]] for key, columns in items.items()}))

    def join(self, other: "Listing") -> None:
        """Take over what is newer there. At the same time the other wins: it is the same event, read anew."""
        if other.since is not None and (self.since is None or other.since >= self.since):
            self.since, self.left_out, self.base = other.since, other.left_out, other.base
            self._forget_older()
        for key, layers in other.layers.items():
            newer = [layer for layer in layers if layer[_COLUMNS] and self._is_news(layer)]
            if newer:
                self.layers[key] = _stacked([*newer, *self.layers.get(key, ())])

    def _is_news(self, layer: Layer) -> bool:
        return self.since is None or layer[:_COLUMNS] > self.since

    def _forget_older(self) -> None:
        left = {key: [layer for layer in layers if self._is_news(layer)] for key, layers in self.layers.items()}
        self.layers = {key: layers for key, layers in left.items() if layers}

    def of(self, key: str) -> tuple[JSONObject | None, list[Layer] | None]:
        """All that makes an item what it is, to be compared."""
        return self.base.get(key), self.layers.get(key)

    @property
    def keys(self) -> set[str]:
        """Of all items that are there."""
        return self.base.keys() | self.layers.keys()

    def columns(self, key: str) -> JSONObject:
        """What is known of an item in all."""
        columns = self.base.get(key, {})
        layers = self.layers.get(key)
        if not layers:
            return columns
        columns = dict(columns)
        for layer in reversed(layers):
            columns |= layer[_COLUMNS]
        return columns


def _stacked(layers: Iterable[Layer]) -> list[Layer]:
    """The newest first, each column only in the newest that says it; at the same time the first given wins."""
    layers = list(layers)
    if len(layers) == 1:
        return layers
    said: set[str] = set()
    found: list[Layer] = []
    for *order, columns in sorted(layers, key=lambda layer: layer[:_COLUMNS], reverse=True):
        new = {name: value for name, value in columns.items() if name not in said}
        said |= new.keys()
        if new:
            found.append([*order, new])
    return found
