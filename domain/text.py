"""What a database and a log line can hold of text that strangers wrote."""

import math
import re
from collections.abc import Iterable
from typing import Any

from domain.json_types import JSON

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """The text with NUL and lone surrogates replaced by U+FFFD; PostgreSQL holds neither, in TEXT nor in JSONB.

    Source: https://www.postgresql.org/docs/current/datatype-json.html (checked 2026-11).
    """
    if text.isascii() and "\x00" not in text:
        return text
    return _UNSTORABLE.sub("\ufffd", text)


def storable_tree(value: JSON) -> JSON:
    """A copy of decoded JSON in which every text and key is `storable`, and NaN and the infinities are ``None``.

    Iterative, so depth is no matter; ``value`` must be a tree, as ``json.loads`` gives. Of keys that become
    equal the last wins.
    """
    holder = [value]
    todo: list[Any] = [holder]
    while todo:
        node = todo.pop()
        places: Iterable[tuple[Any, Any]] = node.items() if isinstance(node, dict) else enumerate(node)
        for place, child in places:
            node[place] = clean = _storable_node(child)
            if isinstance(clean, dict | list):
                todo.append(clean)
    return holder[0]


def _storable_node(value: JSON) -> JSON:
    """The value itself made storable; a container is copied and its keys cleaned, its children left as they are."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(key): child for key, child in value.items()}
    if isinstance(value, list):
        return list(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def clipped(text: str, limit: int) -> str:
    """At most ``limit`` characters (1 or more) of the text; the last is "…" where something was cut off."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
