"""Commands through MicroMDM, which takes a UUID twice and calls most troubles 500."""

from dataclasses import replace

import pytest

from clients.micromdm import MicroMDM
from config.secret_file import Secrets
from simulators.faults import Down
from state.calls import begin_call
from state.outbox import claim, settle
from tasks.judging import given_back
from tasks.process import process
from tests.databases import BOTH_DATABASES, location_of
from tests.deliveries import SECOND, UDID, answer, envelope
from tests.tasks.delivering import DEVICES, KEY, MICROMDM, install, order, queued

database_location = pytest.fixture(location_of)
"""SQLite, unless a test asks for both: it is the other end that differs."""


@pytest.fixture
def api(micromdm_api):
    return micromdm_api


def installs(*devices):
    return [install(device, sender="micromdm") for device in devices]


def erase(device):
    return order(device, "EraseDevice", PIN="123456")


def posts(api):
    return api.count("POST", "/v1/commands")


@BOTH_DATABASES
def test_each_command_goes_out_once_under_the_uuid_that_was_stored(micro, api):
    micro.owe(*installs(*DEVICES))

    assert micro.deliver(MICROMDM) == "idle"

    assert (queued(api, DEVICES), posts(api)) == ([1] * 5, 5)
    assert micro.states() == ["done"] * 5
    stored = {row.device_id: row.command_uuid for row in micro.commands().values()}
    assert stored == {device: api.queue(device)[0].command_uuid for device in DEVICES}


def test_a_command_whose_reply_was_lost_is_found_in_the_queue(micro, api):
    [action] = micro.owe(*installs(UDID))
    api.faults.lose_reply()

    micro.settle_all(MICROMDM)

    assert (len(api.queue(UDID)), posts(api)) == (1, 1)
    row = micro.actions()[action]
    assert (row.state, row.error) == ("done", "the reply was lost; it was found in the device's queue")


@BOTH_DATABASES
def test_one_that_is_not_in_the_queue_is_sent_again_under_the_same_uuid(micro, api):
    micro.owe(*installs(UDID))
    api.faults.lose_reply()
    api.forget_after_reply()

    micro.settle_all(MICROMDM)

    uuids = [call.command_uuid for call in api.calls if call.method == "POST"]
    assert (len(uuids), len(set(uuids)), len(api.queue(UDID))) == (2, 1, 1)
    assert micro.states() == ["done"]


@pytest.mark.parametrize("trouble", ["queue", "post", "away"])
def test_trouble_on_the_second_try_does_not_let_the_first_be_forgotten(micro, api, trouble):
    micro.owe(*installs(UDID))
    api.faults.lose_reply()
    api.forget_after_reply()
    micro.deliver(MICROMDM)
    if trouble == "away":
        api.go_down(Down.REFUSING)
    elif trouble == "queue":
        api.faults.error_before_storing()
    else:
        refuse_posts(api)
    micro.later(100)
    micro.deliver(MICROMDM)
    assert micro.states() == ["retryable"]
    assert [row.called_at for row in micro.commands().values()] != [None]
    api.come_back()

    micro.settle_all(MICROMDM)

    assert len(api.queue(UDID)) == 1
    assert micro.states() == ["done"]


def test_what_may_have_happened_before_a_refusal_is_not_taken_for_undone(micro, api):
    [action] = micro.owe(*installs(UDID))
    api.faults.lose_reply()
    micro.deliver(MICROMDM)
    api._lines.clear()  # the device has fetched it
    api._routes = {**api._routes, r"/v1/commands/([^/]+)": {"GET": api._view}}
    micro.later(100)

    micro.deliver(MICROMDM)

    row = micro.commands()[action]
    assert (row.state, row.called_at is None) == ("pending", False)
    assert "405" in micro.actions()[action].error


def refuse_posts(api):
    """The next command is answered with MicroMDM's own error; reading queues goes well."""
    give = api.answer

    def answer_once(request):
        if request.method == "POST":
            api.answer = give
            return api.failure()
        return give(request)

    api.answer = answer_once


@pytest.mark.parametrize("hang", [False, True])
def test_erase_with_a_lost_reply_is_dead_and_never_sent_again(micro, api, hang):
    micro.connect(mdm={"micromdm": MicroMDM(api.url, lambda: KEY, deadline=2.0)})
    [action] = micro.owe(erase(UDID))
    api.faults.lose_reply(hang=hang)

    micro.settle_all(MICROMDM)

    row = micro.actions()[action]
    assert (row.state, row.attempts, posts(api)) == ("dead", 1, 1)
    assert row.error.startswith("outcome unknown")
    assert micro.commands()[action].state == "dead"


def test_erase_is_not_sent_by_who_takes_over_from_a_sender_that_died_about_to_send_it(micro, api):
    [action] = micro.owe(erase(UDID))
    begin_call(micro.engine, [action], micro.now)
    micro.crash(MICROMDM)

    micro.settle_all(MICROMDM)

    assert posts(api) == 0
    assert micro.actions()[action].state == "dead"


def test_erase_is_sent_by_who_takes_over_from_a_sender_that_died_before(micro, api):
    micro.owe(erase(UDID))
    micro.crash(MICROMDM)

    micro.settle_all(MICROMDM)

    assert (posts(api), micro.states()) == (1, ["done"])


def test_when_the_server_falls_silent_one_erase_is_lost_in_doubt_and_the_others_wait(micro, api):
    micro.connect(mdm={"micromdm": MicroMDM(api.url, lambda: KEY, deadline=0.2)})
    micro.owe(*(erase(device) for device in DEVICES))
    api.go_down(Down.SILENT)
    for _ in range(3):
        micro.deliver(MICROMDM)
        micro.later(1)

    api.come_back()
    micro.connect(mdm={"micromdm": MicroMDM(api.url, lambda: KEY, deadline=5.0)})
    micro.settle_all(MICROMDM)

    assert sorted(micro.states(MICROMDM)) == ["dead"] * 3 + ["done"] * 2
    assert sum(queued(api, DEVICES)) == 2


def test_an_error_before_anything_was_stored_is_tried_again(micro, api):
    [action] = micro.owe(erase(UDID))
    api.faults.error_before_storing()
    micro.deliver(MICROMDM)
    assert micro.commands()[action].called_at is None

    micro.settle_all(MICROMDM)

    assert (len(api.queue(UDID)), micro.states()) == (1, ["done"])


def test_a_wrong_key_pauses_the_server_until_the_keys_file_is_mended(micro, api, tmp_path):
    file = tmp_path / "key"
    file.write_text("old")
    secrets = Secrets(path=file, monotonic=micro.seconds)
    micro.connect(mdm={"micromdm": MicroMDM(api.url, lambda: str(secrets.current(), "ascii"))})
    micro.owe(*(erase(device) for device in DEVICES))
    for _ in range(3):
        micro.deliver(MICROMDM)
        micro.later(6)
    assert micro.deliver(MICROMDM) == "paused"
    refused = len(api.calls)
    assert refused <= 5

    file.write_text(KEY)
    micro.settle_all(MICROMDM)

    assert len(api.calls) == refused + 5
    assert (queued(api, DEVICES), micro.states()) == ([1] * 5, ["done"] * 5)


@pytest.mark.parametrize("state", ["done", "dead", "retryable"])
def test_the_devices_answer_that_comes_before_our_settle_is_not_overwritten(micro, services, state):
    [action] = micro.owe(*installs(UDID))
    [claimed] = claim(micro.engine, MICROMDM, now=micro.now, until=micro.now + SECOND, limit=1)
    begin_call(micro.engine, [action], micro.now)
    said = answer("Acknowledged", command_uuid=micro.commands()[action].command_uuid)
    process([envelope(said)], services)

    end = replace(given_back(claimed), state=state, at=micro.now, happened=False)
    settle(micro.engine, [end], micro.now)

    row = micro.commands()[action]
    assert (row.state, row.called_at) == ("Acknowledged", micro.now)
    micro.settle_all(MICROMDM)
    assert micro.states() == ["dead" if state == "dead" else "done"]
