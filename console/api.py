"""The JSON API: lists and items under `/api/`, for whoever has a token. Orders are in console.api_orders."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import NotFound, Unauthorized

from config.secret_file import Secrets
from console.api_orders import Orders, add_orders
from console.health import examine
from console.received import list_received
from console.senders import FILTERS as SENDER_FILTERS
from console.senders import senders
from console.stores import Stores
from domain.errors import BadQuery
from domain.json_types import JSONObject
from state.queries import Engine
from state.queries.actions import list_actions, one_action
from state.queries.commands import list_commands, one_command
from state.queries.devices import list_devices, one_device
from state.queries.events import RECEIVED, list_events, one_event
from state.queries.installs import list_installs, one_install
from state.queries.inventory import INVENTORY_LISTS
from state.queries.jamf import LISTS as JAMF_LISTS
from state.queries.licences import (
    list_assets,
    list_assignments,
    list_users,
    one_asset,
    one_assignment,
    one_user,
)
from state.queries.pages import Filters, Page, Question, one_of, page_of_all, read_question, text_value

Many: TypeAlias = Callable[[Engine, Question], Page]
One: TypeAlias = Callable[[Engine, str], JSONObject | None]

FROM_SQL: Mapping[str, tuple[Many, One]] = {
    "devices": (list_devices, one_device),
    "assets": (list_assets, one_asset),
    "assignments": (list_assignments, one_assignment),
    "users": (list_users, one_user),
    "installs": (list_installs, one_install),
    "commands": (list_commands, one_command),
    "actions": (list_actions, one_action),
    **{name.replace("_", "-"): (each.many, each.one) for name, each in INVENTORY_LISTS.items()},
    **{f"jamf-{name}": (each.many, each.one) for name, each in JAMF_LISTS.items()},
}
"""Lists that are nothing but tables."""

HEALTH_FILTERS: Filters = {"name": text_value, "status": one_of("ok", "warn", "fail")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Answers for lists and items, from SQL, Redis and the settings."""

    stores: Stores
    now: Callable[[], datetime]

    def list_events(self, question: Question) -> Page:
        if question.filters.get("status") == RECEIVED:
            return list_received(self.stores.inboxes, question)
        return list_events(self.stores.engine, question)

    def list_senders(self, question: Question) -> Page:
        return page_of_all(senders(self.stores, self.now()), question, SENDER_FILTERS, key="name")

    def list_health(self, question: Question) -> Page:
        return page_of_all(self._health(), question, HEALTH_FILTERS, key="name")

    def one_event(self, identifier: str) -> JSONObject | None:
        return one_event(self.stores.engine, identifier)

    def from_sql(self, many: Many, one: One) -> tuple[Callable[[Question], Page], Callable[[str], JSONObject | None]]:
        return (
            lambda question: many(self.stores.engine, question),
            lambda identifier: one(self.stores.engine, identifier),
        )

    def one_sender(self, name: str) -> JSONObject | None:
        return next((item for item in senders(self.stores, self.now()) if item["name"] == name), None)

    def one_check(self, name: str) -> JSONObject | None:
        return next((item for item in self._health() if item["name"] == name), None)

    def _health(self) -> list[JSONObject]:
        return [check.as_json() for check in examine(self.stores, self.now())]


def create_api(reader: Reader, orders: Orders) -> Blueprint:
    """Routes of all lists; the token is checked by the app, before it tells what exists."""
    api = Blueprint("api", __name__, url_prefix="/api")
    lists: Mapping[str, tuple[Callable[[Question], Page], Callable[[str], JSONObject | None]]] = {
        "events": (reader.list_events, reader.one_event),
        "senders": (reader.list_senders, reader.one_sender),
        "health": (reader.list_health, reader.one_check),
        **{name: reader.from_sql(many, one) for name, (many, one) in FROM_SQL.items()},
    }
    names = ", ".join(f'"{name}"' for name in lists)

    @api.get("")
    @api.get("/")
    def index() -> Response:
        return jsonify(lists=[f"{api.url_prefix}/{name}" for name in lists])

    @api.get(f"/<any({names}):name>")
    def many(name: str) -> Response:
        page = lists[name][0](read_question(_arguments()))
        return jsonify(items=page.items, next=page.next)

    # What devices are called is up to MDM servers, and may have a slash in it.
    @api.get('/<any("devices"):name>/<path:identifier>')
    @api.get(f"/<any({names}):name>/<identifier>")
    def one(name: str, identifier: str) -> Response:
        item = lists[name][1](identifier)
        if item is None:
            raise NotFound(f"there is no {identifier!r} in {name}")
        return jsonify(item)

    add_orders(api, orders)
    return api


def demand_token(tokens: Secrets) -> None:
    """Raises: Unauthorized, also when no token is configured: the API is never open."""
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    raw = shown.strip().encode("latin-1", "replace")
    good = False
    for token in tokens.accepted():
        good |= hmac.compare_digest(raw, token)
    if not good or scheme.lower() != "bearer":
        error = Unauthorized("send the API token as `Authorization: Bearer <token>`")
        error.www_authenticate = None
        raise error


def _arguments() -> dict[str, Any]:
    twice = sorted(name for name, values in request.args.lists() if len(values) > 1)
    if twice:
        raise BadQuery(f"{', '.join(twice)}: given more than once")
    return dict(request.args.items())
