"""`windfall db`"""

import click

from config.loading import load_settings
from state.engine import open_engine
from state.migrate import MigrationError, current_revision, upgrade


@click.group(short_help="Look after the database.")
def command() -> None:
    """Look after the database."""


@command.command("upgrade")
def upgrade_command() -> None:
    """Bring the tables up to what this version needs. Safe to run twice, and on several machines at once."""
    engine = open_engine(load_settings().database_location)
    try:
        upgrade(engine)
        click.echo(f"The database is at revision {current_revision(engine)}.")
    except MigrationError as exc:
        raise click.ClickException(str(exc)) from exc
    finally:
        engine.dispose()
