"""Records, names and versions, read from simulated Jamf Pro servers of several ages over real sockets."""

import itertools
from dataclasses import replace

import pytest

from clients import jamf
from clients.jamf_pages import PAGE, Place
from domain.errors import OutcomeUnknown, PermanentError, TransientError
from simulators.jamf_api import JamfApi
from simulators.jamf_library import Build
from tests.jamf_pro import CONTACTED, REPORTED, client, stock

NEW = Build()
MIDDLE = Build(version="10.47.0-b12-t1680000000", inventories=("v1",), mobile_lists=("summary",))
OLD = Build(version="9.93.1", tells_version=False, inventories=(), mobile_lists=())
AGES = {"new": NEW, "middle": MIDDLE, "old": OLD}


@pytest.fixture(params=AGES)
def server(request):
    with JamfApi(build=AGES[request.param]) as started:
        stock(started)
        yield started


@pytest.fixture
def new_server():
    with JamfApi() as started:
        stock(started)
        yield started


def test_the_version_is_told_by_servers_of_every_age(server):
    assert client(server, is_user=True).version() == server.build.version


def test_a_computer_reads_the_same_by_every_api(server):
    expected = server.catalog.computers[2].fields

    record = client(server).record("computer", "2")

    assert (record.family, record.jamf_id, record.serial_number, record.udid) == (
        "computer",
        "2",
        expected["serialNumber"],
        expected["udid"],
    )
    same = ("deviceName", "model", "osVersion", "osBuild", "macAddress", "username", "room", "ipAddress")
    assert {name: record.facts[name] for name in same if expected[name]} == {
        n: expected[n] for n in same if expected[n]
    }
    assert (record.report_at, record.last_contact_at, record.facts["managed"]) == (REPORTED, CONTACTED, True)
    if server.build.inventories:
        assert record.management_id == expected["managementId"]


def test_a_mobile_device_reads_the_same_by_every_api(server):
    expected = server.catalog.mobiles[1001].fields

    record = client(server).record("mobile_device", "1001")

    assert (record.jamf_id, record.serial_number, record.udid) == ("1001", expected["serialNumber"], expected["udid"])
    assert record.facts["deviceName"] == expected["deviceName"]
    assert (record.facts["osVersion"], record.facts["modelIdentifier"]) == (expected["osVersion"], expected["product"])
    assert record.report_at == REPORTED


@pytest.mark.parametrize("family", ["computer", "mobile_device"])
def test_whose_a_device_is_no_more_reads_as_nobody_by_every_api(server, family):
    known = server.catalog.computers if family == "computer" else server.catalog.mobiles
    number = min(known)
    known[number] = replace(known[number], fields={**known[number].fields, "username": "ivarga"})
    pro = client(server)

    def users():
        [first, *_] = next(pro.records(family))
        return [pro.record(family, str(number)).facts["username"], first.facts["username"]]

    before = users()
    server.catalog.remove_user(number)

    assert (before, users()) == (["ivarga"] * 2, [""] * 2)


@pytest.mark.parametrize("family", ["computer", "mobile_device"])
def test_lists_have_everybody_once(server, family):
    known = server.catalog.computers if family == "computer" else server.catalog.mobiles

    pages = list(client(server).records(family))

    found = {record.jamf_id: (record.serial_number, record.udid) for page in pages for record in page}
    assert found == {str(n): (r.fields["serialNumber"], r.fields["udid"]) for n, r in known.items()}
    assert sum(map(len, pages)) == len(known)


@pytest.mark.parametrize("most_on_page", [2_000, 70])
def test_many_come_in_pages_also_from_a_server_that_gives_smaller_ones(most_on_page):
    with JamfApi(build=replace(NEW, most_on_page=most_on_page)) as server:
        stock(server, computers=450)
        pages = list(client(server).records("computer"))

    assert [record.jamf_id for page in pages for record in page] == [str(number) for number in range(1, 451)]
    assert max(map(len, pages)) == min(PAGE, most_on_page)


@pytest.mark.parametrize("family", ["computer", "mobile_device"])
def test_who_is_renamed_while_pages_are_read_moves_nobody_to_another_page(family):
    with JamfApi(build=replace(NEW, most_on_page=1)) as server:
        stock(server, mobiles=3)
        known = server.catalog.computers if family == "computer" else server.catalog.mobiles
        pages = client(server).records(family)
        found = [record.jamf_id for record in next(pages)]
        first = known[int(found[0])]
        known[int(found[0])] = replace(first, fields={**first.fields, "deviceName": "zzz"})

        found += [record.jamf_id for page in pages for record in page]

    assert found == [str(number) for number in sorted(known)]


def test_nobody_is_an_empty_list(server):
    server.catalog.computers.clear()

    assert [record for page in client(server).records("computer") for record in page] == []


def test_a_record_that_is_not_there_is_none_and_its_api_stays_the_newest(new_server):
    pro = client(new_server)

    assert pro.record("computer", "77") is None
    assert pro.record("mobile_device", "77") is None
    assert pro.record("computer", "1").jamf_id == "1"
    assert new_server.count(path="/JSSResource") == 0


def test_the_newest_inventory_is_looked_for_once_an_hour(new_server):
    clock = itertools.count()
    pro = client(new_server, monotonic=lambda: float(next(clock)))
    pro.record("computer", "1")
    pro.record("computer", "2")
    assert new_server.count(path="/api/v4/computers-inventory") == 3  # the list once, two records

    for _ in range(4_000):
        next(clock)
    pro.record("computer", "1")

    assert new_server.count(path="/api/v4/computers-inventory") == 5


def test_names_of_policies_are_remembered_and_that_there_is_none_is_not(new_server):
    now = [0.0]
    pro = client(new_server, monotonic=lambda: now[0])

    assert [pro.policy_name(number) for number in ("501", "999", "501", "999")] == ["Policy 501; ring 1", None] * 2
    assert new_server.count(path="/JSSResource/policies/id/501") == 1

    new_server.catalog.policies.update({501: "renamed", 999: "new"})
    assert (pro.policy_name("501"), pro.policy_name("999")) == ("Policy 501; ring 1", "new")
    now[0] = jamf.NAME_AGE
    assert (pro.policy_name("501"), pro.policy_name("999")) == ("renamed", "new")
    assert pro.policy_names() == {"501": "renamed", "502": "Policy 502; ring 1", "999": "new"}


def test_a_missing_privilege_is_named_and_closes_nothing_else(new_server):
    new_server.forbidden = {"/JSSResource/policies", "/api/v4/computers-inventory/1"}
    pro = client(new_server)

    for read in (pro.policy_names, lambda: pro.record("computer", "1")):
        with pytest.raises(TransientError, match=r"may 7f9c-client read this\?") as caught:
            read()
        assert caught.value.down is False
    assert pro.record("computer", "2") is not None


@pytest.mark.parametrize(
    ("step", "kind", "down", "retry_after", "words"),
    [
        (lambda server: server.be_busy(retry_after=7), TransientError, True, 7.0, "429"),
        (lambda server: server.show_page(503), TransientError, True, None, "503: an HTML page"),
        (lambda server: server.show_page(502), TransientError, True, None, "502: an HTML page"),
        (lambda server: server.show_page(500), TransientError, False, None, "500: an HTML page"),
        (lambda server: server.show_page(200), TransientError, True, None, "not its documented answer"),
        (lambda server: server.show_page(302), PermanentError, False, None, "redirects"),
    ],
)
def test_answers_that_are_none_say_what_to_do(new_server, step, kind, down, retry_after, words):
    pro = client(new_server)
    pro.record("computer", "1")
    step(new_server)

    with pytest.raises(kind, match=words) as caught:
        pro.record("computer", "1")

    assert not isinstance(caught.value, OutcomeUnknown)
    assert (caught.value.down, getattr(caught.value, "retry_after", None)) == (down, retry_after)


def test_the_reasons_of_both_apis_are_shown(new_server):
    new_server.forbidden = {"/api/v4/computers-inventory/1", "/JSSResource/policies/id/1/subset/General"}
    pro = client(new_server)

    with pytest.raises(TransientError, match="answered 403: INVALID_PRIVILEGE id Forbidden"):
        pro.record("computer", "1")
    with pytest.raises(TransientError, match="answered 401: Error: Unauthorized"):
        pro.policy_name("1")


@pytest.mark.parametrize("wrong", ["../policies", "", "1/x", "-1", "1 2"])
def test_what_is_no_number_is_never_sent(new_server, wrong):
    pro = client(new_server)
    with pytest.raises(PermanentError, match="is no id"):
        pro.record("computer", wrong)
    with pytest.raises(PermanentError, match="is no id"):
        pro.policy_name(wrong)

    assert new_server.calls == []


def test_a_page_that_did_not_come_may_be_asked_for_again(new_server):
    stock(new_server, computers=PAGE + 1)
    pages = client(new_server).records("computer")
    next(pages)
    new_server.show_page(502)

    with pytest.raises(TransientError, match="answered 502"):
        next(pages)

    assert [record.jamf_id for record in next(pages)] == [str(PAGE + 1)]
    assert list(pages) == []


@pytest.mark.parametrize("most_on_page", [2_000, 70])
def test_a_read_may_go_on_later_where_another_one_stopped(most_on_page):
    with JamfApi(build=replace(NEW, most_on_page=most_on_page)) as server:
        stock(server, computers=450)
        first = client(server).records("computer")
        before = [next(first), next(first)]

        after = list(client(server).records("computer", first.place))

    assert [record.jamf_id for page in (*before, *after) for record in page] == [str(n) for n in range(1, 451)]


def test_a_list_that_comes_whole_is_read_from_its_beginning():
    with JamfApi(build=OLD) as server:
        stock(server)

        pages = list(client(server).records("computer", Place(page=3, seen=600)))

    assert [len(page) for page in pages] == [3]


def test_health_is_asked_without_a_token(new_server):
    pro = client(new_server)
    assert pro.is_healthy()
    new_server.healthy = False

    assert not pro.is_healthy()
    assert new_server.tokens.given == 0
