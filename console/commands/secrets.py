"""`windfall secrets`"""

import click

from config.loading import load_settings
from console.home import make_secrets, prepare_home


@click.command(short_help="Make the secrets that are missing, without starting anything.")
def command() -> None:
    """Make the secrets that are missing in WINDFALL_HOME/secrets, as `windfall up` does.

    One file per sender, `api-token` and `fingerprint-key`. Files that are there are left alone; no secret is printed.
    """
    settings = load_settings()
    prepare_home(settings)
    for path in make_secrets(settings):
        click.echo(path)
