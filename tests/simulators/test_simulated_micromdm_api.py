"""MicroMDM's HTTP API over a real socket: its 500s, its hasty 201s and its list of devices."""

import base64
import plistlib

import pytest
import requests

from simulators.identities import Kind
from simulators.micromdm_api import MicroMDMApi

UDID = "A1B2C3D4-0000-5000-8000-00000000AAAA"
INSTALL = {"udid": UDID, "request_type": "InstallApplication", "command_uuid": "c-1", "itunes_store_id": 361309726}


def raw(command_uuid="c-1", **command):
    command = {"RequestType": "InstallApplication", "iTunesStoreID": 361309726, **command}
    return plistlib.dumps({"CommandUUID": command_uuid, "Command": command})


def test_a_wrong_or_missing_key_is_a_401_with_a_challenge_and_json(micromdm_api):
    for auth in (None, ("micromdm", "wrong"), ("nanomdm", "k")):
        answer = requests.post(f"{micromdm_api.url}/v1/commands", json=INSTALL, auth=auth, timeout=60)

        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="micromdm"'
        assert answer.json() == {"error": "Unauthorized"}


def test_the_body_is_read_before_the_key(micromdm_api):
    for body in (b"", b"{", b"[]", b'{"request_type": "Frobnicate"}'):
        answer = requests.post(f"{micromdm_api.url}/v1/commands", data=body, timeout=60)

        assert answer.status_code == 500
        assert answer.json()["error"]


def test_unknown_paths_and_methods_get_plain_answers(micromdm_api, call_micromdm):
    nothing = call_micromdm("GET", "/v1/nothing")

    assert (nothing.status_code, nothing.text) == (404, "404 page not found\n")
    assert call_micromdm("GET", "/v1/commands").status_code == 405
    assert requests.get(f"{micromdm_api.url}/version", timeout=60).json()["version"] == "v1.13.1"


def test_without_an_api_key_there_is_no_api():
    with MicroMDMApi(api_key="") as micromdm_api:
        answer = requests.post(f"{micromdm_api.url}/v1/devices", json={}, auth=("micromdm", ""), timeout=60)

        assert answer.status_code == 404


def test_a_command_is_accepted_for_a_device_that_does_not_exist(call_micromdm):
    asked = INSTALL | {"management_flags": 1, "options": {"purchase_method": 1}}
    answer = call_micromdm("POST", "/v1/commands", json=asked)

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
    (queued,) = call_micromdm("GET", f"/v1/commands/{UDID}").json()["commands"]
    assert plistlib.loads(base64.b64decode(queued["payload"]))["Command"] == {
        "RequestType": "InstallApplication",
        "iTunesStoreID": 361309726,
        "ManagementFlags": 1,
        "Options": {"PurchaseMethod": 1},
    }


def test_options_it_does_not_know_are_dropped_in_silence(micromdm_api, call_micromdm):
    asked = INSTALL | {"configuration": {"a": 1}, "attributes": {}, "install_as_managed": True, "iOSApp": True}

    assert call_micromdm("POST", "/v1/commands", json=asked).status_code == 201
    call_micromdm("GET", "/version")

    (command,) = micromdm_api.queue(UDID)
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
def test_what_it_cannot_take_is_a_500(micromdm_api, call_micromdm, wrong):
    answer = call_micromdm("POST", "/v1/commands", json=INSTALL | wrong)

    assert (answer.status_code, list(answer.json())) == (500, ["error"])
    call_micromdm("GET", "/version")
    assert micromdm_api.queue(UDID) == []


def test_names_are_apples_in_the_plist(micromdm_api, call_micromdm):
    for asked in (
        {"request_type": "DeviceLock", "pin": "123456", "phone_number": "1"},
        {"request_type": "EraseDevice"},
        {"request_type": "InstalledApplicationList", "managed_appd_only": True},
        {"request_type": "InstallProfile", "payload": base64.b64encode(b"<plist/>").decode()},
        {"request_type": "Settings", "settings": [{"item": "DeviceName", "device_name": "x"}]},
    ):
        assert call_micromdm("POST", "/v1/commands", json={"udid": UDID, **asked}).status_code == 201
    call_micromdm("GET", "/version")

    assert [plistlib.loads(one.raw)["Command"] for one in micromdm_api.queue(UDID)] == [
        {"RequestType": "DeviceLock", "PIN": "123456", "PhoneNumber": "1"},
        {"RequestType": "EraseDevice", "PIN": ""},
        {"RequestType": "InstalledApplicationList", "ManagedAppsOnly": True},
        {"RequestType": "InstallProfile", "Payload": b"<plist/>"},
        {"RequestType": "Settings", "Settings": [{"Item": "DeviceName", "DeviceName": "x"}]},
    ]


def test_a_raw_command_passes_unchanged_by_post_and_put(micromdm_api, call_micromdm):
    body = raw(InstallAsManaged=True)
    for method in ("POST", "PUT"):
        answer = call_micromdm(method, f"/v1/commands/{UDID}", data=body)

        assert answer.status_code == 201
        assert answer.json()["payload"] == {
            "udid": UDID,
            "command_uuid": "c-1",
            "command": {"request_type": "InstallApplication"},
            "payload": base64.b64encode(body).decode(),
        }
    call_micromdm("GET", "/version")
    assert [one.raw for one in micromdm_api.queue(UDID)] == [body, body]


def test_a_raw_command_must_be_an_xml_plist_with_both_keys(call_micromdm):
    binary = plistlib.dumps(plistlib.loads(raw()), fmt=plistlib.FMT_BINARY)
    for body in (b"", b"{}", binary, plistlib.dumps({"Command": {"RequestType": "X"}}), raw("")):
        assert call_micromdm("PUT", f"/v1/commands/{UDID}", data=body).status_code == 500


def test_the_list_of_devices_knows_one_filter_only(micromdm_api, call_micromdm, enrolled):
    assert call_micromdm("POST", "/v1/devices", json={}).json() == {"devices": None}
    micromdm_api.add_dep_device("C02NEVERSEEN")
    mac = enrolled()
    enrolled(Kind.USER_ENROLLMENT)

    ignored = {"filter_udid": ["none"], "page": 3, "per_page": 1}
    everything = call_micromdm("POST", "/v1/devices", json=ignored).json()["devices"]
    one = call_micromdm("POST", "/v1/devices", json={"filter_serial": [mac.identity.serial_number]}).json()["devices"]

    assert everything[0] == {
        "serial_number": "C02NEVERSEEN",
        "udid": "",
        "enrollment_status": False,
        "last_seen": "0001-01-01T00:00:00Z",
        "dep_profile_status": "assigned",
    }
    assert len(everything) == 2
    assert [(record["udid"], record["enrollment_status"]) for record in one] == [(mac.identity.udid, True)]
    assert call_micromdm("POST", "/v1/devices", data=b"").status_code == 500
    micromdm_api.receive(mac.check_out())
    assert call_micromdm("POST", "/v1/devices", json={}).json()["devices"][1]["enrollment_status"] is False


def test_a_device_from_the_programme_gets_its_udid_when_it_enrols(micromdm_api, call_micromdm, make_device):
    mac = make_device()
    micromdm_api.add_dep_device(mac.identity.serial_number)

    micromdm_api.receive(mac.authenticate())

    (record,) = call_micromdm("POST", "/v1/devices", json={}).json()["devices"]
    assert (record["udid"], record["dep_profile_status"]) == (mac.identity.udid, "assigned")
