"""MicroMDM's queue, as its API shows it and as devices meet it."""

import plistlib

import pytest
import requests

from simulators.devices import NO_LICENSE
from simulators.identities import SHARED_IPAD_USER_ID, Kind

UDID = "A1B2C3D4-0000-5000-8000-00000000AAAA"


def raw(command_uuid="c-1", **command):
    command = {"RequestType": "InstallApplication", "iTunesStoreID": 361309726, **command}
    return plistlib.dumps({"CommandUUID": command_uuid, "Command": command})


def waiting(call_micromdm, udid=UDID):
    return [one["uuid"] for one in call_micromdm("GET", f"/v1/commands/{udid}").json().get("commands", [])]


def uuid_of(command):
    return plistlib.loads(command)["CommandUUID"] if command else None


def test_the_queue_can_be_seen_and_cleared(call_micromdm):
    assert call_micromdm("GET", f"/v1/commands/{UDID}").json() == {}
    call_micromdm("PUT", f"/v1/commands/{UDID}", data=raw("c-1"))
    call_micromdm("PUT", f"/v1/commands/{UDID}", data=raw("c-2"))
    assert waiting(call_micromdm) == ["c-1", "c-2"]

    assert call_micromdm("DELETE", f"/v1/commands/{UDID}").json() == {}
    assert waiting(call_micromdm) == []


def test_a_command_that_was_not_answered_goes_to_the_end(micromdm_api, call_micromdm, enrolled):
    device = enrolled()
    for name in ("c-1", "c-2"):
        call_micromdm("PUT", f"/v1/commands/{device.identity.udid}", data=raw(name))
    call_micromdm("GET", "/version")

    assert uuid_of(micromdm_api.receive(device.idle())) == "c-1"
    assert uuid_of(micromdm_api.receive(device.idle())) == "c-2"
    assert uuid_of(micromdm_api.receive(device.acknowledged("c-2"))) == "c-1"
    assert uuid_of(micromdm_api.receive(device.error("c-1", NO_LICENSE))) is None


def test_not_now_is_offered_again_only_when_nothing_else_waits(micromdm_api, call_micromdm, enrolled):
    device = enrolled()
    udid = device.identity.udid
    for name in ("c-1", "c-2"):
        call_micromdm("PUT", f"/v1/commands/{udid}", data=raw(name))
    call_micromdm("GET", "/version")
    micromdm_api.receive(device.idle())

    assert uuid_of(micromdm_api.receive(device.not_now("c-1"))) == "c-2"
    assert waiting(call_micromdm, udid) == ["c-2"]
    assert uuid_of(micromdm_api.receive(device.not_now("c-2"))) is None
    assert waiting(call_micromdm, udid) == []
    assert uuid_of(micromdm_api.receive(device.idle())) == "c-1"


def test_authenticate_clears_the_queue_and_check_out_does_not(micromdm_api, call_micromdm, enrolled):
    device = enrolled()
    call_micromdm("PUT", f"/v1/commands/{device.identity.udid}", data=raw())
    call_micromdm("GET", "/version")

    micromdm_api.receive(device.check_out())
    assert waiting(call_micromdm, device.identity.udid) == ["c-1"]
    micromdm_api.receive(device.authenticate())
    assert waiting(call_micromdm, device.identity.udid) == []


def test_a_push_needs_a_token_and_can_fail(micromdm_api, call_micromdm, enrolled):
    rung = []
    micromdm_api.on_push(rung.append)
    udid = enrolled().identity.udid

    assert call_micromdm("POST", f"/v1/push/{UDID}").status_code == 500
    assert call_micromdm("POST", f"/v1/push/{udid}").json()["status"] == "success"
    assert call_micromdm("GET", f"/push/{udid}?expiration=1").status_code == 200
    micromdm_api.fail_pushes("BadDeviceToken")
    assert call_micromdm("POST", f"/v1/push/{udid}").json() == {"error": "BadDeviceToken"}

    assert call_micromdm("PUT", f"/v1/commands/{udid}", data=raw()).status_code == 201
    assert waiting(call_micromdm, udid) == ["c-1"]
    assert rung == [udid, udid]


def test_201_does_not_mean_stored(micromdm_api, call_micromdm):
    micromdm_api.forget_after_reply()

    assert call_micromdm("PUT", f"/v1/commands/{UDID}", data=raw()).status_code == 201
    assert waiting(call_micromdm) == []


def test_a_lost_reply_leaves_a_command_and_an_error_leaves_none(micromdm_api, call_micromdm):
    micromdm_api.faults.error_before_storing()
    assert call_micromdm("PUT", f"/v1/commands/{UDID}", data=raw("c-1")).json()["error"]
    micromdm_api.faults.lose_reply()
    with pytest.raises(requests.ConnectionError):
        call_micromdm("PUT", f"/v1/commands/{UDID}", data=raw("c-2"))

    assert waiting(call_micromdm) == ["c-2"]
    failed, lost = micromdm_api.calls[:2]
    assert (failed.status, failed.command_uuid) == (500, "")
    assert (lost.status, lost.command_uuid, lost.ids) == (None, "c-2", (UDID,))


def test_users_of_macs_have_queues_of_their_own_and_others_share_one(micromdm_api, call_micromdm, enrolled):
    mac, ipad, private = (
        enrolled(kind=kind) for kind in (Kind.MAC_WITH_USER, Kind.SHARED_IPAD, Kind.USER_ENROLLMENT_MAC)
    )
    keys = (mac.identity.user["UserID"], SHARED_IPAD_USER_ID, private.identity.enrollment_id, mac.identity.udid)
    for number, key in enumerate(keys):
        call_micromdm("PUT", f"/v1/commands/{key}", data=raw(f"c-{number}"))
    call_micromdm("GET", "/version")

    offered = [uuid_of(micromdm_api.receive(device.idle(user=True))) for device in (mac, ipad, private)]

    assert offered == ["c-0", "c-1", "c-2"]
    assert uuid_of(micromdm_api.receive(mac.idle())) == "c-3"
    assert uuid_of(micromdm_api.receive(private.idle())) == "c-2"
    micromdm_api.receive(mac.authenticate())
    assert [waiting(call_micromdm, key) for key in (keys[0], keys[3])] == [["c-0"], []]
