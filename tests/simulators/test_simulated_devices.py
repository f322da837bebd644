"""The plists a simulated device sends: the keys Apple documents, the bytes MDM servers take."""

import plistlib
import re

import pytest

from simulators.identities import SHARED_IPAD_USER_ID, Kind

UUID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")


def test_the_bytes_say_what_the_content_says_in_xml_and_in_binary(make_device):
    for binary in (False, True):
        message = make_device(binary=binary).authenticate()

        assert plistlib.loads(message.raw) == message.content
        assert message.raw.startswith(b"bplist00" if binary else b"<?xml")


def test_the_same_seed_gives_the_same_bytes(make_device):
    one, other = make_device(Kind.IPHONE, seed=3), make_device(Kind.IPHONE, seed=3)

    assert one.authenticate().raw == other.authenticate().raw
    assert one.token_update().raw == other.token_update().raw
    assert make_device(Kind.IPHONE, seed=4).identity != one.identity


def test_a_mac_introduces_itself_with_its_serial_number_and_no_phone_number(make_device):
    mac = make_device(Kind.MAC)

    content = mac.authenticate().content

    assert content["MessageType"] == "Authenticate"
    assert UUID.fullmatch(content["UDID"])
    assert content["SerialNumber"] == mac.identity.serial_number
    assert content["Challenge"] == b"apple"
    assert {"OSVersion", "BuildVersion", "ProductName", "DeviceName", "Model", "ModelName"} <= content.keys()
    assert not {"IMEI", "MEID", "EnrollmentID"} & content.keys()


def test_ios_sends_its_unlock_token_with_the_first_token_update_of_an_enrolment_only(make_device):
    phone = make_device(Kind.IPHONE)

    phone.authenticate()
    first, second = phone.token_update(), phone.token_update()
    phone.authenticate()
    again = phone.token_update()

    assert "UnlockToken" in first.content
    assert "UnlockToken" not in second.content
    assert "UnlockToken" in again.content
    assert second.content["Token"] == first.content["Token"] != again.content["Token"]
    assert phone.token_update(renew=True).content["Token"] != again.content["Token"]


@pytest.mark.parametrize("kind", [Kind.MAC, Kind.USER_ENROLLMENT])
def test_macs_and_user_enrolments_have_no_unlock_token(make_device, kind):
    assert "UnlockToken" not in make_device(kind).token_update().content


def test_a_user_enrolment_has_an_enrollment_id_and_hides_what_is_private(make_device):
    device = make_device(Kind.USER_ENROLLMENT)

    content = device.authenticate().content
    answer = device.device_information("C1", ["UDID", "SerialNumber", "OSVersion"]).content

    assert content["EnrollmentID"] == device.identity.enrollment_id
    assert not {"UDID", "SerialNumber", "IMEI"} & content.keys()
    assert answer["QueryResponses"].keys() == {"OSVersion"}


def test_the_user_of_a_mac_has_tokens_of_its_own_under_the_same_udid(make_device):
    mac = make_device(Kind.MAC_WITH_USER)

    of_device, of_user = mac.token_update(), mac.token_update(user=True)

    assert of_user.content["UDID"] == of_device.content["UDID"]
    assert UUID.fullmatch(of_user.content["UserID"])
    assert of_user.content["Token"] != of_device.content["Token"]
    assert of_user.of_user
    assert not of_device.of_user
    assert {"UserShortName", "UserLongName", "NotOnConsole"} <= of_user.content.keys()


def test_a_shared_ipad_user_has_the_id_of_all_fs(make_device):
    content = make_device(Kind.SHARED_IPAD).token_update(user=True).content

    assert content["UserID"] == SHARED_IPAD_USER_ID
    assert "@" in content["UserShortName"]


def test_a_device_without_users_has_no_user_channel(make_device):
    with pytest.raises(ValueError, match="no user channel"):
        make_device(Kind.IPHONE).idle(user=True)


def test_device_information_tells_only_what_was_asked_and_is_known(make_device):
    mac = make_device(Kind.MAC)

    answer = mac.device_information("C1", ["SerialNumber", "IMEI", "DeviceCapacity", "Frobnication"])

    assert answer.content["Status"] == "Acknowledged"
    assert answer.content["CommandUUID"] == "C1"
    assert answer.content["QueryResponses"] == {"SerialNumber": mac.identity.serial_number, "DeviceCapacity": 245.11}


def test_an_upgrade_shows_in_the_next_answer(make_device):
    mac = make_device(Kind.MAC)
    before = mac.device_information("C1").content["QueryResponses"]["OSVersion"]

    mac.upgrade()

    assert mac.device_information("C2").content["QueryResponses"]["OSVersion"] == mac.os_version != before


def test_results_carry_their_status_and_errors_their_chain(make_device):
    mac = make_device()
    results = [mac.idle(), mac.acknowledged("C"), mac.error("C"), mac.not_now("C"), mac.command_format_error("C")]

    statuses = [result.content["Status"] for result in results]

    assert statuses == ["Idle", "Acknowledged", "Error", "NotNow", "CommandFormatError"]
    assert [result.topic for result in results] == ["mdm.Connect"] * 5
    assert "CommandUUID" not in results[0].content
    chain = results[2].content["ErrorChain"]
    assert [link["ErrorCode"] for link in chain] == [12064, 9610]


def test_check_ins_go_by_their_message_type(make_device):
    mac = make_device(Kind.MAC_WITH_USER)
    messages = [
        mac.set_bootstrap_token(),
        mac.get_bootstrap_token(),
        mac.check_out(),
        mac.user_authenticate(),
        mac.declarative_management("status", b"{}"),
        mac.get_token(),
    ]

    assert [message.topic.removeprefix("mdm.") for message in messages] == [
        "SetBootstrapToken",
        "GetBootstrapToken",
        "CheckOut",
        "UserAuthenticate",
        "DeclarativeManagement",
        "GetToken",
    ]
    assert messages[0].content["BootstrapToken"]
    assert messages[4].content["Data"] == b"{}"
