"""The rooms and their fences: who may import whom, and where each library stays."""

import ast
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]

ROOMS = {
    "config": {"domain"},
    "domain": set[str](),
    "state": {"domain"},
    "clients": {"domain"},
    "ingest": {"config", "domain"},
    "tasks": {"config", "domain", "state", "clients"},
    "workers": {"config", "domain", "state", "clients", "tasks"},
    "console": {"config", "domain", "state", "clients", "tasks"},
    "simulators": {"domain"},
}
"""What each room may import besides itself. Nobody imports ingest or workers: they are started, as processes."""

LIBRARIES = {
    "flask": ("ingest/app.py", "ingest/__main__.py", "console/"),
    "werkzeug": ("ingest/app.py", "console/"),
    "sqlalchemy": ("state/",),
    "alembic": ("state/",),
    "psycopg": ("state/",),
    "aiosmtpd": ("simulators/",),
    "cryptography": ("domain/inventory/", "simulators/"),
    "requests": ("clients/", "simulators/"),
    "urllib3": ("clients/", "simulators/"),
    "celery": ("config/broker.py", "ingest/publisher.py", "workers/"),
    "kombu": ("config/broker.py", "ingest/publisher.py", "workers/"),
    "redis": ("config/",),
}
"""Where each library stays."""

ROOM_EXCEPTIONS = {
    # A SCEP challenge is asked for while Jamf Pro waits. The deadline, the cap and the care with credentials that this
    # needs are the clients'; the door hands it on as a callable and knows no more of it.
    ("ingest/__main__.py", "clients.scep.ChallengeProvider"),
}
"""(file, name) that crosses a fence all the same."""

EXCEPTIONS = {
    # The type of a connection that is handed on.
    ("tasks/services.py", "sqlalchemy.Engine"),
    ("tasks/outside.py", "sqlalchemy.Engine"),
    ("workers/setup.py", "sqlalchemy.Engine"),
}
"""(file, name) that may be imported all the same; and of Redis, its exceptions by those who catch them."""

CATCHES_REDIS = ("ingest/publisher.py", "console/")
ALONE = ("ingest/sources", "tasks/actions", "tasks/handlers", "tasks/notices")
"""Folders whose files never import each other: what they share lies elsewhere."""


@cache
def files(*folders: str) -> tuple[str, ...]:
    return tuple(
        sorted(str(path.relative_to(PROJECT)) for folder in folders for path in (PROJECT / folder).rglob("*.py"))
    )


@cache
def tree(file: str) -> ast.Module:
    return ast.parse((PROJECT / file).read_text())


@cache
def imports(file: str) -> tuple[str, ...]:
    """Full names of what a file imports: `os.path` for `from os import path`."""
    names: list[str] = []
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            names += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} has a relative import"
            names += (f"{node.module}.{alias.name}" for alias in node.names)
    return tuple(names)


def is_allowed(file: str, name: str) -> bool:
    library = name.partition(".")[0]
    if file.startswith(LIBRARIES[library]) or (file, name) in EXCEPTIONS:
        return True
    return name.startswith("redis.exceptions.") and file.startswith(CATCHES_REDIS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_it_may(room: str) -> None:
    allowed = ROOMS[room] | {room}

    wrong = [
        (file, name) for file in files(room) for name in imports(file) if _room(name) and _room(name) not in allowed
    ]

    assert set(wrong) <= ROOM_EXCEPTIONS


def _room(name: str) -> str | None:
    first = name.partition(".")[0]
    return first if first in ROOMS or first in ("tests", "bench") else None


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_stays_in_its_place(library: str) -> None:
    found = [(file, name) for file in files(*ROOMS) for name in imports(file) if name.partition(".")[0] == library]

    assert [(file, name) for file, name in found if not is_allowed(file, name)] == []


@pytest.mark.parametrize("folder", ALONE)
def test_files_that_are_found_by_being_there_never_import_a_sibling(folder: str) -> None:
    package = folder.replace("/", ".")

    assert [(file, name) for file in files(folder) for name in imports(file) if name.startswith(package)] == []


def test_only_the_settings_read_the_environment() -> None:
    assert {file for file in files(*ROOMS) if _reads_environment(file)} == {
        "config/environment.py",
        "config/loading.py",
        # No setting: what one process hands down to the next.
        "console/with_parent.py",
    }


def _reads_environment(file: str) -> bool:
    names = {f"os.{name}" for name in ("environ", "environb", "getenv", "getenvb")}
    used = (ast.unparse(node) for node in ast.walk(tree(file)) if _is_plain(node))
    return not names.isdisjoint((*used, *imports(file)))


def _is_plain(node: ast.AST) -> bool:
    """An attribute of a name; anything longer holds one of these too."""
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)


def test_every_room_is_there_and_is_packaged() -> None:
    packaged = (PROJECT / "setup.cfg").read_text()

    assert [room for room in ROOMS if not (PROJECT / room / "__init__.py").exists()] == []
    assert [room for room in ROOMS if f"    {room}*\n" not in packaged] == []
