"""The long form of the faults of effects: workers that die and far ends that are away."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path

import click

from config.redis_connection import connect
from config.slots import Slots
from simulators.faults import Down
from state.engine import open_engine
from state.migrate import upgrade
from tests.faults.arena import Server
from tests.faults.databases import postgresql
from tests.faults.group_kills import Field, shoot
from tests.faults.hours import Hour, live_through
from tests.faults.neighbours import THREADS, Street, compare, street
from tests.faults.town import town
from tests.tasks.delivering import World

AWAY = ("mail", "chat", "mdm:micromdm")


@contextmanager
def ground(database: str | None = None) -> Iterator[Field]:
    """A folder, a Redis and a database with our tables, the given one or SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        server = Server(home / "redis")
        server.start()
        field = Field(home=home, redis=f"unix://{server.socket}?db=0", database=database or f"sqlite:///{home / 'db'}")
        engine = open_engine(field.database)
        upgrade(engine)
        engine.dispose()
        try:
            yield field
        finally:
            server.stop()


@click.command()
@click.option("--devices", default=30, show_default=True)
@click.option("--database", type=click.Choice(["sqlite", "postgresql"]), multiple=True, help="Both when left out.")
def groups(devices: int, database: tuple[str, ...]) -> None:
    """Kill -9 the effects worker at every step of a call for many devices."""
    for kind in database or ("sqlite", "postgresql"):
        with ExitStack() as opened:
            made = opened.enter_context(postgresql())() if kind == "postgresql" else None
            field = opened.enter_context(ground(made and made.replace("postgresql://", "postgresql+psycopg://", 1)))
            click.echo(json.dumps({"database": kind, **shoot(replace(field, devices=devices))}))


@click.command()
@click.option("--every", default=30.0, show_default=True, help="Seconds between two effects that are owed.")
def hours(every: float) -> None:
    """Each far end away for an hour of simulated time, in every way."""
    for how in (Down.REFUSING, Down.SILENT, Down.ERROR):
        with ground() as field, town() as far_ends, closing(connect(field.redis)) as client:
            world = World(open_engine(field.database), client)
            for destination in AWAY:
                hour = Hour(destination=destination, how=how, every=every, with_erase=True)
                click.echo(json.dumps(live_through(hour, world, far_ends)))


@click.command()
@click.option("--seconds", default=20.0, show_default=True, help="Of each measurement.")
def neighbours(seconds: float) -> None:
    """How long effects take while one far end hangs with all hands that serve it."""

    @contextmanager
    def make() -> Iterator[Street]:
        with ground() as field, town() as far_ends, closing(connect(field.redis)) as client:
            engine = open_engine(field.database, threads=THREADS)
            world = World(engine, client)
            with street(engine, Slots(client), far_ends, world) as made:
                yield made

    for destination, how in (*((name, Down.SILENT) for name in AWAY), ("mdm:micromdm", Down.DRIPPING)):
        click.echo(json.dumps(compare(make, destination, how, seconds=seconds)))
