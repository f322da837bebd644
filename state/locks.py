"""Locks of serial numbers and users, under which what Apple says of them is joined with what devices say."""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from domain.notification import Pair, serial_key
from state.keys import user_id
from state.portions import portions
from state.schema import locks
from state.upsert import insert_missing


def take_locks(connection: Connection, names: Iterable[str]) -> None:
    """Hold the rows of these names until commit. In sorted order: two that meet wait, and never in a circle.

    Missing rows come first, all of them: who waits for one that somebody is about to insert holds none that was there.
    """
    wanted = sorted(set(names))
    for part in portions(wanted):
        known = set(connection.scalars(select(locks.c.name).where(locks.c.name.in_(part))))
        missing = [{"name": name} for name in part if name not in known]
        if missing:
            insert_missing(connection, locks, missing)
    # Sorted as Python sorts, whatever the database's language: of two that meet, portions may begin at other names.
    by_name = locks.c.name.collate("C") if connection.dialect.name == "postgresql" else locks.c.name
    for part in portions(wanted):
        connection.execute(select(locks.c.name).where(locks.c.name.in_(part)).order_by(by_name).with_for_update())


def lock_of_pair(u_id: str, pair: Pair) -> str:
    """The lock under which an assignment is read and written."""
    if pair.serial_number is not None:
        return lock_of_serial(serial_key(pair.serial_number))
    return lock_of_user(u_id, pair.client_user_id or "")


def lock_of_serial(key: str) -> str:
    return f"serial:{key}"


def lock_of_user(u_id: str, client_user_id: str) -> str:
    return f"user:{user_id(u_id, client_user_id)}"
