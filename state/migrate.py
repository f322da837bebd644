"""Brings a database's tables up to what this version of the code needs, in one transaction."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from state.engine import write_transaction

_LOCK = 0x77696E6466616C6C
"""Key of the advisory lock that lets one process migrate at a time: "windfall" in ASCII."""


class MigrationError(Exception):
    """The tables are as they were; the text says why, in one line."""


def upgrade(engine: Engine) -> None:
    """Apply every step that is missing, all or none; processes that start at once do it one after the other.

    Raises: MigrationError, when the database cannot be reached, refuses, or was migrated by a newer version of us.
    """
    try:
        with write_transaction(engine) as connection:
            if connection.dialect.name == "postgresql":
                _lock_postgresql(connection)
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except DBAPIError as exc:
        raise MigrationError(f"the database does not take our tables: {_first_line(exc.orig)}") from exc
    except CommandError as exc:
        raise MigrationError(f"the database was made by a newer version of Windfall: {_first_line(exc)}") from exc


def current_revision(engine: Engine) -> str | None:
    """The newest step that was applied, None for a database that is empty."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str:
    """The step that this code needs."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def _config() -> Config:
    config = Config()
    folder = str(Path(__file__).with_name("migrations"))
    config.set_main_option("script_location", folder.replace("%", "%%"))
    return config


def _lock_postgresql(connection: Connection) -> None:
    """Wait for another process's migration as long as it takes; for other locks as long as open_engine says."""
    timeout = connection.scalar(text("SELECT current_setting('lock_timeout')"))
    connection.execute(text("SELECT set_config('lock_timeout', '0', true), set_config('statement_timeout', '0', true)"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    connection.execute(text("SELECT set_config('lock_timeout', :timeout, true)"), {"timeout": timeout})


def _first_line(error: BaseException | None) -> str:
    return str(error).strip().partition("\n")[0]
