"""When each device is asked for everything."""

from sqlalchemy import Column, Index, String, Table, text

from state.moment import Moment
from state.schema.metadata import LONGEST_ID, metadata

WAITING = text("waits_for IS NOT NULL")

inquiries = Table(
    "inquiries",
    metadata,
    # The device's.
    Column("id", String(LONGEST_ID), primary_key=True),
    # When beat asks it next; None: it was only ever asked by people.
    Column("due_at", Moment),
    # When it was asked last, by beat or people.
    Column("asked_at", Moment),
    # The command whose answer tells what else there is to ask.
    Column("waits_for", String(32)),
    Index("ix_inquiries_due_at", "due_at"),
    Index("ix_inquiries_asked_at", "asked_at"),
    Index("ix_inquiries_waits_for", "waits_for", postgresql_where=WAITING, sqlite_where=WAITING),
)
