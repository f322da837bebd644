"""Lists of devices that are empty, are none, do not come or name odd devices: they end no enrolment and stop nobody."""

import json
from contextlib import ExitStack

import pytest

from domain.facts import fact
from simulators.http_server import Answer, HttpServer
from simulators.micromdm_api import MicroMDMApi
from state.schema import commands, devices
from tasks.healing import identify
from tests.databases import location_of
from tests.tasks.delivering import KEY
from tests.tasks.lab import rows
from tests.tasks.resyncing import ask, missed, settled, the_device

database_location = pytest.fixture(location_of)
"""SQLite: it is the other end that differs."""


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


def test_an_empty_list_enrols_nobody_and_ends_no_enrolment(lab, micromdm_api, mac):
    """An empty one is said as `null`."""
    lab.enrol()
    before = rows(lab.engine, devices)
    settled(lab)

    assert (ask(lab, micromdm_api), rows(lab.engine, devices)) == (0, before)


NOBODY = [b'{"devices": null}', b'{"devices": []}', b'{"devices": "odd"}', b'{"devices": [7, {}]}']
NO_LIST = [b"", b"{", b"[]", b"{}", b"<html>log in</html>"]


@pytest.mark.parametrize("body", [*NOBODY, *NO_LIST])
def test_a_list_of_nobody_and_what_is_no_list_change_nothing(lab, body, answering):
    lab.enrol()
    before = rows(lab.engine, devices)
    settled(lab)

    assert (ask(lab, answering(body)), rows(lab.engine, devices)) == (0, before)


def test_a_read_that_fails_changes_nothing(lab, micromdm_api, mac):
    missed(micromdm_api, mac.authenticate(), mac.token_update())

    assert ask(lab, micromdm_api, api_key="wrong") == 0
    with MicroMDMApi(api_key=KEY) as gone:
        """It is no longer there when it is asked."""
    assert ask(lab, gone) == 0
    assert rows(lab.engine, devices) == []


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


def test_devices_of_apples_programme_that_nobody_saw_are_left_out(lab, micromdm_api, mac):
    micromdm_api.add_dep_device("DEP-ONLY")
    micromdm_api.add_dep_device(lab.serial)
    lab.license("DEP-ONLY")

    assert (ask(lab, micromdm_api), rows(lab.engine, devices)) == (0, [])
    missed(micromdm_api, mac.authenticate(), mac.token_update())
    assert (ask(lab, micromdm_api), the_device(lab)) == (1, (lab.serial, True))


def test_only_a_micromdm_server_that_is_configured_has_a_list(lab, micromdm_api):
    assert ask(lab, micromdm_api, sender="nanomdm") == 0
