"""Ids that are made from what a row is about, so that whoever writes it first makes the same one."""

from domain.classification import digest
from domain.notification import Pair, serial_key
from state.schema.metadata import DIGEST


def asset_id(u_id: str, adam_id: str, pricing_param: str) -> str:
    return digest(u_id, adam_id, pricing_param)[:DIGEST]


def user_id(u_id: str, client_user_id: str) -> str:
    return digest(u_id, client_user_id)[:DIGEST]


def assignment_id(u_id: str, pair: Pair) -> str:
    target = f"u{pair.client_user_id}" if pair.serial_number is None else f"s{serial_key(pair.serial_number)}"
    return digest(u_id, pair.adam_id, pair.pricing_param, target)[:DIGEST]
