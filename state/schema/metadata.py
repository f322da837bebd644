"""What all tables share: how keys and indexes are named, and how long an id may be."""

from sqlalchemy import MetaData

metadata = MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"})

LONGEST_ID = 255
DIGEST = 32
"""Hex digits of an id that is made from what a row is about, so that everybody makes the same."""
