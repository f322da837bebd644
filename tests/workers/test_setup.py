"""From settings to clients and beat jobs of those who read a Jamf Pro."""

import pytest
from sqlalchemy import create_engine

from config.broker import make_app
from config.settings import Settings
from simulators.jamf_api import CLIENT, USER, JamfApi
from tests.jamf_pro import stock
from workers.effects import add_effects
from workers.setup import outside_of, setup_of


@pytest.fixture
def server():
    with JamfApi() as started:
        stock(started)
        yield started


def settings(tmp_path, **jamf):
    return Settings(home=tmp_path, redis_url="redis://127.0.0.1:1/0", senders={"jamf": jamf} if jamf else {})


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


def test_beat_has_every_server_read_as_often_as_it_is_to_be(tmp_path):
    told = settings(tmp_path, url="http://127.0.0.1:1", reconcile_every=600, **AS_CLIENT)

    jobs = add_effects(make_app(told, name="test"), told)

    assert {name: (job["task"], job["args"], job["schedule"]) for name, job in jobs.items()} == {
        "jamf-reconcile-jamf": ("effects.jamf_reconcile", ["jamf"], 600)
    }
    assert outside_of(told, create_engine("sqlite://")).setup.jamf_enriched == frozenset()
