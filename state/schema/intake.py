"""Events, devices and their users, and counts: what was taken in."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    text,
)

from state.moment import Moment
from state.schema.metadata import DIGEST, LONGEST_ID, metadata

event_keys = Table(
    "event_keys",
    metadata,
    # Identity of an event (see domain.classification). Uniqueness lives here and outlives the event's row and body.
    Column("key", LargeBinary(32), primary_key=True),
    Column("first_seen_at", Moment, nullable=False),
    # Deliveries of this event, the first included.
    Column("seen", Integer, nullable=False),
    # Our id of the first delivery: the same delivery met again, after a crash, is not counted again.
    Column("delivery_id", String(32), nullable=False),
    Index("ix_event_keys_first_seen_at", "first_seen_at"),
)

_ODD = text("status <> 'processed'")
_OF_JAMF = text("jamf_device_id IS NOT NULL")

events = Table(
    "events",
    metadata,
    # Ours; begins with the time of receipt, so it sorts by it.
    Column("id", String(32), primary_key=True),
    Column("key", LargeBinary(32), nullable=False),
    Column("sender", String(100), nullable=False),
    Column("kind", String(20), nullable=False),
    # The vendor's word: topic, notificationType or webhookEvent.
    Column("type", String(100), nullable=False),
    # The sender's own id of the event, when it has one.
    Column("event_id", String(LONGEST_ID)),
    Column("device_id", String(LONGEST_ID)),
    # Of an event of Jamf Pro's: the record that it is about, as in jamf_devices, whether or not that has it.
    Column("jamf_device_id", String(DIGEST)),
    Column("occurred_at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("processed_at", Moment, nullable=False),
    # processed, buried or quarantined; an event that is still in its inbox has no row.
    Column("status", String(20), nullable=False),
    Column("error", Text),
    # What was odd about it: a list of words.
    Column("flags", JSON, nullable=False),
    # What is worth showing without opening the body: status, command_uuid, error_chain, …
    Column("details", JSON, nullable=False),
    Column("content_type", String(200), nullable=False),
    Column("remote_addr", String(100), nullable=False),
    Index("ix_events_device_id_id", "device_id", "id"),
    Index("ix_events_jamf_device_id_id", "jamf_device_id", "id", postgresql_where=_OF_JAMF, sqlite_where=_OF_JAMF),
    Index("ix_events_event_id", "event_id"),
    Index("ix_events_sender_id", "sender", "id"),
    Index("ix_events_type_id", "type", "id"),
    # Nearly all events are processed, and nobody looks for those by status alone.
    Index("ix_events_status_id", "status", "id", postgresql_where=_ODD, sqlite_where=_ODD),
)

event_bodies = Table(
    "event_bodies",
    metadata,
    # As they were received, secrets redacted. Apart from the events, so that forgetting one is deleting a row.
    Column("id", String(32), primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

devices = Table(
    "devices",
    metadata,
    # The MDM server's enrolment id of the device channel: UDID, or EnrollmentID of a user enrolment.
    Column("id", String(LONGEST_ID), primary_key=True),
    # The columns below, up to push_at, repeat facts, to be searched by.
    Column("sender", String(100)),
    Column("udid", String(LONGEST_ID)),
    Column("enrollment_id", String(LONGEST_ID)),
    Column("serial_number", String(LONGEST_ID)),
    # The serial number as both sides, device and licence, agree on it (domain.notification.serial_key).
    Column("serial_key", String(LONGEST_ID)),
    # None: it was seen, and no check-in told yet.
    Column("enrolled", Boolean),
    Column("enrolment_at", Moment),
    # Which enrolment: the time of the last Authenticate, RFC 3339. None: none was heard.
    Column("generation", String(32)),
    Column("push_at", Moment),
    Column("first_seen_at", Moment),
    Column("last_seen_at", Moment),
    Column("idle_polls", BigInteger, nullable=False, server_default="0"),
    # See domain.facts.
    Column("facts", JSON, nullable=False),
    Index("ix_devices_serial_number", "serial_number"),
    Index("ix_devices_serial_key", "serial_key"),
)

user_channels = Table(
    "user_channels",
    metadata,
    # Device and user, `UDID:UserID`.
    Column("id", String(2 * LONGEST_ID + 1), primary_key=True),
    Column("device_id", String(LONGEST_ID), nullable=False),
    Column("enrolled", Boolean),
    Column("push_at", Moment),
    Column("first_seen_at", Moment),
    Column("last_seen_at", Moment),
    Column("idle_polls", BigInteger, nullable=False, server_default="0"),
    Column("facts", JSON, nullable=False),
    Index("ix_user_channels_device_id", "device_id"),
)

mdm_servers = Table(
    "mdm_servers",
    metadata,
    # The sender that it is.
    Column("id", String(100), primary_key=True),
    # How asking it for its list of devices went (domain.mdm_list).
    Column("facts", JSON, nullable=False),
)

event_counts = Table(
    "event_counts",
    metadata,
    # Counted in the transaction that did it, because counting millions of rows for a metric is slow.
    Column("kind", String(20), primary_key=True),
    Column("type", String(100), primary_key=True),
    # processed, idle, duplicate, buried, quarantined or replayed.
    Column("outcome", String(20), primary_key=True),
    Column("count", BigInteger, nullable=False),
)
