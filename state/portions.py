"""Long lists in portions that one statement can hold."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

AT_ONCE = 5000

Item = TypeVar("Item")


def portions(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    return (items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE))
