"""A device in Jamf Pro as its page tells it: which records it has there, when they were heard, whether it has left."""

from collections.abc import Iterator

from domain.json_types import JSON, JSONObject


def records_in_jamf(page: JSONObject) -> Iterator[tuple[JSONObject, str | None]]:
    """Each with when it was heard, those heard last first.

    What a server told under a management id or UDID alone, as of a push, is about the record that it has, and no other.
    """
    numbered: dict[str, str] = {}
    for record in page["jamf"]:
        if record["jamf_id"]:
            numbered.setdefault(record["sender"], record["id"])
    for record in page["jamf"]:
        if numbered.get(record["sender"]) == record["id"]:
            yield record, _newest(one for one in page["jamf"] if one is record or _has_no_number(one, record["sender"]))
        elif record["jamf_id"] or record["sender"] not in numbered:
            yield record, record["last_seen_at"]


def heard_in_jamf(page: JSONObject) -> str | None:
    """When a Jamf Pro heard it last; None: nobody told."""
    return _newest(iter(page["jamf"]))


def left_jamf_at(page: JSONObject) -> str | None:
    """When it left Jamf Pro; empty when nobody told the time, None when it is there.

    It may have moved from one server to another: what counts is who heard it last. A read only repeats what is so.
    """
    gone = [record for record in page["jamf"] if _fact(record, "enrolled") is False]
    if not gone:
        return None
    left = max(gone, key=lambda record: str(_fact(record, "un_enrolled_at") or ""))
    left_at = str(_fact(left, "un_enrolled_at") or "")
    others = (record for record in page["jamf"] if record["jamf_id"] and _fact(record, "enrolled") is not False)
    return left_at if (_newest(others) or "") <= (_newest(iter(gone)) or left_at) else None


def _fact(record: JSONObject, name: str) -> JSON:
    fact = (record.get("facts") or {}).get(name)
    return fact.get("value") if isinstance(fact, dict) else None


def _has_no_number(record: JSONObject, sender: str) -> bool:
    return record["sender"] == sender and not record["jamf_id"]


def _newest(records: Iterator[JSONObject]) -> str | None:
    return max((str(record["last_seen_at"]) for record in records if record["last_seen_at"]), default=None)
