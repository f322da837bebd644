"""MicroMDM's HTTP API over a real socket: its 500s, its hasty 201s and its queue."""

import base64
import plistlib

import pytest
import requests

from simulators.devices import NO_LICENSE
from simulators.identities import Kind
from simulators.micromdm_api import MicroMDMApi

KEY = ("micromdm", "k")
UDID = "A1B2C3D4-0000-5000-8000-00000000AAAA"
INSTALL = {"udid": UDID, "request_type": "InstallApplication", "command_uuid": "c-1", "itunes_store_id": 361309726}


@pytest.fixture
def api():
    with MicroMDMApi(api_key="k") as server:
        yield server


@pytest.fixture
def call(api):
    """One request over one kept-alive connection, so that what follows an answer is done before the next request."""
    with requests.Session() as session:
        session.auth = KEY

        def request(method, path, **options):
            return session.request(method, api.url + path, timeout=5, **options)

        yield request


def raw(command_uuid="c-1", **command):
    command = {"RequestType": "InstallApplication", "iTunesStoreID": 361309726, **command}
    return plistlib.dumps({"CommandUUID": command_uuid, "Command": command})


def waiting(call, udid=UDID):
    return [one["uuid"] for one in call("GET", f"/v1/commands/{udid}").json().get("commands", [])]


def enrolled(api, make_device, kind=Kind.MAC):
    device = make_device(kind)
    for message in (device.authenticate(), device.token_update()):
        assert api.receive(message) is None
    return device


def uuid_of(command):
    return plistlib.loads(command)["CommandUUID"] if command else None


def test_a_wrong_or_missing_key_is_a_401_with_a_challenge_and_json(api):
    for auth in (None, ("micromdm", "wrong"), ("nanomdm", "k")):
        answer = requests.post(f"{api.url}/v1/commands", json=INSTALL, auth=auth, timeout=5)

        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="micromdm"'
        assert answer.json() == {"error": "Unauthorized"}


def test_the_body_is_read_before_the_key(api):
    for body in (b"", b"{", b"[]", b'{"request_type": "Frobnicate"}'):
        answer = requests.post(f"{api.url}/v1/commands", data=body, timeout=5)

        assert answer.status_code == 500
        assert answer.json()["error"]


def test_unknown_paths_and_methods_get_plain_answers(api, call):
    assert (call("GET", "/v1/nothing").status_code, call("GET", "/v1/nothing").text) == (404, "404 page not found\n")
    assert call("GET", "/v1/commands").status_code == 405
    assert requests.get(f"{api.url}/version", timeout=5).json()["version"] == "v1.13.1"


def test_without_an_api_key_there_is_no_api():
    with MicroMDMApi(api_key="") as api:
        assert requests.post(f"{api.url}/v1/devices", json={}, auth=("micromdm", ""), timeout=5).status_code == 404


def test_a_command_is_accepted_for_a_device_that_does_not_exist(call):
    answer = call("POST", "/v1/commands", json=INSTALL | {"management_flags": 1, "options": {"purchase_method": 1}})

    assert answer.status_code == 201
    assert answer.text.startswith('{\n  "payload"')
    assert answer.json()["payload"] == {
        "command_uuid": "c-1",
        "command": {
            "request_type": "InstallApplication",
            "itunes_store_id": 361309726,
            "management_flags": 1,
            "options": {"purchase_method": 1},
        },
    }
    (queued,) = call("GET", f"/v1/commands/{UDID}").json()["commands"]
    assert plistlib.loads(base64.b64decode(queued["payload"]))["Command"] == {
        "RequestType": "InstallApplication",
        "iTunesStoreID": 361309726,
        "ManagementFlags": 1,
        "Options": {"PurchaseMethod": 1},
    }


def test_options_it_does_not_know_are_dropped_in_silence(api, call):
    asked = INSTALL | {"configuration": {"a": 1}, "attributes": {}, "install_as_managed": True, "iOSApp": True}

    assert call("POST", "/v1/commands", json=asked).status_code == 201

    (command,) = api.queue(UDID)
    assert set(plistlib.loads(command.raw)["Command"]) == {"RequestType", "iTunesStoreID"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"itunes_store_id": "361309726"},
        {"itunes_store_id": True},
        {"udid": ""},
        {"udid": 7},
        {"request_type": "installapplication"},
        {"request_type": ""},
        {"options": []},
    ],
)
def test_what_it_cannot_take_is_a_500(api, call, wrong):
    answer = call("POST", "/v1/commands", json=INSTALL | wrong)

    assert (answer.status_code, list(answer.json())) == (500, ["error"])
    assert api.queue(UDID) == []


def test_names_are_apples_in_the_plist(api, call):
    for asked in (
        {"request_type": "DeviceLock", "pin": "123456", "phone_number": "1"},
        {"request_type": "EraseDevice"},
        {"request_type": "InstalledApplicationList", "managed_appd_only": True},
        {"request_type": "InstallProfile", "payload": base64.b64encode(b"<plist/>").decode()},
        {"request_type": "Settings", "settings": [{"item": "DeviceName", "device_name": "x"}]},
    ):
        assert call("POST", "/v1/commands", json={"udid": UDID, **asked}).status_code == 201
    call("GET", "/version")

    assert [plistlib.loads(one.raw)["Command"] for one in api.queue(UDID)] == [
        {"RequestType": "DeviceLock", "PIN": "123456", "PhoneNumber": "1"},
        {"RequestType": "EraseDevice", "PIN": ""},
        {"RequestType": "InstalledApplicationList", "ManagedAppsOnly": True},
        {"RequestType": "InstallProfile", "Payload": b"<plist/>"},
        {"RequestType": "Settings", "Settings": [{"Item": "DeviceName", "DeviceName": "x"}]},
    ]


def test_a_raw_command_passes_unchanged_by_post_and_put(api, call):
    body = raw(InstallAsManaged=True)
    for method in ("POST", "PUT"):
        answer = call(method, f"/v1/commands/{UDID}", data=body)

        assert answer.status_code == 201
        assert answer.json()["payload"] == {
            "udid": UDID,
            "command_uuid": "c-1",
            "command": {"request_type": "InstallApplication"},
            "payload": base64.b64encode(body).decode(),
        }
    call("GET", "/version")
    assert [one.raw for one in api.queue(UDID)] == [body, body]


def test_a_raw_command_must_be_an_xml_plist_with_both_keys(call):
    binary = plistlib.dumps(plistlib.loads(raw()), fmt=plistlib.FMT_BINARY)
    for body in (b"", b"{}", binary, plistlib.dumps({"Command": {"RequestType": "X"}}), raw("")):
        assert call("PUT", f"/v1/commands/{UDID}", data=body).status_code == 500


def test_the_queue_can_be_seen_and_cleared(call):
    assert call("GET", f"/v1/commands/{UDID}").json() == {}
    call("PUT", f"/v1/commands/{UDID}", data=raw("c-1"))
    call("PUT", f"/v1/commands/{UDID}", data=raw("c-2"))
    assert waiting(call) == ["c-1", "c-2"]

    assert call("DELETE", f"/v1/commands/{UDID}").json() == {}
    assert waiting(call) == []


def test_a_command_that_was_not_answered_goes_to_the_end(api, call, make_device):
    device = enrolled(api, make_device)
    for name in ("c-1", "c-2"):
        call("PUT", f"/v1/commands/{device.identity.udid}", data=raw(name))
    call("GET", "/version")

    assert uuid_of(api.receive(device.idle())) == "c-1"
    assert uuid_of(api.receive(device.idle())) == "c-2"
    assert uuid_of(api.receive(device.acknowledged("c-2"))) == "c-1"
    assert uuid_of(api.receive(device.error("c-1", NO_LICENSE))) is None


def test_not_now_is_offered_again_only_when_nothing_else_waits(api, call, make_device):
    device = enrolled(api, make_device)
    udid = device.identity.udid
    for name in ("c-1", "c-2"):
        call("PUT", f"/v1/commands/{udid}", data=raw(name))
    call("GET", "/version")
    api.receive(device.idle())

    assert uuid_of(api.receive(device.not_now("c-1"))) == "c-2"
    assert waiting(call, udid) == ["c-2"]
    assert uuid_of(api.receive(device.not_now("c-2"))) is None
    assert waiting(call, udid) == []
    assert uuid_of(api.receive(device.idle())) == "c-1"


def test_authenticate_clears_the_queue_and_check_out_does_not(api, call, make_device):
    device = enrolled(api, make_device)
    call("PUT", f"/v1/commands/{device.identity.udid}", data=raw())
    call("GET", "/version")

    api.receive(device.check_out())
    assert waiting(call, device.identity.udid) == ["c-1"]
    api.receive(device.authenticate())
    assert waiting(call, device.identity.udid) == []


def test_the_list_of_devices_knows_one_filter_only(api, call, make_device):
    assert call("POST", "/v1/devices", json={}).json() == {"devices": None}
    api.add_dep_device("C02NEVERSEEN")
    mac = enrolled(api, make_device)
    enrolled(api, make_device, Kind.USER_ENROLLMENT)

    everything = call("POST", "/v1/devices", json={"filter_udid": ["none"], "page": 3, "per_page": 1}).json()["devices"]
    one = call("POST", "/v1/devices", json={"filter_serial": [mac.identity.serial_number]}).json()["devices"]

    assert everything[0] == {
        "serial_number": "C02NEVERSEEN",
        "udid": "",
        "enrollment_status": False,
        "last_seen": "0001-01-01T00:00:00Z",
        "dep_profile_status": "assigned",
    }
    assert len(everything) == 2
    assert [(record["udid"], record["enrollment_status"]) for record in one] == [(mac.identity.udid, True)]
    assert call("POST", "/v1/devices", data=b"").status_code == 500
    api.receive(mac.check_out())
    assert call("POST", "/v1/devices", json={}).json()["devices"][1]["enrollment_status"] is False


def test_a_device_from_the_programme_gets_its_udid_when_it_enrols(api, call, make_device):
    mac = make_device()
    api.add_dep_device(mac.identity.serial_number)

    api.receive(mac.authenticate())

    (record,) = call("POST", "/v1/devices", json={}).json()["devices"]
    assert (record["udid"], record["dep_profile_status"]) == (mac.identity.udid, "assigned")


def test_a_push_needs_a_token_and_can_fail(api, call, make_device):
    rung = []
    api.on_push(rung.append)
    udid = enrolled(api, make_device).identity.udid

    assert call("POST", f"/v1/push/{UDID}").status_code == 500
    assert call("POST", f"/v1/push/{udid}").json()["status"] == "success"
    assert call("GET", f"/push/{udid}?expiration=1").status_code == 200
    api.fail_pushes("BadDeviceToken")
    assert call("POST", f"/v1/push/{udid}").json() == {"error": "BadDeviceToken"}

    assert call("PUT", f"/v1/commands/{udid}", data=raw()).status_code == 201
    assert waiting(call, udid) == ["c-1"]
    assert rung == [udid, udid]


def test_201_does_not_mean_stored(api, call):
    api.forget_after_reply()

    assert call("PUT", f"/v1/commands/{UDID}", data=raw()).status_code == 201
    assert waiting(call) == []


def test_a_lost_reply_leaves_a_command_and_an_error_leaves_none(api, call):
    api.faults.error_before_storing()
    assert call("PUT", f"/v1/commands/{UDID}", data=raw("c-1")).json()["error"]
    api.faults.lose_reply()
    with pytest.raises(requests.ConnectionError):
        call("PUT", f"/v1/commands/{UDID}", data=raw("c-2"))

    assert waiting(call) == ["c-2"]
    assert [(one.command_uuid, one.ids, one.status) for one in api.calls[:2]] == [("", (), 500), ("c-2", (UDID,), None)]
