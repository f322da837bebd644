"""MicroMDM's own list of devices, read over a real socket, corrects what we missed, and never more than that."""

import json
import random
from contextlib import ExitStack
from datetime import timedelta

import pytest

from clients.micromdm import MicroMDM
from domain.facts import fact
from simulators.devices import Device
from simulators.http_server import Answer, HttpServer
from simulators.identities import Kind, draw_identity
from simulators.micromdm_api import MicroMDMApi
from state.schema import commands, devices
from tasks.healing import identify
from tasks.outside import Outside
from tasks.resync import SETTLED, resync
from tests.databases import BOTH_DATABASES, location_of
from tests.deliveries import APP, answer, check_in
from tests.tasks.lab import rows


@pytest.fixture
def database_location(request):
    """SQLite, unless a test asks for both: it is the other end that differs."""
    return location_of(request)


@pytest.fixture
def server():
    with MicroMDMApi(api_key="k") as simulated:
        yield simulated


@pytest.fixture
def mac(lab):
    """A device that talks to the simulated server; only what `lab.hear` is given reaches us."""
    rng = random.Random(7)
    device = Device(draw_identity(Kind.MAC, rng), rng=rng, clock=lab.tick)
    lab.udid, lab.serial = device.identity.udid, device.identity.serial_number
    return device


class Says(HttpServer):
    """A server that answers everything with these bytes."""

    def __init__(self, body):
        super().__init__()
        self.body = body

    def answer(self, request):
        return Answer(status=200, body=self.body, headers={"Content-Type": "application/json"})

    def failure(self):
        return Answer(status=500)


@pytest.fixture
def answering():
    with ExitStack() as stack:
        yield lambda body: stack.enter_context(Says(body))


def ask(lab, server, *, api_key="k", sender="micromdm"):
    """One resync; how many records it changed."""
    client = MicroMDM(server.url, lambda: api_key)
    outside = Outside(engine=lab.engine, now=lambda: lab.now, setup=lab.setup, mdm={"micromdm": client})
    lab.woken = []
    return resync(sender, outside, lab.woken.append)


def heard(lab, server, *messages):
    """The server receives these and relays them to us."""
    for message in messages:
        server.receive(message)
        what = message.topic.partition(".")[2]
        lab.hear(lab.said(check_in(what, at=message.at, udid=lab.udid, **{**message.content, "MessageType": what})))


def missed(server, *messages):
    for message in messages:
        server.receive(message)


def the_device(lab):
    (row,) = rows(lab.engine, devices)
    return row["serial_number"], row["enrolled"]


def settled(lab):
    lab.now += SETTLED + timedelta(seconds=1)


@BOTH_DATABASES
def test_an_unknown_device_is_taken_over_and_gets_its_apps(lab, server, mac):
    lab.license()
    missed(server, mac.authenticate(), mac.token_update())

    changed = ask(lab, server)

    (row,) = rows(lab.engine, devices)
    seen = MicroMDM(server.url, lambda: "k").devices()[0].last_seen
    assert (changed, the_device(lab)) == (1, (lab.serial, True))
    assert (row["id"], row["udid"], row["sender"], row["last_seen_at"]) == (lab.udid, lab.udid, "micromdm", seen)
    assert (lab.install["adam_id"], lab.command_states(), lab.woken) == (APP, ["pending"], ["mdm:micromdm"])


def test_asking_again_changes_nothing(lab, server, mac):
    lab.license()
    missed(server, mac.authenticate(), mac.token_update())
    ask(lab, server)
    lab.wait(hours=1)

    assert ask(lab, server) == 0
    assert (lab.command_states(), lab.woken) == (["pending"], [])


def test_a_lost_token_update_is_made_up_for(lab, server, mac):
    lab.license()
    heard(lab, server, mac.authenticate())
    missed(server, mac.token_update())
    waiting = lab.install
    settled(lab)

    changed = ask(lab, server)

    assert (waiting["reason"], changed) == ("the device is not enrolled", 1)
    assert (the_device(lab), lab.command_states()) == ((lab.serial, True), ["pending"])


@BOTH_DATABASES
def test_a_lost_check_out_is_made_up_for(lab, server, mac):
    heard(lab, server, mac.authenticate(), mac.token_update())
    missed(server, mac.check_out())
    settled(lab)

    changed = ask(lab, server)
    lab.license()

    assert (changed, the_device(lab)) == (1, (lab.serial, False))
    assert (lab.install["reason"], lab.commands()) == ("the device is not enrolled", [])


@BOTH_DATABASES
def test_a_serial_number_that_nobody_heard_is_learned(lab, server, mac):
    lab.license()
    missed(server, mac.authenticate())
    heard(lab, server, mac.token_update())
    before = the_device(lab)

    changed = ask(lab, server)

    assert (before, changed, the_device(lab)) == ((None, True), 1, (lab.serial, True))
    assert lab.command_states() == ["pending"]


def test_what_was_heard_in_the_last_minutes_is_not_corrected(lab, server, mac):
    heard(lab, server, mac.authenticate(), mac.token_update())
    missed(server, mac.check_out())

    assert (ask(lab, server), the_device(lab)) == (0, (lab.serial, True))


def test_an_event_that_happened_after_the_list_was_asked_for_is_newer(lab, server, mac):
    missed(server, mac.authenticate(), mac.token_update())
    ask(lab, server)
    heard(lab, server, mac.check_out())

    assert the_device(lab) == (lab.serial, False)


def test_an_empty_list_enrols_nobody_and_ends_no_enrolment(lab, server, mac):
    """An empty one is said as `null`."""
    lab.enrol()
    before = rows(lab.engine, devices)
    settled(lab)

    assert (ask(lab, server), rows(lab.engine, devices)) == (0, before)


NOBODY = [b'{"devices": null}', b'{"devices": []}', b'{"devices": "odd"}', b'{"devices": [7, {}]}']
NO_LIST = [b"", b"{", b"[]", b"{}", b"<html>log in</html>"]


@pytest.mark.parametrize("body", [*NOBODY, *NO_LIST])
def test_a_list_of_nobody_and_what_is_no_list_change_nothing(lab, body, answering):
    lab.enrol()
    before = rows(lab.engine, devices)
    settled(lab)

    assert (ask(lab, answering(body)), rows(lab.engine, devices)) == (0, before)


def test_a_read_that_fails_changes_nothing(lab, server, mac):
    missed(server, mac.authenticate(), mac.token_update())

    assert ask(lab, server, api_key="wrong") == 0
    with MicroMDMApi(api_key="k") as gone:
        """It is no longer there when it is asked."""
    assert ask(lab, gone) == 0
    assert rows(lab.engine, devices) == []


def test_devices_of_apples_programme_that_nobody_saw_are_left_out(lab, server, mac):
    server.add_dep_device("DEP-ONLY")
    server.add_dep_device(lab.serial)
    lab.license("DEP-ONLY")

    assert (ask(lab, server), rows(lab.engine, devices)) == (0, [])
    missed(server, mac.authenticate(), mac.token_update())
    assert (ask(lab, server), the_device(lab)) == (1, (lab.serial, True))


def test_a_device_listed_as_not_enrolled_whom_nobody_knew_gets_no_commands(lab, server, mac):
    lab.license()
    missed(server, mac.authenticate(), mac.token_update(), mac.check_out())

    ask(lab, server)

    assert the_device(lab) == (lab.serial, False)
    assert (lab.install["reason"], lab.commands()) == ("the device is not enrolled", [])


def test_a_device_that_speaks_and_was_never_heard_to_enrol_is_not_ended_by_a_list(lab, server, mac):
    missed(server, mac.authenticate())
    lab.hear(lab.said(answer("Idle", at=lab.tick(), udid=lab.udid)))

    ask(lab, server)

    assert the_device(lab) == (lab.serial, None)


@BOTH_DATABASES
def test_many_devices_in_several_transactions(lab, server):
    rng = random.Random(1)
    serials = []
    for _ in range(600):
        device = Device(draw_identity(Kind.IPHONE, rng), rng=rng, clock=lab.tick)
        missed(server, device.authenticate(), device.token_update())
        serials.append(device.identity.serial_number)
    lab.license(*serials)

    assert ask(lab, server) == 600
    assert {row["serial_number"] for row in lab.installs()} == set(serials)
    assert lab.command_states() == ["pending"] * 600


def test_only_a_micromdm_server_that_is_configured_has_a_list(lab, server):
    assert ask(lab, server, sender="nanomdm") == 0


@pytest.mark.parametrize("odd", [{"udid": "x" * 300}, {"serial_number": "S" * 300}, {"udid": "a\x00b"}, {"udid": 7}])
def test_odd_devices_stop_nobody(lab, odd, answering):
    listed = {"udid": "U", "serial_number": "S", "enrollment_status": True, "last_seen": "2026-03-01T11:00:00Z"}
    body = {"devices": [{**listed, **odd}, {**listed, "udid": "V", "serial_number": "T"}]}

    ask(lab, answering(json.dumps(body).encode()))

    (row,) = rows(lab.engine, devices, id="V")
    assert (row["serial_number"], fact(row["facts"], "sender")) == ("T", "micromdm")


def test_who_is_listed_and_neither_enrolled_nor_seen_is_asked_nothing(lab, answering):
    never = {"udid": "U", "serial_number": "", "enrollment_status": False, "last_seen": "0001-01-01T00:00:00Z"}
    listed = {"devices": [never, {**never, "udid": "V", "enrollment_status": True}]}
    ask(lab, answering(json.dumps(listed).encode()))
    lab.wait(hours=1)

    identify(lab.at_work)

    assert {row["id"]: row["enrolled"] for row in rows(lab.engine, devices)} == {"U": None, "V": True}
    assert [row["device_id"] for row in rows(lab.engine, commands)] == ["V"]
