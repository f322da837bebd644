"""Whose word a 404 is: the server's, or that of a balancer before it which does not find the server."""

import pytest

from domain.errors import TransientError
from simulators.jamf_api import JamfApi
from simulators.jamf_library import Build
from tests.jamf_pro import client, stock

OLD = Build(version="9.93.1", tells_version=False, inventories=(), mobile_lists=())
MIDDLE = Build(version="10.30.0-t1620000000", inventories=(), mobile_lists=("summary",))

UNTIL_THE_LOG_IN_PAGE = 6
"""Four lists of computers, the version, and the page."""


@pytest.fixture
def new_server():
    with JamfApi() as started:
        stock(started)
        yield started


def test_a_balancers_page_in_place_of_a_record_does_not_mean_that_it_is_gone(new_server):
    pro = client(new_server)
    pro.record("computer", "1")
    new_server.show_page(404)

    with pytest.raises(TransientError, match="an HTML page"):
        pro.record("computer", "1")
    assert pro.record("computer", "1").jamf_id == "1"


@pytest.mark.parametrize("status", [200, 302, 404])
def test_a_balancer_that_finds_nothing_is_no_old_server(new_server, status):
    pro = client(new_server)
    pro.version()
    new_server.show_page(404, calls=UNTIL_THE_LOG_IN_PAGE - 1)
    new_server.show_page(status)

    with pytest.raises(TransientError, match=f"answered {status}"):
        pro.record("computer", "1")

    assert pro.record("computer", "1").jamf_id == "1"
    assert new_server.count(path="/JSSResource") == 0


def test_a_server_that_comes_back_while_its_newest_list_is_looked_for_is_no_old_one(new_server):
    pro = client(new_server)
    pro.version()
    new_server.show_page(404, calls=4)

    assert pro.record("computer", "1").management_id
    assert new_server.count(path="/JSSResource") == 0


@pytest.mark.parametrize("read", [lambda pro: pro.record("computer", "1"), lambda pro: pro.policy_name("501")])
def test_a_balancers_page_in_place_of_what_old_servers_have_does_not_mean_that_it_is_gone(read):
    with JamfApi(build=OLD) as server:
        stock(server)
        pro = client(server)
        pro.record("computer", "1")
        server.show_page(404, calls=3)

        with pytest.raises(TransientError, match="answered 404"):
            read(pro)
        assert read(pro) is not None
        server.catalog.computers.clear()
        server.catalog.policies.clear()
        assert pro.record("computer", "1") is None
        assert pro.policy_name("502") is None


def test_an_old_server_of_which_only_the_version_may_not_be_read_is_a_server():
    """Its log-in page may send people elsewhere, and is not asked."""
    with JamfApi(build=MIDDLE) as server:
        stock(server)
        server.forbidden = {"/api/v1/jamf-pro-version"}
        found = client(server).record("computer", "1")

    assert found.jamf_id == "1"
    assert "/" not in {call.path for call in server.calls}
