"""The migrations make the tables that the code uses, however often and by however many at once they are run."""

from collections.abc import Callable, Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from state.engine import open_engine
from state.migrate import MigrationError, current_revision, head_revision, upgrade
from state.schema import metadata

AT_ONCE = """
import multiprocessing
import sys

from state.engine import open_engine
from state.migrate import upgrade


def start():
    upgrade(open_engine({location!r}))


fork = multiprocessing.get_context("fork")
processes = [fork.Process(target=start) for _ in range(3)]
for process in processes:
    process.start()
for process in processes:
    process.join()
sys.exit([process.exitcode for process in processes] != [0, 0, 0])
"""
"""Forks of one process, which has loaded the code: they meet where processes that load it themselves may not."""


@pytest.fixture
def empty(database_location: str) -> Iterator[Engine]:
    """An engine on the same database with no table in it. On PostgreSQL others get it too: its tables are back then."""
    engine = open_engine(database_location)
    drop_everything(engine)
    yield engine
    if engine.dialect.name == "postgresql":
        drop_everything(engine)
        upgrade(engine)
    engine.dispose()


def drop_everything(engine: Engine) -> None:
    with engine.begin() as connection:
        for table in inspect(connection).get_table_names():
            connection.execute(text(f'DROP TABLE "{table}"'))


def differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))


def test_an_empty_database_gets_every_table_and_index_with_primary_keys_named_as_the_schema_says(empty: Engine) -> None:
    assert current_revision(empty) is None

    upgrade(empty)

    assert differences(empty) == []
    assert current_revision(empty) == head_revision()
    # What alembic does not compare.
    found = {name: inspect(empty).get_pk_constraint(name)["name"] for name in metadata.tables}
    assert found == {name: f"pk_{name}" for name in metadata.tables}


def test_upgrading_again_changes_nothing(empty: Engine) -> None:
    upgrade(empty)
    with empty.begin() as connection:
        connection.execute(text("INSERT INTO event_counts VALUES ('jamf', 'JSSStartup', 'processed', 7)"))

    upgrade(empty)

    with empty.connect() as connection:
        assert connection.scalar(text("SELECT count FROM event_counts")) == 7
    assert differences(empty) == []


def test_processes_that_start_at_once_migrate_once(empty: Engine, start_python: Callable[[str], int]) -> None:
    location = empty.url.render_as_string(hide_password=False)

    assert start_python(AT_ONCE.format(location=location)) == 0

    assert differences(empty) == []


def test_a_step_that_fails_leaves_nothing_behind(empty: Engine) -> None:
    with empty.begin() as connection:
        connection.execute(text("CREATE TABLE user_channels (id INTEGER)"))

    with pytest.raises(MigrationError, match="user_channels"):
        upgrade(empty)

    assert inspect(empty).get_table_names() == ["user_channels"]


def test_a_database_of_a_newer_version_is_refused(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(MigrationError, match="newer version"):
        upgrade(engine)

    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": head_revision()})


def test_a_database_that_is_not_there_is_said_in_one_line() -> None:
    engine = open_engine("postgresql+psycopg://windfall@127.0.0.1:1/windfall")

    with pytest.raises(MigrationError, match=r"127\.0\.0\.1") as refused:
        upgrade(engine)

    assert "\n" not in str(refused.value)
