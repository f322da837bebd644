"""`windfall`: the command line. Every file in `commands/` is one command; it is imported when it is used."""

from config.importing import imported  # isort: split

import pkgutil
import sys
from importlib import import_module

import click

from config.loading import SettingsError
from console import commands

WRONG_SETTINGS = 2
"""Exit code of a start with a wrong configuration."""


class Commands(click.Group):
    """The commands that are there as files; `_` in a file's name is `-` in the command's."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature is click's
        return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        found: click.Command = import_module(f"console.commands.{cmd_name.replace('-', '_')}").command
        imported()
        return found


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def windfall() -> None:
    """The webhook pipeline for Apple device management."""


def main(arguments: list[str] | None = None) -> None:
    """Entry point of the `windfall` command; ``arguments`` are the process's own when left out."""
    try:
        windfall(arguments, prog_name="windfall")
    except SettingsError as exc:
        problems = "".join(f"\n  - {problem}" for problem in str(exc).splitlines())
        click.echo(f"windfall: the configuration is wrong{problems}", err=True)
        sys.exit(WRONG_SETTINGS)


if __name__ == "__main__":
    main()
