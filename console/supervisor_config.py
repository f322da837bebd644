"""What supervisord is told: which processes there are, and how each of them wants to be stopped.

Paths below the home are relative to this file, and children read our settings themselves: nothing in it is secret, and
nothing in a path can be taken for syntax.
"""

import os
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from config.broker import TIME_LIMIT
from config.settings import Settings

HEAD = """\
; Written by `windfall up` at every start. No HTTP server: nobody talks to this supervisor but its parent.
[supervisord]
nodaemon=true
nocleanup=true
pidfile=%(here)s/supervisord.pid
logfile=%(here)s/../log/supervisord.log
logfile_maxbytes=1MB
logfile_backups=1
umask=077
"""

PROGRAM = """
[program:{name}]
command={command}
priority={priority}
autostart=true
autorestart=true
startsecs=1
; For ever, in effect: what gave up would stay down until a person looks. The pause grows by a second each time.
startretries=1000000
; Only the main process is asked to end, so that it can let its children finish; when it does not, all are killed.
stopsignal=TERM
stopasgroup=false
killasgroup=true
stopwaitsecs={stop_within}
redirect_stderr=true
stdout_logfile=%(here)s/../log/{name}.log
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=3
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One process. ``stop_within`` is in seconds; stopping goes from the highest priority down, one after the other."""

    name: str
    command: tuple[str, ...]
    priority: int
    stop_within: int
    in_run_folder: bool = False


def programs(redis_binary: Path | None) -> Iterator[Program]:
    """Redis first and last, the front door open for as long as possible, and a worker finishes its batch."""
    if redis_binary is not None:
        # A second server on the same files would ruin them, hence the lock.
        command = ("--lock", "redis.lock", str(redis_binary), "../redis/redis.conf")
        yield Program(name="redis", command=command, priority=10, stop_within=30, in_run_folder=True)
    yield Program(name="web", command=python_module("ingest"), priority=20, stop_within=15)
    yield Program(name="console", command=python_module("console"), priority=30, stop_within=5)
    yield Program(name="worker", command=python_module("workers", "worker"), priority=40, stop_within=TIME_LIMIT + 10)
    yield Program(name="effects", command=python_module("workers", "effects"), priority=45, stop_within=30)
    yield Program(name="beat", command=python_module("workers", "beat"), priority=50, stop_within=5)


def write_supervisor_config(
    settings: Settings, redis_binary: Path | None, *others: Program
) -> tuple[Path, list[Program]]:
    """The file's path, and the programs it starts. ``redis_binary`` is None when Redis is not ours to start."""
    started = [*programs(redis_binary), *others]
    # It warns about root unless told that this is meant.
    user = "user=root\n" if os.getuid() == 0 else ""
    path = settings.home_path / "run" / "supervisord.conf"
    path.write_text(HEAD + user + "".join(_section(program) for program in started))
    return path, started


def python_module(*arguments: str) -> tuple[str, ...]:
    """A module of ours, never one of the same name in the folder where we happen to be (`-P`)."""
    return (sys.executable, "-P", "-m", *arguments)


def _section(program: Program) -> str:
    command = shlex.join((*python_module("console.with_parent"), *program.command)).replace("%", "%%")
    section = PROGRAM.format(
        name=program.name, command=command, priority=program.priority, stop_within=program.stop_within
    )
    return section + ("directory=%(here)s\n" if program.in_run_folder else "")
