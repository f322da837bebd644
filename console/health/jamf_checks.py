"""Each Jamf Pro that is to be read: can it be, and how did the last round go?"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from config.settings import Settings
from console.health.check import Check, ok, span, warn
from state.queries.jamf_rounds import JamfRound

MOST_MISSED = 3
"""Rounds that may be missing before people should know."""

_LATE = "Start `python -m workers effects` and beat (`windfall up` starts everything), or look at their logs."


def jamf_checks(settings: Settings, rounds: Mapping[str, JamfRound] | None, now: datetime) -> Iterator[Check]:
    """``rounds`` are None while the database is away."""
    for name in sorted(settings.senders):
        if settings.senders[name].reads_jamf:
            yield _unsaid(settings, name) or _read(settings, name, rounds, now)


def _unsaid(settings: Settings, name: str) -> Check | None:
    """That nothing is read is a choice; wanting it and not saying where or as whom is none."""
    sender = settings.senders[name]
    secret = sender.account_secret
    wanted = {
        "url": sender.url,
        "client_id (or username)": sender.account,
        secret: sender.secret(secret).current(),
    }
    absent = [setting for setting, value in wanted.items() if not value]
    if not absent:
        return None
    seen = f"is not read: nobody says its {' and '.join(absent)}"
    return warn(f"jamf:{name}", seen, f"Set them in [senders.{name}], or neither `enrich` nor `reconcile_every`.")


def _read(settings: Settings, name: str, rounds: Mapping[str, JamfRound] | None, now: datetime) -> Check:
    """Single reads that fail are owed actions, of which others tell; a round leaves nothing owed."""
    sender = settings.senders[name]
    ways = {"after its events": sender.enrich, "now and then": sender.reconcile_every is not None}
    seen = f"is read {' and '.join(way for way, is_on in ways.items() if is_on)}"
    if sender.reconcile_every is None:
        return ok(f"jamf:{name}", seen)
    if rounds is None:
        return ok(f"jamf:{name}", f"{seen}; how that goes is not known while the database is away")
    last = rounds.get(name)
    if last is None:
        return ok(f"jamf:{name}", seen)
    if not last.failed:
        seen = f"{seen}; all of it {_ago(last.at, now)}"
        late = (now - last.at).total_seconds() > MOST_MISSED * sender.reconcile_every
        return warn(f"jamf:{name}", seen, _LATE) if late else ok(f"jamf:{name}", seen)
    fix = (
        f"Put right what it says: `url` and the login in [senders.{name}], or the privileges of its API role "
        f"in Jamf Pro; it is tried again every {span(sender.reconcile_every)}."
    )
    return warn(f"jamf:{name}", f"{seen}, but {_ago(last.at, now)} not {_failures(last, now)}", fix)


def _failures(last: JamfRound, now: datetime) -> str:
    """Parts that failed for the same reason are named together."""
    parts_by_words: dict[str, list[str]] = {}
    for part, words in last.failed.items():
        read_at = last.read_at.get(part)
        since = f"last {_ago(read_at, now)}" if read_at else "never yet"
        parts_by_words.setdefault(words, []).append(f"its {part.replace('_', ' ')} ({since})")
    return "; ".join(f"{', '.join(parts)}: {words}" for words, parts in parts_by_words.items())


def _ago(moment: datetime, now: datetime) -> str:
    return f"{span(max(0.0, (now - moment).total_seconds()))} ago"
