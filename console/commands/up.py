"""`windfall up`"""

import sys

import click

from config.environment import set_variables
from config.loading import load_settings
from console.demo import prepare_demo
from console.home import StartError
from console.up import up


@click.command(short_help="Start everything on this machine, in the foreground.")
@click.option("--demo", is_flag=True, hidden=True, help="In a home of its own, with simulated servers and devices.")
@click.option("--demo-devices", type=click.IntRange(4, 10_000), default=200, hidden=True)
def command(demo: bool, demo_devices: int) -> None:
    """Start everything on this machine, in the foreground: Redis, ingest, workers, beat, console.

    What is not configured is embedded in WINDFALL_HOME, and secrets that are missing are made there. Ctrl-C stops all.
    """
    try:
        prepared = prepare_demo(load_settings(), demo_devices) if demo else None
        if prepared is not None:
            set_variables(prepared.variables)
        up(load_settings(), sys.stdout, sys.stderr, prepared)
    except StartError as exc:
        raise click.ClickException(str(exc)) from exc
