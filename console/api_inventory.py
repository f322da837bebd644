"""Asking a device for everything over the JSON API, and how far that has come."""

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import BadRequest

from console.inquiring import inquire, progress
from console.stores import Stores

LARGEST_BODY = 1024
"""Bytes; there is nothing to say."""


def add_inventory(api: Blueprint, stores: Stores, now: Callable[[], datetime]) -> None:
    """`/api/devices/<id>/inventory`; a device whose own id ends like that is found in the list of devices."""

    @api.get("/devices/<path:identifier>/inventory")
    def inventory(identifier: str) -> Response:
        return jsonify(progress(stores.engine, identifier))

    @api.post("/devices/<path:identifier>/inventory")
    def ask(identifier: str) -> tuple[Response, int]:
        request.max_content_length = LARGEST_BODY
        if request.get_data().strip() not in (b"", b"{}"):
            raise BadRequest("what is asked is up to the device: the body is empty, or {}")
        return jsonify(inquire(stores, identifier, now=now(), by=("device_id",))), 202
