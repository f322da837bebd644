"""The long form of the fault tests: `make faults`."""

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import click

from state.engine import open_engine
from state.migrate import upgrade
from tests.faults.arena import Server, arena
from tests.faults.databases import postgresql
from tests.faults.deciders import run, stress_on
from tests.faults.effects import groups, hours, neighbours
from tests.faults.installs import Campaign, run_campaign
from tests.faults.inventory import take_stock
from tests.faults.kills import Storm, survive
from tests.faults.outages import Outage, weather


@click.group()
def main() -> None:
    """Shoot at a whole Windfall and see whether anything is lost."""


@main.command()
@click.option("--seeds", default=3, show_default=True)
@click.option("--events", default=5000, show_default=True)
@click.option("--rate", default=100.0, show_default=True, help="Events a second, all senders together.")
@click.option("--database", default=None, help="SQLAlchemy URL; SQLite when left out.")
def kills(seeds: int, events: int, rate: float, database: str | None) -> None:
    """Kill -9 any one process at random moments."""
    for seed in range(1, seeds + 1):
        with tempfile.TemporaryDirectory() as folder, arena(Path(folder) / "home", database=database) as running:
            storm = Storm(events=events, rate=rate, seed=seed, kill_every=(1.0, 4.0))
            click.echo(json.dumps({"seed": seed, **survive(running, storm).report()}))


@main.command()
@click.option("--stopped", default=60.0, show_default=True, help="Seconds.")
@click.option("--frozen", default=30.0, show_default=True, help="Seconds.")
@click.option("--rate", default=100.0, show_default=True, help="Events a second.")
def outages(stopped: float, frozen: float, rate: float) -> None:
    """Stop Redis, then freeze it."""
    for is_frozen, seconds in ((False, stopped), (True, frozen)):
        with tempfile.TemporaryDirectory() as folder:
            server = Server(Path(folder) / "redis")
            server.start()
            try:
                with arena(Path(folder) / "home", redis=server) as running:
                    report = weather(running, server, Outage(frozen=is_frozen, seconds=seconds, rate=rate))
            finally:
                server.stop()
            click.echo(json.dumps({"frozen": is_frozen, **report}))


CAMPAIGNS = (
    Campaign(kind="micromdm"),
    Campaign(kind="micromdm", errors=0.1),
    Campaign(kind="nanomdm"),
    Campaign(kind="nanomdm", errors=0.1),
    Campaign(kind="nanomdm", in_thirds=False),
)


DATABASES = click.option(
    "--database", type=click.Choice(["sqlite", "postgresql"]), multiple=True, help="Both when left out."
)


def _databases(kinds: tuple[str, ...]) -> Iterator[tuple[str, Callable[[], str | None]]]:
    """Each kind, and what makes an empty one: its URL, or None for the home's own SQLite."""
    for kind in kinds or ("sqlite", "postgresql"):
        if kind == "sqlite":
            yield kind, lambda: None
        else:
            with postgresql() as make:
                yield kind, make


@main.command()
@DATABASES
def installs(database: tuple[str, ...]) -> None:
    """Three apps for fifty devices at each MDM server: every app once, and proven; nothing is shot at."""
    for kind, make in _databases(database):
        for campaign in CAMPAIGNS:
            with tempfile.TemporaryDirectory() as folder:
                report = run_campaign(Path(folder) / "home", campaign, database=make())
            click.echo(json.dumps({"database": kind, **asdict(campaign), **report}))


@main.command()
@DATABASES
@click.option("--kind", type=click.Choice(["micromdm", "nanomdm"]), multiple=True, help="Both when left out.")
@click.option("--size", default=2000, show_default=True, help="Devices.")
def inventory(database: tuple[str, ...], kind: tuple[str, ...], size: int) -> None:
    """Ask a whole fleet for everything, and compare every table with what is true of the devices."""
    for name, make in _databases(database):
        for each in kind or ("micromdm", "nanomdm"):
            with tempfile.TemporaryDirectory() as folder:
                report = take_stock(Path(folder) / "home", kind=each, size=size, database=make())
            click.echo(json.dumps({"database": name, "kind": each, "size": size, **report}))


@main.command()
@click.option("--seeds", default=2, show_default=True)
@click.option("--rounds", default=200, show_default=True, help="How often everything is done at least.")
def deciders(seeds: int, rounds: int) -> None:
    """All who decide and settle at once, on PostgreSQL; says how often the database had to choose a victim."""
    with postgresql() as make:
        for seed in range(1, seeds + 1):
            location = make().replace("postgresql://", "postgresql+psycopg://", 1)
            engine = open_engine(location)
            upgrade(engine)
            engine.dispose()
            click.echo(json.dumps({"seed": seed, **run(stress_on(location, rounds=rounds, seed=seed))}))


for command in (groups, hours, neighbours):
    main.add_command(command)


if __name__ == "__main__":
    main()
