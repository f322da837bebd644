"""Reads the configuration whole, or stops with everything that is wrong with it."""

import os
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from config.environment import PREFIX, config_file, sender_variable
from config.settings import Settings

_NOT_SETTINGS = {"WINDFALL_CONFIG", "WINDFALL_TEST_DATABASE_URL"}


class SettingsError(Exception):
    """The configuration is wrong; the text lists every problem, one a line, and no secret."""


def load_settings() -> Settings:
    """Read `windfall.toml` (or the file that `WINDFALL_CONFIG` names), then the environment over it.

    Raises: SettingsError with every problem, when a key is unknown, a value wrong or a named file missing.
    """
    problems = list(_unknown_variables())
    if os.environ.get(f"{PREFIX}CONFIG"):
        problems += _missing(f"{PREFIX}CONFIG", Path(config_file()))
    settings: Settings | None = None
    try:
        settings = Settings()
    except tomllib.TOMLDecodeError as exc:
        problems.append(f"{config_file()}: {exc}")
    except ValidationError as exc:
        for error in exc.errors(include_input=False, include_url=False):
            problems.append(f"{'.'.join(map(str, error['loc']))}: {error['msg'].removeprefix('Value error, ')}")
    if settings is not None:
        problems += _missing_files(settings)
        problems += _too_few_threads(settings)
    if problems or settings is None:
        raise SettingsError("\n".join(problems))
    return settings


def settings_or_exit() -> Settings:
    """The settings, or the end of this process with every problem on stderr; for the processes' entry points."""
    try:
        return load_settings()
    except SettingsError as exc:
        sys.exit(f"windfall: the configuration is wrong\n{exc}")


def _unknown_variables() -> Iterator[str]:
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields} | _NOT_SETTINGS
    for variable in sorted(os.environ):
        if variable.startswith(PREFIX) and variable not in known and sender_variable(variable) is None:
            yield f"{variable}: no such setting (see docs/settings.md)"


def _missing_files(settings: Settings) -> Iterator[str]:
    for name, path in settings:
        if name.endswith("_file"):
            yield from _missing(name, path)
    for name, sender in settings.senders.items():
        yield from _missing(f"senders.{name}.secrets_file", sender.secrets_file)
        yield from _missing(f"senders.{name}.api_key_file", sender.api_key_file)
        yield from _missing(f"senders.{name}.client_secret_file", sender.client_secret_file)
        yield from _missing(f"senders.{name}.password_file", sender.password_file)
        yield from _missing(f"senders.{name}.scep_challenge_file", sender.scep_challenge_file)
        yield from _missing(f"senders.{name}.scep_url_file", sender.scep_url_file)
        yield from _missing(f"senders.{name}.scep_token_file", sender.scep_token_file)


def _too_few_threads(settings: Settings) -> Iterator[str]:
    """Half of the threads may wait for challenges; half of one is none."""
    asking = [name for name, sender in settings.senders.items() if sender.asks_for_challenges]
    if asking and settings.ingest_threads < 2:
        yield f"senders.{asking[0]}.scep_url: needs ingest_threads of at least 2, so that events do not wait for it"


def _missing(key: str, path: Path | None) -> Iterator[str]:
    if path is not None and not path.is_file():
        yield f"{key}: there is no file {str(path)!r}"
