"""Bodies of Jamf Pro's events in every form it has been seen to use, and in many that it should not."""

import itertools
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from simulators.identities import Kind, draw_identity
from simulators.jamf import Form, write
from simulators.jamf_events import EVENTS, Subject, computer, mobile

NAME = 'Sørens "lab" <mini> & Ü'
"""Of a device; ISO-8859-1 has all of it."""

BOM = b"\xef\xbb\xbf"
_PROLOG = re.compile(rb"<\?xml[^>]*\?>\s*")
_moments = itertools.count(1_774_012_400_031)


@dataclass(frozen=True)
class Post:
    """One body as it is posted; ``what`` it is, for people who read a failure."""

    what: str
    body: bytes
    content_type: str = "application/json"
    chunked: bool = False


def document(name: str) -> dict[str, Any]:
    """The event of this name as JSON has it, from a time that no other has."""
    rng = random.Random(name)
    mac, ipad = draw_identity(Kind.MAC, rng), draw_identity(Kind.IPAD, rng)
    subject = Subject(
        computer=computer(mac, name=NAME, os_version="15.6", os_build="24G84", jss_id=7731),
        mobile=mobile(ipad, name=NAME, os_version="18.6", os_build="22G86", jss_id=412),
        at=datetime(2026, 3, 20, 13, 0, tzinfo=UTC),
        rng=rng,
    )
    webhook = {"id": 21, "name": "Flöte", "webhookEvent": name, "eventTimestamp": next(_moments)}
    return {"webhook": webhook, "event": EVENTS[name](subject)}


def in_every_form() -> Iterator[Post]:
    """Each event, nested and flat, in JSON and XML, in UTF-8 with label, BOM or neither, and Latin-1; in chunks too."""
    forms = itertools.product(EVENTS, (False, True), (False, True), ("labelled", "unlabelled", "bom", "latin-1"))
    for (name, flat, xml, text), chunked in itertools.product(forms, (False, True)):
        body = write(document(name), Form(xml=xml, flat=flat))
        content_type = "text/xml" if xml else "application/json"
        if text == "labelled":
            content_type += "; charset=UTF-8"
        elif text == "bom":
            body = BOM + body
        else:
            body = _PROLOG.sub(b"", body)
        if text == "latin-1":
            body = body.decode().encode("latin-1")
        what = f"{name}, {'flat' if flat else 'nested'}, {'XML' if xml else 'JSON'}, {text}"
        yield Post(what=what, body=body, content_type=content_type, chunked=chunked)


WRONG: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    10**30,
    1e308,
    float("inf"),
    "",
    " ",
    "text",
    "9" * 400,
    "\ud800\u0000\n",
    [],
    [[]],
    {},
    {"a": {"b": [1, None, "x"]}},
    ["text", 7, None, True, {}],
)
"""Instead of a scalar."""


def with_wrong_types() -> Iterator[Post]:
    """Each event with all its scalars wrong in the same way, in JSON and XML, and each of them wrong by itself."""
    for name, value in itertools.product(EVENTS, WRONG):
        yield Post(f"{name}, all {value!r:.40}", as_json(all_wrong(name, value)))
        yield Post(f"{name}, event {value!r:.40}", as_json({**document(name), "event": value}))
        if "\x00" not in str(value):
            # Another moment: with the same it would be the same event, in JSON or XML.
            yield Post(f"{name}, all {value!r:.40}, XML", write(all_wrong(name, value), Form(xml=True)), "text/xml")
    for name in EVENTS:
        for number, path in enumerate(scalars(document(name)["event"])):
            value = WRONG[(number + len(name)) % len(WRONG)]
            yield Post(f"{name}, {path} {value!r:.40}", as_json(put(document(name), ("event", *path), value)))
    for key, value in itertools.product(("id", "name", "eventTimestamp"), WRONG):
        wrong = put(document("ComputerCheckIn"), ("webhook", key), value)
        yield Post(f"webhook.{key} {value!r:.40}", as_json(wrong))


def as_json(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


def all_wrong(name: str, value: Any) -> dict[str, Any]:
    wrong = document(name)
    for path in scalars(wrong["event"]):
        put(wrong, ("event", *path), value)
    return wrong


def scalars(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where in a document its scalars are."""
    if isinstance(value, dict):
        return [found for key, inner in value.items() for found in scalars(inner, (*path, key))]
    if isinstance(value, list):
        return [found for place, inner in enumerate(value) for found in scalars(inner, (*path, place))]
    return [path]


def put(document: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """The document itself, with this value there."""
    inner: Any = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return document
