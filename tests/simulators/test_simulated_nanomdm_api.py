"""The API of NanoMDM and NanoHUB over a real socket: many ids in one call, and four ways to succeed in part."""

import plistlib

import pytest
import requests

from simulators.identities import Kind
from simulators.nanomdm import Flavour, enrollment_ids
from simulators.nanomdm_api import Build, NanoMDMApi
from simulators.nanomdm_queue import Storage

STRANGER = "FFFFFFFF-0000-5000-8000-00000000AAAA"


def plist(command_uuid="c-1", kind="InstallApplication"):
    return plistlib.dumps({"CommandUUID": command_uuid, "Command": {"RequestType": kind, "iTunesStoreID": 1}})


@pytest.fixture(params=[Storage.KV])
def api(request):
    with NanoMDMApi(api_key="k", build=Build(storage=request.param)) as server:
        yield server


on_sql = pytest.mark.parametrize("api", [Storage.MYSQL, Storage.POSTGRESQL], indirect=True)
on_all = pytest.mark.parametrize("api", list(Storage), indirect=True)


@pytest.fixture
def call(api):
    with requests.Session() as session:
        session.auth = ("nanomdm", "k")

        def request(path, body=b"", method="PUT"):
            return session.request(method, f"{api.url}/v1/{path}", data=body, timeout=60)

        yield request


@pytest.fixture
def enrol(api, make_device):
    def enrol(seed=7, kind=Kind.MAC):
        device = make_device(kind, seed=seed)
        messages = [device.authenticate(), device.token_update()]
        messages += [device.token_update(user=True)] if device.identity.user else []
        assert [api.receive(message) for message in messages] == [None] * len(messages)
        return device

    return enrol


def uuid_of(command):
    return plistlib.loads(command)["CommandUUID"] if command else None


def test_the_key_is_looked_at_first(api):
    for auth in (None, ("nanohub", "k"), ("nanomdm", "wrong")):
        answer = requests.put(f"{api.url}/v1/enqueue/x", data=b"nonsense", auth=auth, timeout=60)

        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="nanomdm"'
        assert answer.text == "Unauthorized\n"


def test_nanohub_has_its_own_prefix_user_and_realm():
    with NanoMDMApi(api_key="k", build=Build(flavour=Flavour.NANOHUB)) as hub:
        url = f"{hub.url}/api/v1/nanomdm/enqueue/x?nopush=1"

        assert requests.put(url, data=plist(), auth=("nanohub", "k"), timeout=60).status_code == 200
        assert requests.put(url, timeout=60).headers["WWW-Authenticate"] == 'Basic realm="NanoHUB API"'
        assert requests.put(f"{hub.url}/v1/enqueue/x", auth=("nanohub", "k"), timeout=60).status_code == 404
        assert requests.get(f"{hub.url}/version", timeout=60).status_code == 200


@on_all
def test_one_call_queues_for_many_and_pushes_each(api, call, enrol):
    one, other = enrol(1).identity.udid, enrol(2).identity.udid

    answer = call(f"enqueue/{one},{other}", plist())

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.text.startswith('{\n\t"status"')
    said = answer.json()
    assert (said["command_uuid"], said["request_type"]) == ("c-1", "InstallApplication")
    assert [list(said["status"][id_]) for id_ in (one, other)] == [["push_result"], ["push_result"]]
    assert api.pushed == [one, other]
    assert [command.raw for id_ in (one, other) for command in api.queue(id_)] == [plist(), plist()]
    assert (api.calls[-1].ids, api.calls[-1].command_uuid) == ((one, other), "c-1")


def test_any_method_will_do_and_ids_may_be_escaped(api, call, enrol):
    mac = enrol(kind=Kind.MAC_WITH_USER)
    id_ = f"{mac.identity.udid}:{mac.identity.user['UserID']}"

    for number, method in enumerate(("GET", "POST", "DELETE")):
        assert call(f"enqueue/{id_.replace(':', '%3A')}", plist(f"c-{number}"), method).status_code == 200
    assert len(api.queue(id_)) == 3


def test_without_a_push_there_is_no_status(api, call, enrol):
    udid = enrol().identity.udid

    answer = call(f"enqueue/{udid}?nopush=0", plist())

    assert answer.status_code == 200
    assert answer.json() == {"no_push": True, "command_uuid": "c-1", "request_type": "InstallApplication"}
    assert api.pushed == []
    assert call(f"enqueue/{udid}?nopush=", plist("c-2")).json()["status"]


def test_an_empty_body_is_a_push_only(api, call, enrol):
    udid = enrol().identity.udid

    assert list(call(f"enqueue/{udid}").json()) == ["status"]
    assert call(f"push/{udid}", method="GET").status_code == 200
    assert api.pushed == [udid, udid]
    assert call(f"enqueue/{udid}?nopush=1").status_code == 500


def test_a_failed_push_leaves_the_command_queued(api, call, enrol):
    one, other = enrol(1).identity.udid, enrol(2).identity.udid
    api.fail_pushes("BadDeviceToken", [other])

    some = call(f"enqueue/{one},{other}", plist("c-1"))
    none = call(f"enqueue/{other}", plist("c-2"))

    assert (some.status_code, none.status_code) == (207, 500)
    assert some.json()["status"][other] == {"push_error": "BadDeviceToken"}
    assert "push_error" not in none.json()
    assert [command.command_uuid for command in api.queue(other)] == ["c-1", "c-2"]


def test_without_a_push_certificate_the_whole_push_fails(api, call, enrol):
    udid = enrol().identity.udid
    api.has_push_certificate = False

    answer = call(f"enqueue/{udid}", plist())

    assert answer.status_code == 500
    assert "push_error" in answer.json()
    assert len(api.queue(udid)) == 1


@on_all
def test_a_uuid_is_taken_once_however_often_it_was_answered(api, call, enrol):
    device = enrol()
    call(f"enqueue/{device.identity.udid}", plist())
    api.receive(device.acknowledged("c-1"))

    answer = call(f"enqueue/{device.identity.udid}", plist())

    assert answer.status_code == 500
    assert "exist" in answer.json()["command_error"] or "uplicate" in answer.json()["command_error"]
    assert "status" not in answer.json()
    assert api.queue(device.identity.udid) == []
    assert len(api.pushed) == 1


def test_kv_stores_take_unknown_ids_and_only_the_push_complains(api, call, enrol):
    udid = enrol().identity.udid

    answer = call(f"enqueue/{udid},{STRANGER}", plist())

    assert answer.status_code == 207
    assert answer.json()["status"][STRANGER] == {"push_error": "push data missing for id"}
    assert len(api.queue(STRANGER)) == 1


@on_sql
def test_on_sql_an_unknown_id_fails_the_whole_call(api, call, enrol):
    udid = enrol().identity.udid

    answer = call(f"enqueue/{udid},{STRANGER}", plist())

    assert answer.status_code == 500
    assert "foreign key" in answer.json()["command_error"]
    assert api.queue(udid) == []
    assert call(f"enqueue/{udid}", plist()).status_code == 200


def test_the_kv_store_files_a_failure_under_the_commands_uuid(api, call, enrol):
    one, other = enrol(1).identity.udid, enrol(2).identity.udid
    api.fail_enqueues([other])

    answer = call(f"enqueue/{one},{other}", plist())

    assert answer.status_code == 207
    assert "command_error" in answer.json()["status"]["c-1"]
    assert "push_result" in answer.json()["status"][other]
    assert (len(api.queue(one)), len(api.queue(other))) == (1, 0)


def test_a_body_that_is_no_command_is_a_500(api, call):
    for body in (b"{}", b"<plist/>", plist(""), plist(kind="")):
        answer = call("enqueue/x", body)

        assert answer.status_code == 500
        assert answer.json()["command_error"].startswith("decoding command: ")


def test_not_now_keeps_its_place_and_is_skipped_only_after_a_not_now(api, call, enrol):
    device = enrol()
    for name in ("c-1", "c-2"):
        call(f"enqueue/{device.identity.udid}", plist(name))

    assert uuid_of(api.receive(device.idle())) == "c-1"
    assert uuid_of(api.receive(device.not_now("c-1"))) == "c-2"
    assert uuid_of(api.receive(device.not_now("c-2"))) is None
    assert uuid_of(api.receive(device.idle())) == "c-1"
    assert uuid_of(api.receive(device.command_format_error("c-2"))) == "c-1"
    assert uuid_of(api.receive(device.acknowledged("c-1"))) is None


def test_authenticate_clears_and_disables_and_check_out_only_disables(api, call, enrol):
    device = enrol(kind=Kind.MAC_WITH_USER)
    udid = device.identity.udid
    user = f"{udid}:{device.identity.user['UserID']}"
    call(f"enqueue/{udid},{user}", plist())

    api.receive(device.check_out())
    assert (api.enabled, len(api.queue(udid)), len(api.queue(user))) == (set(), 1, 1)
    api.receive(device.authenticate())
    assert (api.enabled, api.queue(udid), api.queue(user)) == (set(), [], [])

    assert call(f"push/{udid}").status_code == 200, "the old push data are still there"
    api.receive(device.token_update())
    assert api.enabled == {udid}


def test_a_lost_reply_makes_the_repetition_a_duplicate(api, call, enrol):
    udid = enrol().identity.udid
    api.faults.lose_reply(path="/enqueue/")
    with pytest.raises(requests.ConnectionError):
        call(f"enqueue/{udid}", plist())
    assert "already exists" in call(f"enqueue/{udid}", plist()).json()["command_error"]

    api.faults.error_before_storing()
    assert call(f"enqueue/{udid}", plist("c-2")).json() == {"command_error": "simulated database error"}
    assert [command.command_uuid for command in api.queue(udid)] == ["c-1"]
    assert api.count("PUT", "/enqueue/") == 3


@pytest.mark.parametrize("kind", [Kind.MAC_WITH_USER, Kind.SHARED_IPAD, Kind.USER_ENROLLMENT_MAC])
def test_a_user_has_a_queue_of_their_own_that_goes_when_the_device_enrols_anew(api, call, enrol, kind):
    device = enrol(kind=kind)
    own = enrollment_ids(device.idle().content)["id"]
    user = enrollment_ids(device.idle(user=True).content)["id"]
    call(f"enqueue/{user}", plist("c-1"))
    call(f"enqueue/{own}", plist("c-2"))

    assert plistlib.loads(api.receive(device.idle(user=True)))["CommandUUID"] == "c-1"
    assert plistlib.loads(api.receive(device.idle()))["CommandUUID"] == "c-2"
    api.receive(device.authenticate())
    assert (api.queue(user), api.queue(own)) == ([], [])
