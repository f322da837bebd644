"""Installs that nothing could prove, as nobody had named the bundle id of their app, until somebody did."""

from sqlalchemy import Engine, select

from state.pending import Unfinished
from state.schema import devices, installs


def named_since(engine: Engine, *, limit: int) -> list[Unfinished]:
    """Those that are stuck for want of a name alone, whose app another device has named by now, of enrolled devices."""
    nameless = (installs.c.state == "stuck", installs.c.bundle_id.is_(None), installs.c.acknowledged_at.is_not(None))
    columns = (installs.c.id, installs.c.device_id, devices.c.serial_key, devices.c.sender)
    with engine.connect() as connection:
        # App by app, as they are few: whether anybody named one is asked of its first devices, not of all.
        apps = connection.scalars(select(installs.c.adam_id).where(*nameless).distinct().limit(limit)).all()
        named = [
            app
            for app in apps
            if connection.scalar(
                select(installs.c.id).where(installs.c.adam_id == app, installs.c.bundle_id.is_not(None)).limit(1)
            )
        ]
        query = select(*columns).join(devices, devices.c.id == installs.c.device_id)
        query = query.where(*nameless, installs.c.adam_id.in_(named), devices.c.enrolled.is_not(False))
        rows = connection.execute(query.order_by(installs.c.id).limit(limit)).mappings().all() if named else []
    return [Unfinished(**{**row, "sender": row["sender"] or ""}) for row in rows]
