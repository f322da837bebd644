"""Something that is owed to a server will not be tried again by itself."""

from datetime import datetime, timedelta

from domain.clock import parse_time
from domain.json_types import JSONObject
from state.failures import dead_actions, first_done
from tasks.drafting import Draft, Worded, text_of
from tasks.outside import Outside

WITHIN = timedelta(hours=1)
"""People are told at most once in so long: what gave up after they were told comes with the next that does."""

CALLED = {"send_command": ("command", "commands"), "push": ("push", "pushes")}
"""Kinds of action as people know them, one and many."""


def word(facts: JSONObject, outside: Outside) -> Worded:
    """``facts`` are `destination`, `kind`, and of the first that gave up the time (`since`) and the `error`.

    `before` is the occasion of the hour before. All that gave up until now is counted, however late people are told.
    """
    destination, kind = text_of(facts, "destination"), text_of(facts, "kind")
    dead = dead_actions(outside.engine, destination, kind, since=_since(facts, outside))
    one, many = CALLED.get(kind, (kind, f"{kind}s"))
    # Given another try by now, they cannot be counted.
    things = f"{dead.count} {one if dead.count == 1 else many}" if dead.count else many.capitalize()
    title = f"{things} to {_place(destination)} gave up"
    since = dead.first_at or parse_time(facts.get("since"))
    return Draft(
        subject=title,
        opening=f"{title} since {since:%Y-%m-%d %H:%M} UTC." if since else f"{title}.",
        facts={
            "Destination": destination,
            "Kind": kind,
            "Newest error": dead.error or text_of(facts, "error") or "unknown",
        },
        closing="`windfall actions --state dead` lists what gave up, and why. When the cause is gone, "
        f"`windfall actions retry --all-dead --destination {destination}` tries it again.",
    ).worded()


def _since(facts: JSONObject, outside: Outside) -> datetime:
    """When the first gave up of which nobody has told: since the last notice when that is an hour old at most."""
    first = parse_time(facts.get("since"))
    if first is None:  # of a version that did not keep it
        return outside.now() - WITHIN
    before = text_of(facts, "before")
    told_at = first_done(outside.engine, [f"{channel}:{before}" for channel in ("mail", "chat")])
    # Whoever settles beside the first may have an earlier time and come later.
    return min(first, max(first - WITHIN, told_at or first - WITHIN))


def _place(destination: str) -> str:
    sender = destination.removeprefix("mdm:")
    return sender if sender == destination else f"the MDM server {sender}"
