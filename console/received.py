"""Events that are accepted and still wait in their inboxes: what is known of them before anybody has read them."""

from datetime import UTC, datetime

from config.contract import INBOXES, inbox_of, kind_of_inbox
from config.inbox import Entry, Inboxes
from domain.clock import rfc3339
from domain.envelope import Envelope
from domain.errors import BadQuery
from domain.json_types import JSONObject
from domain.kinds import KINDS
from state.queries.events import FIELDS, RECEIVED
from state.queries.events import FILTERS as STORED_FILTERS
from state.queries.pages import MOST, Page, Question

FILTERS = {name: read for name, read in STORED_FILTERS.items() if name not in ("event_id", "device_id", "body")}


def list_received(inboxes: Inboxes, question: Question) -> Page:
    """The events that wait longest, oldest first; there is only one page, as they are on their way.

    What was not read yet is None, `id` too, unless it is a replay; `delivery_id` is what their sender was answered.
    Raises: BadQuery; redis.exceptions.RedisError.
    """
    if "event_id" in question.filters or "device_id" in question.filters:
        raise BadQuery(
            "event_id and device_id of an event are not known before it was processed; leave out status=received"
        )
    wanted = question.values(FILTERS)
    items = [
        item
        for inbox in _waiting(inboxes, wanted.get("kind"), wanted.get("type"))
        for item in (_item(inbox, entry) for entry in inboxes.peek(inbox, limit=MOST))
        if all(item[name] == value for name, value in wanted.items())
    ]
    return Page(items=sorted(items, key=lambda item: str(item["received_at"]))[: question.limit])


def _waiting(inboxes: Inboxes, kind: str | None, event_type: str | None) -> list[str]:
    """The inboxes to look into that have mail."""
    of_type = {inbox_of(each, event_type) for each in KINDS} if event_type else set(INBOXES)
    named = [inbox for inbox in INBOXES if inbox in of_type and kind in (None, kind_of_inbox(inbox))]
    return [state.inbox for state in inboxes.states(named) if state.length]


def _item(inbox: str, entry: Entry) -> JSONObject:
    blank = dict.fromkeys(FIELDS) | {"status": RECEIVED, "kind": kind_of_inbox(inbox), "flags": [], "details": {}}
    try:
        envelope = Envelope.read(entry.head, entry.body)
    except (ValueError, KeyError, TypeError) as exc:
        return blank | {"received_at": _appended_at(entry), "error": f"its envelope cannot be read: {exc}"}
    return blank | {
        "id": envelope.replay_of,
        "sender": envelope.sender,
        "kind": envelope.kind,
        "type": envelope.type or "quarantine",
        "received_at": rfc3339(envelope.received_at),
        "error": envelope.error,
        "delivery_id": envelope.delivery_id,
    }


def _appended_at(entry: Entry) -> str:
    """The stream's ids begin with milliseconds."""
    return rfc3339(datetime.fromtimestamp(int(entry.id.partition("-")[0]) / 1000, UTC))
