"""Each MicroMDM whose list of devices is asked for by the hour: could it be read?"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from config.settings import Settings
from console.health.check import MOST_MISSED, START_EFFECTS, Check, ago, ok, span, warn
from domain.mdm_list import LIST
from state.queries.rounds import Round
from tasks.resync import INTERVAL


def mdm_checks(settings: Settings, lists: Mapping[str, Round] | None, now: datetime) -> Iterator[Check]:
    """``lists`` are None while the database is away."""
    for name, sender in sorted(settings.senders.items()):
        if sender.kind == "micromdm" and sender.url:
            yield _list(name, lists, now)


def _list(name: str, lists: Mapping[str, Round] | None, now: datetime) -> Check:
    check = f"mdm_list:{name}"
    if lists is None:
        return ok(check, "whether its devices were read is not known while the database is away")
    last = lists.get(name)
    if last is None:
        return ok(check, f"its devices were not read yet; they are every {span(INTERVAL)}")
    if LIST not in last.failed:
        seen = f"its devices were read {ago(last.at, now)}"
        late = (now - last.at).total_seconds() > MOST_MISSED * INTERVAL
        return warn(check, seen, START_EFFECTS) if late else ok(check, seen)
    read_at = last.read_at.get(LIST)
    before = f"last were {ago(read_at, now)}" if read_at else "never were yet"
    seen = (
        f"its devices could not be read {ago(last.at, now)}, and {before}: {last.failed[LIST]}; "
        "nobody was un-enrolled because of it"
    )
    fix = (
        f"Put right what it says: `url` and `api_key` in [senders.{name}], or the server; it is tried again every "
        f"{span(INTERVAL)}, and what was missed meanwhile is made up for then."
    )
    return warn(check, seen, fix)
