"""What people want to know of the database itself when something is wrong."""

from dataclasses import dataclass

from sqlalchemy import Engine

from state.migrate import current_revision, head_revision
from state.queries.reading import database_errors, must_exist, reading


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseFacts:
    """``journal_mode`` is SQLite's, None elsewhere."""

    dialect: str
    version: str
    journal_mode: str | None


def database_facts(engine: Engine) -> DatabaseFacts:
    with reading(engine) as connection:
        version = ".".join(str(part) for part in connection.dialect.server_version_info or ())
        is_sqlite = connection.dialect.name == "sqlite"
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar() if is_sqlite else None
        connection.exec_driver_sql("SELECT 1")
        return DatabaseFacts(dialect=connection.dialect.name, version=version, journal_mode=mode)


def revisions(engine: Engine) -> tuple[str | None, str]:
    """The newest migration that was applied (None: none), and the one that this code needs. Raises: DatabaseAway."""
    must_exist(engine)
    with database_errors():
        return current_revision(engine), head_revision()
