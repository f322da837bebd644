"""The folder that everything on one machine lives in: private, locked by whoever runs it, secrets made once."""

import fcntl
import os
import secrets
import shlex
from collections.abc import Iterator
from pathlib import Path

from config.settings import Settings

SECRET_BYTES = 32
DEMO_FILE = "windfall.toml"


class StartError(Exception):
    """`windfall up` cannot start or go on; the text says why and what to do, in one line."""


def make_private(folder: Path) -> None:
    """A folder that only we can look into. Raises: PermissionError, when it is there and belongs to somebody else."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user")
    folder.chmod(0o700)


def prepare_home(settings: Settings) -> None:
    """Make the folders that everything else lies in."""
    home = settings.home_path
    for folder in (home, home / "run", home / "log", settings.secrets_path):
        make_private(folder)


def prefix_of_demo(settings: Settings) -> dict[str, Path]:
    """The variables that make a command one of the demo's, whether or not it was ever started."""
    home = settings.home_path / "demo"
    # Where a home is configured, that may well be in the environment, which wins over the file.
    more = {"WINDFALL_HOME": home} if "home" in settings.model_fields_set else {}
    return {"WINDFALL_CONFIG": home / DEMO_FILE, **more}


def words_of_demo(settings: Settings) -> str | None:
    """How the demo's database is read, for people who have no other; else None."""
    prefix = prefix_of_demo(settings)
    ours = f"sqlite:///{settings.home_path / 'windfall.db'}"
    if settings.database_location != ours or (settings.home_path / "windfall.db").exists():
        return None
    if not prefix["WINDFALL_CONFIG"].exists():
        return None
    variables = " ".join(f"{name}={short_path(path)}" for name, path in prefix.items())
    return f"that of the demo is read by `{variables} windfall …`"


def short_path(path: Path) -> str:
    """For a shell, relative to where we are when that is above it."""
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))


def lock_home(settings: Settings) -> int:
    """The descriptor of a lock that lasts until everybody who inherited it has ended. Raises: StartError."""
    descriptor = os.open(settings.home_path / "run" / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise StartError(
            f"another `windfall up` runs in {settings.home_path}, or is still stopping;"
            " stop it, or set WINDFALL_HOME to another folder"
        ) from None
    return descriptor


def make_secrets(settings: Settings) -> list[Path]:
    """Write a secret for whoever has none, and say which files are new.

    A file that is there is left alone, also an empty one: that is how a sender is kept off.
    """
    made = []
    for name in _missing(settings):
        path = settings.secrets_path / name
        if make_secret(path):
            made.append(path)
    return made


def make_secret(path: Path) -> bool:
    """Write a new secret, unless there is a file; True when it is new."""
    if path.exists():
        return False
    _write(path, secrets.token_urlsafe(SECRET_BYTES))
    return True


def _missing(settings: Settings) -> Iterator[str]:
    """Names of the secrets that the configuration does not give."""
    if settings.api_token is None and settings.api_token_file is None:
        yield "api-token"
    if settings.fingerprint_key is None and settings.fingerprint_key_file is None:
        yield "fingerprint-key"
    for name, sender in settings.senders.items():
        if not sender.secrets and sender.secrets_file is None:
            yield name


def _write(path: Path, secret: str) -> None:
    """All of it or nothing, also when the power goes."""
    draft = path.with_name(f".{path.name}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{secret}\n")
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
