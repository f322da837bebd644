"""One writer at a time, on SQLite."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from state.engine import is_database_trouble, open_engine, write_transaction


@pytest.fixture
def counted(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path / 'count.db'}", threads=8)
    with write_transaction(engine) as connection:
        connection.execute(text("CREATE TABLE counts (n INTEGER)"))
        connection.execute(text("INSERT INTO counts VALUES (0)"))
    yield engine
    engine.dispose()


def add_one(engine: Engine) -> None:
    with write_transaction(engine) as connection:
        n = connection.scalar(text("SELECT n FROM counts"))
        connection.execute(text("UPDATE counts SET n = :n"), {"n": n + 1})


def run(connection: Connection, *statements: str) -> None:
    for statement in statements:
        connection.execute(text(statement))


def test_threads_and_processes_that_write_at_once_all_do(counted):
    other = open_engine(str(counted.url), threads=8)
    with ThreadPoolExecutor(16) as pool:
        for ended in [pool.submit(add_one, one) for one in (counted, other) for _ in range(200)]:
            ended.result()
    other.dispose()

    with counted.connect() as connection:
        assert connection.scalar(text("SELECT n FROM counts")) == 400


def test_who_cannot_write_for_long_hears_so_and_can_later(counted):
    other = open_engine(str(counted.url), patience=0.05)
    with write_transaction(counted), pytest.raises(OperationalError, match="locked") as raised:
        add_one(other)

    assert is_database_trouble(raised.value)
    add_one(other)
    with other.connect() as connection:
        assert connection.scalar(text("PRAGMA busy_timeout")) == 50
    other.dispose()


def test_what_fails_is_taken_back(counted):
    with pytest.raises(OperationalError, match="no such table"), write_transaction(counted) as connection:
        run(connection, "UPDATE counts SET n = 7", "UPDATE others SET n = 7")

    with counted.connect() as connection:
        assert connection.scalar(text("SELECT n FROM counts")) == 0
