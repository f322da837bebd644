"""What Apple says was bought, and to whom it was assigned, location by location."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text

from state.moment import Moment
from state.schema.metadata import DIGEST, LONGEST_ID, metadata

locks = Table(
    "locks",
    metadata,
    # One row per serial number, and per user, that anything was said about. Whoever joins the two sides of a serial
    # number, licence and enrolment, holds it first, so that one of two who write at once sees the other.
    Column("name", String(LONGEST_ID + 10), primary_key=True),
)

assets = Table(
    "assets",
    metadata,
    Column("id", String(DIGEST), primary_key=True),
    Column("u_id", String(LONGEST_ID), nullable=False),
    Column("adam_id", String(LONGEST_ID), nullable=False),
    Column("pricing_param", String(LONGEST_ID), nullable=False),
    # None until the asset was read from Apple: notifications only tell differences.
    Column("total_count", BigInteger),
    Column("available_count", BigInteger),
    Column("count_known", Boolean, nullable=False),
    # Sum of the differences since the last read, or ever.
    Column("net_delta", BigInteger, nullable=False),
    # An asset without a number; its counts mean nothing.
    Column("unlimited", Boolean, nullable=False),
    # When the read began that the counts are of; what was received before is in them.
    Column("read_at", Moment),
    Column("changed_at", Moment, nullable=False),
    Index("ix_assets_adam_id", "adam_id"),
)

asset_deltas = Table(
    "asset_deltas",
    metadata,
    # Key of the event that told it: a difference counts once.
    Column("key", LargeBinary(32), primary_key=True),
    Column("asset_id", String(DIGEST), nullable=False),
    Column("delta", BigInteger, nullable=False),
    Column("received_at", Moment, nullable=False),
    Index("ix_asset_deltas_asset_id", "asset_id"),
    Index("ix_asset_deltas_received_at", "received_at"),
)

assignments = Table(
    "assignments",
    metadata,
    Column("id", String(DIGEST), primary_key=True),
    Column("u_id", String(LONGEST_ID), nullable=False),
    Column("adam_id", String(LONGEST_ID), nullable=False),
    Column("pricing_param", String(LONGEST_ID), nullable=False),
    # Exactly one of the two; the key as in devices.
    Column("serial_number", String(LONGEST_ID)),
    Column("serial_key", String(LONGEST_ID)),
    Column("client_user_id", String(LONGEST_ID)),
    # assigned, unassigned, failed or uncertain; the time and Apple's event that made it so.
    Column("state", String(20), nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("event_id", String(LONGEST_ID)),
    Column("error_number", Integer),
    Column("error_message", Text),
    # See domain.assignments.
    Column("results", JSON, nullable=False),
    Index("ix_assignments_serial_key", "serial_key"),
    Index("ix_assignments_client_user_id", "client_user_id"),
    Index("ix_assignments_u_id_adam_id", "u_id", "adam_id"),
)

assignment_failures = Table(
    "assignment_failures",
    metadata,
    # What one of Apple's events could not do, kept to tell people once, with all of it.
    Column("u_id", String(LONGEST_ID), primary_key=True),
    Column("event_id", String(LONGEST_ID), primary_key=True),
    Column("assignment_id", String(DIGEST), primary_key=True),
    Column("error_number", Integer),
    Column("error_message", Text),
    Column("received_at", Moment, nullable=False),
    Index("ix_assignment_failures_received_at", "received_at"),
)

users = Table(
    "users",
    metadata,
    Column("id", String(DIGEST), primary_key=True),
    Column("u_id", String(LONGEST_ID), nullable=False),
    Column("client_user_id", String(LONGEST_ID), nullable=False),
    # Apple's word: Registered, Associated, Retired. None: only failures were told.
    Column("status", String(LONGEST_ID)),
    Column("email", String(LONGEST_ID)),
    Column("changed_at", Moment),
    Column("facts", JSON, nullable=False),
    Index("ix_users_client_user_id", "client_user_id"),
)
