import pytest

from config.inbox import Inboxes
from tasks.registry import load_handlers
from tasks.services import Services, keyed_fingerprint
from tasks.setup import Setup
from tests.faults.deciders import SENDERS, Stress, run


@pytest.mark.parametrize("database_location", ["postgresql"], indirect=True)
def test_all_who_decide_and_settle_at_once_lose_nothing_and_owe_nothing_twice(engine, redis_client, database_location):
    load_handlers()
    services = Services(
        engine=engine,
        inboxes=Inboxes(redis_client),
        wake=lambda inbox: None,
        fingerprint=keyed_fingerprint(b"k" * 32),
        setup=Setup(mdm_servers=dict.fromkeys(SENDERS, "micromdm")),
    )

    report = run(Stress(services=services, location=database_location, seconds=4.0))

    assert min(report["done"].values()) > 0
    assert {"released", "waiting"} <= report["states"].keys()
