"""What the JSON API takes orders for: commands to devices, another try of an action, another run of an event."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import BadRequest, NotFound

from console.api_inventory import add_inventory
from console.commanding import place, prepare
from console.replay import Replayer
from console.stores import Stores
from domain import json_body
from domain.commands import check
from domain.errors import CannotRetry, MalformedEvent
from domain.json_types import JSONObject
from domain.text import storable
from state.queries.devices import NAMES
from tasks.retrying import retry

LARGEST_BODY = 8 * 1024 * 1024
"""Bytes; profiles come as base64."""

LONGEST_KEY = 200

_COMMAND_FIELDS = (*NAMES, "request_type", "arguments", "unchecked", "idempotency_key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """Where orders go."""

    stores: Stores
    replayer: Replayer
    now: Callable[[], datetime]


def add_orders(api: Blueprint, orders: Orders) -> None:
    add_inventory(api, orders.stores, orders.now)

    @api.post("/events/<identifier>/replay")
    def replay(identifier: str) -> tuple[Response, int]:
        if orders.replayer.replay(identifier) is None:
            raise NotFound(f"there is no event {identifier!r}")
        return jsonify(id=identifier), 202

    @api.post("/commands")
    def command() -> tuple[Response, int]:
        return jsonify(_order(orders, _body())), 202

    @api.post("/actions/<identifier>/retry")
    def try_again(identifier: str) -> tuple[Response, int]:
        return jsonify(_retry(orders, storable(identifier), _body())), 202


def _order(orders: Orders, body: JSONObject) -> JSONObject:
    """See `domain.commands.check` for what a command may be."""
    _only(
        body,
        _COMMAND_FIELDS,
        "what the command carries goes into `arguments`, and its command_uuid is made here "
        "(an `idempotency_key` makes a repeated request harmless)",
    )
    named = [name for name in NAMES if body.get(name) is not None]
    if len(named) != 1 or not isinstance(body[named[0]], str):
        raise BadRequest(
            f"name the device by one of {', '.join(NAMES)}, as text; device_id takes a user's too, UDID:UserID"
        )
    for field, kind, words in (
        ("request_type", str, "text, such as DeviceInformation"),
        ("arguments", dict, "an object"),
        ("unchecked", bool, "true or false"),
    ):
        if not isinstance(body.get(field, kind()), kind):
            raise BadRequest(f"{field} is {words}")
    if "request_type" not in body:
        raise BadRequest("request_type is missing")
    command = check(body["request_type"], body.get("arguments", {}), unchecked=body.get("unchecked", False))
    prepared = prepare(orders.stores, command, body[named[0]], by=(named[0],))
    return place(orders.stores, prepared, now=orders.now(), key=_key(body))


def _key(body: JSONObject) -> str | None:
    """As a field, or as the header that many clients know."""
    key = body.get("idempotency_key", request.headers.get("Idempotency-Key"))
    if key is not None and not (isinstance(key, str) and 0 < len(key) <= LONGEST_KEY):
        raise BadRequest(f"an idempotency key is a text of 1 to {LONGEST_KEY} characters")
    return storable(key) if key is not None else None


def _retry(orders: Orders, identifier: str, body: JSONObject) -> JSONObject:
    _only(body, ("again",), "")
    again = body.get("again", False)
    if not isinstance(again, bool):
        raise BadRequest("again is true or false")
    verdicts = retry(orders.stores.engine, orders.stores.setup, [identifier], now=orders.now(), again=again)
    if not verdicts:
        raise NotFound(f"there is no action {identifier!r}")
    if verdicts[0].refusal is not None:
        raise CannotRetry(f"action {identifier} is not tried again: {verdicts[0].refusal}")
    orders.stores.wake_deliverer(verdicts[0].destination)
    told: JSONObject = {"id": identifier, "destination": verdicts[0].destination}
    told |= {"install": "waiting"} if verdicts[0].anew else {"state": "pending"}
    return told | ({"note": verdicts[0].note} if verdicts[0].note else {})


def _only(body: JSONObject, fields: tuple[str, ...], words: str) -> None:
    unknown = [name for name in body if name not in fields]
    if unknown:
        hint = f": {words}" if words else ""
        raise BadRequest(f"unknown: {', '.join(map(repr, unknown))}; the fields are {', '.join(fields)}{hint}")


def _body() -> JSONObject:
    """The object that was sent; none is an empty one."""
    request.max_content_length = LARGEST_BODY
    raw = request.get_data()
    try:
        return json_body.parse_object(raw) if raw.strip() else {}
    except MalformedEvent as exc:
        raise BadRequest(f"the body is a JSON object, and this one is {exc}") from exc
