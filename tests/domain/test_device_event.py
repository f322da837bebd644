"""Whose message it is: a device's or a user's, and whether its server keeps commands for that one alone."""

import plistlib
from base64 import b64encode

import pytest

from domain.device_event import read_device_event
from tests.deliveries import NOON, UDID

USER_ID = "5E6F7A8B-0000-4000-8000-00000000BBBB"
ALL_USERS = "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"


def heard(*, ids=None, udid=UDID, **content):
    plist = {"MessageType": "TokenUpdate", **({"UDID": udid} if udid else {}), **content}
    message = {"raw_payload": b64encode(plistlib.dumps(plist)).decode(), **({"udid": udid} if udid else {})}
    document = {
        "topic": "mdm.TokenUpdate",
        "created_at": NOON.isoformat(),
        "checkin_event": {**message, **({"ids": ids} if ids else {})},
    }
    return read_device_event(document, sender="mdm", key="k", received_at=NOON)


@pytest.mark.parametrize(
    ("content", "channel_id", "has_own_queue"),
    [
        ({}, None, True),
        ({"UserID": USER_ID, "UserShortName": "ada"}, f"{UDID}:{USER_ID}", True),
        ({"UserID": ALL_USERS, "UserShortName": "ada@school.example"}, f"{UDID}:ada@school.example", False),
        ({"udid": "", "EnrollmentID": "E-1"}, None, True),
        ({"udid": "", "EnrollmentID": "E-1", "EnrollmentUserID": USER_ID}, f"E-1:{USER_ID}", False),
        ({"udid": "", "EnrollmentID": "E-1", "UserID": USER_ID}, f"E-1:{USER_ID}", False),
    ],
)
def test_micromdm_has_a_queue_for_devices_and_for_users_of_macs(content, channel_id, has_own_queue):
    event = heard(**content)

    assert (event.channel_id, event.has_own_queue, event.has_ids) == (channel_id, has_own_queue, False)


@pytest.mark.parametrize("user", [USER_ID, "ada@school.example"])
@pytest.mark.parametrize("parent", [{"parent_id": UDID}, {}])
def test_nanomdm_has_a_queue_for_every_id_and_names_it(user, parent):
    event = heard(ids={"id": f"{UDID}:{user}", **parent}, UserID=ALL_USERS, UserShortName="somebody else")

    assert (event.device_id, event.channel_id) == (UDID, f"{UDID}:{user}")
    assert (event.has_own_queue, event.has_ids) == (True, True)


@pytest.mark.parametrize("ids", [None, {"id": f"x:{USER_ID}:y", "parent_id": f"x:{USER_ID}"}, {"id": f":{USER_ID}"}])
def test_a_device_that_is_called_like_the_user_of_another_is_none(ids):
    event = heard(ids=ids, udid=f"x:{USER_ID}")

    assert (event.device_id, event.usable, event.flags) == (None, False, ("no_device",))
