"""`windfall up`: everything on this machine, in the foreground, from nothing; stopped by Ctrl-C.

The supervising is supervisord's. What is ours: to prepare the home, to say what is wrong before anything starts, to
tell people where to post, and to leave nothing behind.
"""

import os
import signal
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from config.settings import Settings
from console.banner import banner
from console.demo import Demo
from console.demo_banner import demo_banner
from console.home import StartError, lock_home, make_secrets, prepare_home
from console.ports import check_ports
from console.redis_server import RedisServerError, find_server, write_configuration
from console.supervision import Supervisor
from console.supervisor_config import write_supervisor_config
from console.watch import say, wait_until_ready, watch
from state.engine import open_engine
from state.migrate import MigrationError, upgrade


def up(settings: Settings, out: TextIO, err: TextIO, demo: Demo | None = None) -> None:
    """Run until SIGINT, SIGTERM or SIGHUP. Raises: StartError, with everything stopped again."""
    others = [demo.program] if demo else []
    stop = _stop_on_signals()
    # What we and our children write is nobody else's to read.
    os.umask(0o077)
    try:
        prepare_home(settings)
        lock = lock_home(settings)
        check_ports(settings)
        redis_binary = _prepare_redis(settings)
        make_secrets(settings)
        _migrate(settings)
        configuration, programs = write_supervisor_config(settings, redis_binary, *others)
    except (OSError, RedisServerError, MigrationError) as exc:
        raise StartError(str(exc)) from exc
    if stop.is_set():
        return
    supervisor = Supervisor(configuration, programs, lock=lock)
    try:
        if wait_until_ready(settings, supervisor, stop):
            say(out, _announcement(settings, demo, show_secrets=out.isatty()))
            watch(settings, supervisor, stop, err)
    finally:
        say(err, "windfall: stopping")
        if not supervisor.stop():
            say(err, "windfall: some processes did not end in time and were killed")


def _announcement(settings: Settings, demo: Demo | None, *, show_secrets: bool) -> str:
    if demo is not None:
        return demo_banner(settings, demo)
    return banner(settings, show_secrets=show_secrets, at=datetime.now(UTC))


def _stop_on_signals() -> threading.Event:
    """Set by the first signal; those that follow change nothing."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _prepare_redis(settings: Settings) -> Path | None:
    """The binary to start, None when Redis is not ours to start."""
    if not settings.redis_is_embedded:
        return None
    binary = find_server()
    write_configuration(settings.home_path / "redis", settings.redis_socket, binary)
    return binary


def _migrate(settings: Settings) -> None:
    engine = open_engine(settings.database_location)
    try:
        upgrade(engine)
    finally:
        engine.dispose()
