"""The home is private, locked by one, and its secrets are made once."""

import os
import re
import stat
from pathlib import Path

import pytest

from config.loading import load_settings
from config.settings import Settings
from console.home import StartError, lock_home, make_secrets, prepare_home


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    monkeypatch.setenv("WINDFALL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WINDFALL_SENDER_JAMF_EU_KIND", "jamf")
    monkeypatch.setenv("WINDFALL_SENDER_MICROMDM_SECRETS", "given")
    found = load_settings()
    prepare_home(found)
    return found


def test_whoever_has_no_secret_gets_one_of_letters_that_fit_into_a_url(settings: Settings) -> None:
    made = make_secrets(settings)

    names = ["api-token", "fingerprint-key", "nanomdm", "apps-and-books", "jamf", "jamf-eu"]
    assert sorted(path.name for path in made) == sorted(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}\n", path.read_text()) for path in made)
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o600}
    assert len({path.read_text() for path in made}) == len(made)


def test_secrets_that_are_there_stay_also_empty_ones(settings: Settings) -> None:
    kept = settings.secrets_path / "nanomdm"
    off = settings.secrets_path / "jamf"
    kept.write_text("mine\n")
    off.write_text("")

    make_secrets(settings)

    assert (kept.read_text(), off.read_text()) == ("mine\n", "")
    assert make_secrets(settings) == []


def test_a_draft_that_was_cut_short_is_no_secret(settings: Settings) -> None:
    (settings.secrets_path / ".jamf.new").write_text("half")

    make_secrets(settings)

    assert len((settings.secrets_path / "jamf").read_text()) == 44
    assert not (settings.secrets_path / ".jamf.new").exists()


def test_only_one_holds_the_home(settings: Settings) -> None:
    held = lock_home(settings)

    with pytest.raises(StartError, match="another `windfall up` runs"):
        lock_home(settings)

    os.close(held)
    os.close(lock_home(settings))


def test_folders_that_were_open_to_others_are_closed(settings: Settings) -> None:
    settings.secrets_path.chmod(0o755)

    prepare_home(settings)

    assert stat.S_IMODE(settings.secrets_path.stat().st_mode) == 0o700
