"""One table: the unique key and the stored event are one row, which is the cheapest way to have both."""

from sqlalchemy import JSON, BigInteger, Column, DateTime, MetaData, String, Table, func
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

notifications = Table(
    "notifications",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("notification_id", String(255), nullable=False, unique=True),
    Column("notification_type", String(100), nullable=False, index=True),
    Column("received_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("body", JSON().with_variant(JSONB, "postgresql"), nullable=False),
)
