"""What people replay stays done once: counted once, told once, installed once."""

from dataclasses import replace

import pytest

from console.replay import Replayer
from state.schema import actions, asset_deltas, assets, commands, event_counts, events
from tasks.drain import drain
from tests.databases import ON_POSTGRESQL, ON_SQLITE
from tests.deliveries import SERIAL, counted, managed
from tests.tasks.lab import SETUP, rows

TIMES = 10


@pytest.fixture
def replayer(services, engine):
    return Replayer(engine=engine, inboxes=services.inboxes, wake=lambda inbox: None)


@pytest.fixture
def replay(lab, replayer):
    """All stored events of this type, so many times, each through its inbox."""

    def again(*types):
        for _ in range(TIMES):
            for event in rows(lab.engine, events):
                if event["type"] in types:
                    assert drain(replayer.replay(event["id"]), lab.at_work) == "asleep"

    return again


@pytest.fixture
def told(lab):
    lab.setup = replace(SETUP, mail_to=("a@example.org",))
    return lab


def replays(lab):
    return {row["type"]: row["count"] for row in rows(lab.engine, event_counts) if row["outcome"] == "replayed"}


def test_a_purchase_counts_once(lab, replay):
    lab.hear(counted(-12))

    replay("ASSET_COUNT")

    assert [row["net_delta"] for row in rows(lab.engine, assets)] == [-12]
    assert len(rows(lab.engine, asset_deltas)) == 1
    assert (len(rows(lab.engine, events)), replays(lab)) == (1, {"ASSET_COUNT": TIMES})


def test_a_mail_is_owed_once(told, replay):
    told.hear(managed(SERIAL, error=(9709, "not enough licences")))

    replay("ASSET_MANAGEMENT")

    assert len(rows(told.engine, actions)) == len(told.notices()) == 1
    assert replays(told) == {"ASSET_MANAGEMENT": TIMES}


@ON_SQLITE
@pytest.mark.parametrize("delivered", [False, True])
def test_an_install_is_owed_once(lab, replay, delivered):
    lab.license()
    lab.enrol()
    if delivered:
        lab.deliver()
        lab.acknowledge()
    before = (lab.installs(), rows(lab.engine, commands))

    replay("ASSET_MANAGEMENT", "mdm.Authenticate", "mdm.TokenUpdate", "mdm.Connect")

    assert (lab.installs(), rows(lab.engine, commands)) == before
    assert len(rows(lab.engine, actions, kind="send_command")) == 1


@ON_POSTGRESQL
def test_a_whole_life_replayed_changes_nothing(told, replay):
    """Two enrolments, a licence that went and came back, errors and a proof."""
    told.license()
    told.enrol()
    told.deliver()
    told.acknowledge()
    told.list_apps(**{"com.example.app": "Managed"})
    told.wait(hours=1)
    told.take_back()
    told.check_in("CheckOut")
    told.wait(hours=1)
    told.enrol()
    told.license()
    told.deliver()
    told.answer("Error", ErrorChain=[{"ErrorCode": 9610}])
    before = [rows(told.engine, table) for table in (actions, commands)] + [told.installs()]

    replay(*{row["type"] for row in rows(told.engine, events)})

    assert [rows(told.engine, table) for table in (actions, commands)] + [told.installs()] == before
    assert told.states() == ["installed", "waiting"]
