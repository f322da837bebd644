"""Something that is owed to a server will not be tried again by itself."""

from datetime import timedelta

from domain.json_types import JSONObject
from state.failures import dead_actions
from tasks.drafting import Draft, Worded, text_of
from tasks.outside import Outside

WITHIN = timedelta(hours=1)
"""People are told at most once in so long, so this is what there is to tell."""

CALLED = {"send_command": "command", "push": "push"}
"""Kinds of action as people know them."""


def word(facts: JSONObject, outside: Outside) -> Worded:
    """``facts`` are `destination`, `kind`, and `error` and `count` for when the actions themselves are gone by now."""
    destination, kind = text_of(facts, "destination"), text_of(facts, "kind")
    dead = dead_actions(outside.engine, destination, kind, since=outside.now() - WITHIN)
    told = facts.get("count")
    count = dead.count or (told if isinstance(told, int) else 0) or 1
    things = CALLED.get(kind, kind) + ("" if count == 1 else "es" if kind == "push" else "s")
    title = f"{count} {things} to {_place(destination)} gave up"
    return Draft(
        subject=title,
        opening=f"{title} in the last hour." if dead.count else f"{title}.",
        facts={
            "Destination": destination,
            "Kind": kind,
            "Newest error": dead.error or text_of(facts, "error") or "unknown",
        },
        closing="`windfall actions --state dead` lists what gave up, and why. When the cause is gone, "
        f"`windfall actions retry --all-dead --destination {destination}` tries it again.",
    ).worded()


def _place(destination: str) -> str:
    sender = destination.removeprefix("mdm:")
    return sender if sender == destination else f"the MDM server {sender}"
