"""Events and their keys, devices and their users, counts."""

import sqlalchemy as sa
from alembic import op

from state.moment import Moment

revision = "0001"
down_revision = None


def upgrade() -> None:
    _create_events()
    _create_devices()
    op.create_table(
        "event_counts",
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("type", sa.String(100), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("kind", "type", "outcome", name="pk_event_counts"),
    )


def _create_events() -> None:
    op.create_table(
        "event_keys",
        sa.Column("key", sa.LargeBinary(32), nullable=False),
        sa.Column("first_seen_at", Moment, nullable=False),
        sa.Column("seen", sa.Integer, nullable=False),
        sa.Column("delivery_id", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_event_keys"),
    )
    op.create_index("ix_event_keys_first_seen_at", "event_keys", ["first_seen_at"])
    op.create_table(
        "events",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("key", sa.LargeBinary(32), nullable=False),
        sa.Column("sender", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("type", sa.String(100), nullable=False),
        sa.Column("event_id", sa.String(255)),
        sa.Column("device_id", sa.String(255)),
        sa.Column("occurred_at", Moment, nullable=False),
        sa.Column("received_at", Moment, nullable=False),
        sa.Column("processed_at", Moment, nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("flags", sa.JSON, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sa.Column("content_type", sa.String(200), nullable=False),
        sa.Column("remote_addr", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
    )
    for column in ("device_id", "sender", "type"):
        op.create_index(f"ix_events_{column}_id", "events", [column, "id"])
    odd = sa.text("status <> 'processed'")
    op.create_index("ix_events_status_id", "events", ["status", "id"], postgresql_where=odd, sqlite_where=odd)
    op.create_table(
        "event_bodies",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event_bodies"),
    )
    op.create_index("ix_events_event_id", "events", ["event_id"])


def _create_devices() -> None:
    op.create_table(
        "devices",
        sa.Column("id", sa.String(255), nullable=False),
        sa.Column("sender", sa.String(100)),
        sa.Column("udid", sa.String(255)),
        sa.Column("enrollment_id", sa.String(255)),
        sa.Column("serial_number", sa.String(255)),
        sa.Column("enrolled", sa.Boolean),
        sa.Column("enrolment_at", Moment),
        sa.Column("push_at", Moment),
        sa.Column("first_seen_at", Moment),
        sa.Column("last_seen_at", Moment),
        sa.Column("idle_polls", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_devices"),
    )
    op.create_index("ix_devices_serial_number", "devices", ["serial_number"])
    op.create_table(
        "user_channels",
        sa.Column("id", sa.String(511), nullable=False),
        sa.Column("device_id", sa.String(255), nullable=False),
        sa.Column("enrolled", sa.Boolean),
        sa.Column("push_at", Moment),
        sa.Column("first_seen_at", Moment),
        sa.Column("last_seen_at", Moment),
        sa.Column("idle_polls", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_user_channels"),
    )
    op.create_index("ix_user_channels_device_id", "user_channels", ["device_id"])
