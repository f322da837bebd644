"""supervisord as a child: what it says is listened to, whatever happens to us meanwhile."""

import signal
import threading
from pathlib import Path

import pytest

from config.loading import load_settings
from console.home import lock_home, prepare_home
from console.supervision import Supervisor
from console.supervisor_config import write_supervisor_config


@pytest.fixture
def busy_at_a_signal():
    """A signal comes while somebody waits, and its handler takes longer than that wait should."""
    before = signal.signal(signal.SIGALRM, lambda *_: threading.Event().wait(0.3))
    yield lambda: signal.setitimer(signal.ITIMER_REAL, 0.05)
    signal.signal(signal.SIGALRM, before)


def test_a_signal_that_comes_as_a_look_ends_does_not_make_it_last_for_ever(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, busy_at_a_signal
) -> None:
    monkeypatch.setenv("WINDFALL_HOME", str(tmp_path))
    settings = load_settings()
    prepare_home(settings)
    configuration, programs = write_supervisor_config(settings, None)
    configuration.write_text(configuration.read_text().replace("autostart=true", "autostart=false"))
    supervisor = Supervisor(configuration, programs, lock=lock_home(settings))
    freed = threading.Event()
    # Its end wakes whoever still listens.
    rescue = threading.Timer(30, lambda: (freed.set(), supervisor.stop()))
    rescue.start()

    busy_at_a_signal()
    ended = supervisor.next_exit(within=0.2)

    rescue.cancel()
    assert (ended, freed.is_set()) == (None, False)
    assert supervisor.stop()
