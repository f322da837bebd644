"""What the checks and `/metrics` say of a MicroMDM whose list of devices is asked for, over real sockets."""

from datetime import timedelta

import pytest

from clients.micromdm import MicroMDM
from console.health import examine
from console.metrics import StoresCollector, render_metrics
from console.stores import Stores
from simulators.micromdm_api import MicroMDMApi
from state.schema import devices
from tasks.outside import Outside
from tasks.process import process
from tasks.resync import resync
from tests.databases import BOTH_DATABASES
from tests.deliveries import NOON, check_in, envelope
from tests.owed import SETUP
from tests.tasks.lab import rows

KEY = "a-key-that-nobody-shows"


@pytest.fixture
def server():
    with MicroMDMApi(api_key=KEY) as simulated:
        yield simulated


@pytest.fixture
def look(make_settings, database_location, redis_client, server):
    """What is said of the server so many hours after noon, and the lines of its metric."""
    senders = {"micromdm": {"url": server.url, "api_key": KEY}, "eu": {"kind": "micromdm", "secrets": "s"}}
    stores = Stores(settings=make_settings(database_url=database_location, senders=senders))

    def said(hours):
        now = NOON + timedelta(hours=hours)
        checks = [check for check in examine(stores, now) if check.name.startswith("mdm_list:")]
        lines = render_metrics(StoresCollector(stores, lambda: now)).decode().splitlines()
        assert [check.name for check in checks] == ["mdm_list:micromdm"]
        return checks[0], [line for line in lines if line.startswith("windfall_mdm_list_not_read")]

    yield said
    stores.close()


@pytest.fixture
def ask(engine, server):
    """Ask the server for its list so many hours after noon."""

    def asked(hours, *, api_key=KEY):
        client = MicroMDM(server.url, lambda: api_key)
        outside = Outside(
            engine=engine, now=lambda: NOON + timedelta(hours=hours), setup=SETUP, mdm={"micromdm": client}
        )
        resync("micromdm", outside, print)

    return asked


@BOTH_DATABASES
def test_a_list_that_cannot_be_read_is_a_warning_with_since_when_and_why(look, ask, services, engine):
    process([envelope(check_in("TokenUpdate"))], services)
    ask(0)
    ask(1, api_key="wrong")
    ask(5, api_key="wrong")

    check, metric = look(5.5)

    assert check.status == "warn"
    assert check.seen.startswith("its devices could not be read 30 min ago, and last were 6 h ago: micromdm")
    assert "401" in check.seen
    assert "WINDFALL_MICROMDM_API_KEY" in check.seen
    assert check.seen.endswith("; nobody was un-enrolled because of it")
    assert KEY not in check.seen + check.fix
    assert "wrong" not in check.seen + check.fix
    assert "[senders.micromdm]" in check.fix
    assert "every 60 min" in check.fix
    assert metric == ['windfall_mdm_list_not_read{sender="micromdm"} 1.0']
    assert [row["enrolled"] for row in rows(engine, devices)] == [True]


def test_it_is_well_again_with_the_next_list(look, ask):
    ask(0, api_key="wrong")
    never, _ = look(0.5)
    ask(1)

    check, metric = look(1.5)

    assert never.seen.startswith("its devices could not be read 30 min ago, and never were yet: ")
    assert (check.status, check.seen) == ("ok", "its devices were read 30 min ago")
    assert metric == ['windfall_mdm_list_not_read{sender="micromdm"} 0.0']


def test_an_answer_that_is_heard_late_does_not_hide_a_newer_one(look, ask):
    ask(2)
    ask(1, api_key="wrong")

    assert look(2.5)[0].status == "ok"


def test_before_the_first_list_nothing_is_wrong(look):
    check, metric = look(0)

    assert (check.status, check.seen, metric) == ("ok", "its devices were not read yet; they are every 60 min", [])


def test_a_list_that_nobody_asks_for_any_more_is_a_warning(look, ask):
    ask(0)

    check, _ = look(4)

    assert (check.status, check.seen) == ("warn", "its devices were read 4 h ago")
    assert "workers effects" in check.fix
