"""`windfall up`"""

import sys

import click

from config.loading import load_settings
from console.home import StartError
from console.up import up


@click.command(short_help="Start everything on this machine, in the foreground.")
def command() -> None:
    """Start everything on this machine, in the foreground: Redis, ingest, workers, beat, console.

    What is not configured is embedded in WINDFALL_HOME, and secrets that are missing are made there. Ctrl-C stops all.
    """
    try:
        up(load_settings(), sys.stdout, sys.stderr)
    except StartError as exc:
        raise click.ClickException(str(exc)) from exc
