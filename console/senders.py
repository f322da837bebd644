"""Senders as people see them: on or off, how much they sent, what was refused; never a secret."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

from redis.exceptions import RedisError

from config.refusals import read_refusals
from config.settings import Settings
from console.stores import Stores
from domain.clock import rfc3339
from domain.json_types import JSONObject
from domain.kinds import KINDS
from state.queries.counts import Activity, activity
from state.queries.events import STORED
from state.queries.pages import Filters, one_of, text_value, true_or_false

FILTERS: Filters = {"name": text_value, "kind": one_of(*KINDS), "on": true_or_false}

DAY = timedelta(days=1)


def senders(stores: Stores, now: datetime) -> list[JSONObject]:
    """All senders, by name. `refused` is None while Redis is away. Raises: DatabaseAway."""
    active = activity(stores.engine, kinds_of(stores.settings), since=now - DAY)
    refused = _refusals(stores)
    return [_sender(stores.settings, name, active[name], refused) for name in sorted(active)]


def _sender(settings: Settings, name: str, seen: Activity, refused: Mapping[tuple[str, str], int] | None) -> JSONObject:
    sender = settings.senders[name]
    return {
        "id": name,
        "name": name,
        "kind": sender.kind,
        "on": is_on(settings, name),
        "path": webhook_path(name),
        "url": _without_credentials(sender.url) if sender.url else None,
        "last_event_at": rfc3339(seen.last_event_at) if seen.last_event_at else None,
        "last_day": dict.fromkeys(STORED, 0) | dict(seen.numbers),
        "refused": None if refused is None else {why: n for (who, why), n in sorted(refused.items()) if who == name},
    }


def kinds_of(settings: Settings) -> dict[str, str]:
    """The kind of each sender, by name."""
    return {name: sender.kind for name, sender in settings.senders.items()}


def is_on(settings: Settings, name: str) -> bool:
    """A sender without a secret is off."""
    return bool(settings.sender_secrets(name).accepted())


def webhook_path(name: str) -> str:
    return f"/webhooks/{name}"


def _refusals(stores: Stores) -> dict[tuple[str, str], int] | None:
    try:
        return read_refusals(stores.redis)
    except (RedisError, OSError):
        return None


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
