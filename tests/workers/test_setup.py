"""From settings to clients and beat jobs of those who read a Jamf Pro."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from config.broker import make_app
from config.settings import Settings
from simulators.jamf_api import CLIENT, USER, JamfApi
from tasks.setup import setup_of
from tests.jamf_pro import stock
from workers.effects import LOOK_INTERVAL, add_effects
from workers.setup import outside_of


@pytest.fixture
def server():
    with JamfApi() as started:
        stock(started)
        yield started


def settings(tmp_path, **jamf):
    return Settings(home=tmp_path, redis_url="redis://127.0.0.1:1/0", senders={"jamf": jamf} if jamf else {})


ROOT = Path(__file__).parents[2]
TICK = """
from config.broker import make_app
from config.settings import Settings
from workers.effects import RECONCILE, add_effects

settings = Settings()
app = make_app(settings, name="test")
add_effects(app, settings)
app.tasks[RECONCILE].run("jamf")
"""

AS_CLIENT = {"client_id": CLIENT.name, "client_secret": CLIENT.secret}
AS_USER = {"username": USER.name, "password": USER.secret}


@pytest.mark.parametrize("account", [AS_CLIENT, AS_USER], ids=["client", "user"])
def test_jamf_pro_is_read_as_whom_the_settings_say(tmp_path, server, account):
    told = settings(tmp_path, url=server.url, enrich=True, **account)

    outside = outside_of(told, create_engine("sqlite://"))

    assert outside.jamf["jamf"].version() == server.build.version
    assert (outside.setup.jamf_enriched, outside.setup.jamf_accounts) == (
        {"jamf"},
        {"jamf": account.get("client_id") or account["username"]},
    )


def test_a_changed_secret_file_counts(tmp_path, server, monkeypatch):
    monkeypatch.setattr("config.secret_file.RECHECK_AFTER", 0.0)
    file = tmp_path / "secret"
    file.write_text("wrong")
    told = settings(tmp_path, url=server.url, enrich=True, client_id=CLIENT.name, client_secret_file=file)
    pro = outside_of(told, create_engine("sqlite://")).jamf["jamf"]
    with pytest.raises(Exception, match="look at WINDFALL_SENDER_JAMF_CLIENT_SECRET"):
        pro.version()

    file.write_text(CLIENT.secret)

    assert pro.version() == server.build.version


@pytest.mark.parametrize(
    "jamf",
    [
        {},
        {"url": "http://127.0.0.1:1", **AS_CLIENT},
        {"enrich": True, "reconcile_every": 600, **AS_CLIENT},
        {"url": "http://127.0.0.1:1", "enrich": True, "reconcile_every": 600},
    ],
    ids=["nothing", "nobody wants it", "no url", "no account"],
)
def test_otherwise_it_is_not_read(tmp_path, jamf):
    told = settings(tmp_path, **jamf)

    assert outside_of(told, create_engine("sqlite://")).jamf == {}
    assert setup_of(told).jamf_enriched == frozenset()
    assert add_effects(make_app(told, name="test"), told) == {}


def test_beat_has_it_looked_at_often_whether_a_server_is_due(tmp_path):
    told = settings(tmp_path, url="http://127.0.0.1:1", reconcile_every=600, **AS_CLIENT)

    jobs = add_effects(make_app(told, name="test"), told)

    assert {name: (job["task"], job["args"], job["schedule"]) for name, job in jobs.items()} == {
        "jamf-reconcile-jamf": ("effects.jamf_reconcile", ["jamf"], LOOK_INTERVAL)
    }
    assert outside_of(told, create_engine("sqlite://")).setup.jamf_enriched == frozenset()


def test_links_to_devices_are_known_by_sender(tmp_path):
    senders = {"nano-eu": {"kind": "nanomdm", "device_link": "https://eu.example/{udid}"}}

    told = Settings(home=tmp_path, redis_url="redis://127.0.0.1:1/0", senders=senders)

    assert setup_of(told).device_links == {"nano-eu": "https://eu.example/{udid}"}


def test_workers_that_start_anew_read_no_server_that_was_read_just_now(
    tmp_path, server, sqlite_location, redis_location, redis_client
):
    """A process each, as Celery has one list of tasks in each."""
    environment = {
        **os.environ,
        "WINDFALL_HOME": str(tmp_path),
        "WINDFALL_REDIS_URL": redis_location,
        "WINDFALL_DATABASE_URL": sqlite_location,
        "WINDFALL_SENDER_JAMF_URL": server.url,
        "WINDFALL_SENDER_JAMF_RECONCILE_EVERY": "600",
        **{f"WINDFALL_SENDER_JAMF_{name.upper()}": value for name, value in AS_CLIENT.items()},
    }

    for _ in range(2):
        subprocess.run([sys.executable, "-c", TICK], env=environment, cwd=ROOT, check=True)

    assert server.count(path="/JSSResource/policies") == 1
