"""Something that is owed to a server will not be tried again by itself."""

from datetime import timedelta

from domain.clock import parse_time
from domain.json_types import JSONObject
from state.failures import dead_actions, told_until
from tasks.drafting import Draft, Worded, text_of
from tasks.manners import CLAIM
from tasks.outside import Outside

CALLED = {"send_command": ("command", "commands"), "push": ("push", "pushes")}
"""Kinds of action as people know them, one and many."""

LAG = timedelta(seconds=30)
"""For so long the end of an attempt may be on its way to the ledger, where a notice does not see it yet."""


def word(facts: JSONObject, outside: Outside) -> Worded | None:
    """``facts`` are `destination`, `kind`, and of the first that gave up the time (`since`) and the `error`.

    `told_as` is the key of this notice, by which those before it are found. All is counted that gave up since the last
    of them was sent, however long ago that is. None: that one has told it all.
    """
    destination, kind = text_of(facts, "destination"), text_of(facts, "kind")
    first, told_as = parse_time(facts.get("since")), str(facts.get("told_as") or "")
    told = told_until(outside.engine, told_as, claimed_for=timedelta(seconds=CLAIM)) if told_as else first
    since = told if told is None or first is None else min(told, max(first, told - LAG))
    dead = dead_actions(outside.engine, destination, kind, since=since)
    if not dead.count and told is not None and first is not None and first < told:
        return None
    one, many = CALLED.get(kind, (kind, f"{kind}s"))
    # Given another try by now, they cannot be counted.
    things = f"{dead.count} {one if dead.count == 1 else many}" if dead.count else many.capitalize()
    title = f"{things} to {_place(destination)} gave up"
    gave_up_at = dead.first_at or first
    return Draft(
        subject=title,
        opening=f"{title} since {gave_up_at:%Y-%m-%d %H:%M} UTC." if gave_up_at else f"{title}.",
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
