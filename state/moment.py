"""The one way a time is stored, so that it comes back aware and sorts right on both databases."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, Text, TypeDecorator
from sqlalchemy.types import TypeEngine

from domain.clock import parse_time, rfc3339


class Moment(TypeDecorator[datetime]):
    """Aware UTC with microseconds: `timestamptz` on PostgreSQL, RFC 3339 text on SQLite, which has no times."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        impl: TypeEngine[Any] = Text() if dialect.name == "sqlite" else DateTime(timezone=True)
        return dialect.type_descriptor(impl)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> object:
        return rfc3339(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: object, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return parse_time(value)
