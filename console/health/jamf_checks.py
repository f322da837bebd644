"""Each Jamf Pro that is to be read: can it be, and how did the last round go?"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from config.settings import Settings
from console.health.check import MOST_MISSED, START_EFFECTS, Check, ago, ok, span, warn
from domain.jamf_round import rest_after
from state.queries.rounds import Round

_NUMBERLESS = (
    "`jamf_records_unread` in the log of `python -m workers effects` tells of the first: look at it in Jamf Pro."
)


def jamf_checks(settings: Settings, rounds: Mapping[str, Round] | None, now: datetime) -> Iterator[Check]:
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


def _read(settings: Settings, name: str, rounds: Mapping[str, Round] | None, now: datetime) -> Check:
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
        return _late(f"jamf:{name}", seen, last, now, sender.reconcile_every)
    fix = (
        f"Put right what it says: `url` and the login in [senders.{name}], or the privileges of its API role "
        f"in Jamf Pro; {_next(last, sender.reconcile_every)}."
    )
    return warn(f"jamf:{name}", f"{seen}, but {ago(last.at, now)} not {_failures(last, now)}", fix)


def _late(check: str, seen: str, last: Round, now: datetime, every: float) -> Check:
    """Nothing failed; but was it read of late, or ever?"""
    late = (now - last.at).total_seconds() > MOST_MISSED * every
    if last.ended:
        seen = f"{seen}; all of it {ago(min(last.read_at.values(), default=last.at), now)}"
        if late or not last.unread:
            return warn(check, seen, START_EFFECTS) if late else ok(check, seen)
        without = " and ".join(f"{count} of its {part.replace('_', ' ')}" for part, count in last.unread.items())
        return warn(check, f"{seen}, except {without}, which have no number", _NUMBERLESS)
    fix = (
        "See in the logs of `python -m workers effects` and of the server what ends its reading each time; "
        f"it is tried again every {span(rest_after(None, every))}."
    )
    seen = f"{seen}; that began {ago(last.at, now)}, and never came to an end yet"
    return warn(check, seen, fix) if late else ok(check, seen)


def _next(last: Round, every: float) -> str:
    rest = rest_after(last.failed, every, last.stop)
    return f"it is tried again every {span(rest)}" if rest else "it goes on there when it is not left alone any more"


def _failures(last: Round, now: datetime) -> str:
    """Parts that failed for the same reason are named together."""
    parts_by_words: dict[str, list[str]] = {}
    for part, words in last.failed.items():
        read_at = last.read_at.get(part)
        since = f"last {ago(read_at, now)}" if read_at else "never yet"
        parts_by_words.setdefault(words, []).append(f"its {part.replace('_', ' ')} ({since})")
    return "; ".join(f"{', '.join(parts)}: {words}" for words, parts in parts_by_words.items())
