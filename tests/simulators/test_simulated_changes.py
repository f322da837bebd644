"""What is on simulated devices changes: by itself, by their people, and because they are told to."""

import plistlib
import re

import pytest

from simulators.identities import Kind
from simulators.profiles import ENROLMENT, Profile
from tests.simulators.estate import asking, content, error, expected

MOBILECONFIG = plistlib.dumps(
    {
        "PayloadIdentifier": "com.example.new",
        "PayloadUUID": "0B6B6C3E-6B6F-4D0C-8C1C-0D6C2B4F7A11",
        "PayloadDisplayName": "New",
        "PayloadContent": [{"PayloadType": "com.apple.dock"}],
    }
)


def test_what_changes_is_told_from_then_on(estate):
    mac = estate.one(Kind.MAC, own_apps=5)
    inventory, before = mac.inventory, mac.truth
    product_key = inventory.offer_update()

    inventory.rename("Front desk")
    inventory.know(AvailableDeviceCapacity=1.5)
    inventory.secure(FDE_Enabled=not before.security["FDE_Enabled"])
    inventory.install_profile(Profile(identifier="com.example.vpn", name="VPN"))
    inventory.install_app("Torch", identifier="com.example.torch")
    inventory.install_app("Nameless")
    removed = before.certificates[0]
    inventory.remove_certificate(removed)
    added = inventory.add_certificate("new", is_identity=True)
    inventory.remove_account(before.accounts[0].keys["UserName"])
    inventory.download(product_key)
    offered = mac.truth
    inventory.update_os()
    truth = mac.truth

    answers = {name: content(estate.ask(mac, name, **asking(name, truth))) for name in expected(truth)}
    assert answers == expected(truth)
    information = answers["DeviceInformation"]["QueryResponses"]
    assert (information["DeviceName"], information["AvailableDeviceCapacity"]) == ("Front desk", 1.5)
    assert information["OSVersion"] == "15.4" != before.information["OSVersion"]
    assert truth.security["FDE_Enabled"] is not before.security["FDE_Enabled"]
    assert "VPN" in [one.keys.get("PayloadDisplayName") for one in truth.profiles]
    assert len(truth.apps) == len(before.apps) + 2
    assert set(truth.certificates) == {*before.certificates, added} - {removed}
    assert len(truth.accounts) == len(before.accounts) - 1
    assert product_key in {one.keys["ProductKey"] for one in offered.updates}
    assert product_key in {one.keys["ProductKey"] for one in offered.update_statuses if one.keys["IsDownloaded"]}
    assert product_key not in {one.keys["ProductKey"] for one in (*truth.updates, *truth.update_statuses)}


def test_an_app_gets_another_version_and_goes_and_a_person_logs_in(estate):
    mac = estate.one(Kind.MAC)
    account = mac.truth.accounts[-1].keys["UserName"]
    mac.inventory.install_app("Torch", identifier="com.example.torch")
    (new,) = (mac.inventory.install_app("Torch 2", identifier="com.example.torch"),)

    mac.inventory.log_in(account)

    assert mac.truth.apps == (new,)
    assert [one.keys["UserName"] for one in mac.truth.accounts if one.keys["IsLoggedIn"]] == [account]
    mac.inventory.remove_app("com.example.torch")
    assert mac.truth.apps == ()


def test_an_update_is_downloaded_and_at_the_second_time_installed(estate):
    ipad = estate.one(Kind.IPAD)
    product_key = ipad.inventory.offer_update()
    order = {"Updates": [{"ProductKey": product_key, "InstallAction": "Default"}]}

    (first,) = estate.ask(ipad, "ScheduleOSUpdate", **order)["UpdateResults"]
    status = {one.keys["ProductKey"]: one.keys["Status"] for one in ipad.truth.update_statuses}
    ipad.inventory.download(product_key)
    (second,) = estate.ask(ipad, "ScheduleOSUpdate", **order)["UpdateResults"]
    unknown = {"Updates": [{"ProductVersion": "99.9", "InstallAction": "InstallASAP"}]}
    (missing,) = estate.ask(ipad, "ScheduleOSUpdate", **unknown)["UpdateResults"]

    assert first == {"ProductKey": product_key, "InstallAction": "DownloadOnly", "Status": "Downloading"}
    assert status[product_key] == "Downloading"
    assert second == {"ProductKey": product_key, "InstallAction": "InstallASAP", "Status": "Installing"}
    assert (missing["InstallAction"], missing["Status"]) == ("Error", "InstallFailed")
    assert missing["ErrorChain"]


@pytest.mark.parametrize("mobileconfig", [MOBILECONFIG, b"0\x82\x01\x9e" + MOBILECONFIG + b"\xa0\x82"])
def test_a_profile_that_mdm_sends_is_there_until_mdm_takes_it_away(estate, mobileconfig):
    mac = estate.one(Kind.MAC_WITH_USER)
    before = mac.truth

    estate.ask(mac, "InstallProfile", Payload=mobileconfig)

    (new,) = set(_by_identifier(mac.truth.profiles)) - set(_by_identifier(before.profiles))
    profile = _by_identifier(mac.truth.profiles)[new]
    assert (new, profile["PayloadUUID"]) == ("com.example.new", "0B6B6C3E-6B6F-4D0C-8C1C-0D6C2B4F7A11")
    assert [one["PayloadType"] for one in profile["PayloadContent"]] == ["com.apple.dock"]
    assert ("SignerCertificates" in profile) == mobileconfig.startswith(b"0")
    assert mac.truth.user_profiles == before.user_profiles
    assert estate.ask(mac, "RemoveProfile", Identifier="com.example.new")["Status"] == "Acknowledged"
    assert mac.truth.profiles == before.profiles
    assert estate.ask(mac, "RemoveProfile", Identifier="com.example.new")["Status"] == "Error"
    assert estate.ask(mac, "InstallProfile", Payload=b"foobar")["Status"] == "Error"
    assert estate.ask(mac, "InstallProfile", user=True, Payload=mobileconfig)["Status"] == "Acknowledged"
    assert "com.example.new" in _by_identifier(mac.truth.user_profiles)


def _by_identifier(profiles):
    return {one.keys["PayloadIdentifier"]: one.keys for one in profiles}


def test_what_management_brought_goes_with_it_and_a_wiped_device_has_nothing_of_its_people(estate):
    fleet = estate.fleet(1, [Kind.MAC], own_apps=9)
    (mac,) = fleet
    before = mac.truth

    fleet.check_out()
    left = mac.truth
    fleet.enrol()
    back = mac.truth
    fleet.wipe()
    wiped = mac.truth

    assert [one for one in (*left.profiles, *left.certificates) if one.managed] == []
    assert (left.apps, left.accounts) == (before.apps, before.accounts) == (back.apps, back.accounts)
    assert ENROLMENT in _by_identifier(back.profiles)
    assert {one.data for one in back.certificates if one.is_identity}.isdisjoint(
        one.data for one in before.certificates if one.is_identity
    )
    assert (wiped.apps, wiped.accounts) == ((), ())
    assert ENROLMENT in _by_identifier(wiped.profiles)
    assert wiped.information["WiFiMAC"] == before.information["WiFiMAC"]


def test_a_device_is_located_in_lost_mode_only(estate):
    phone = estate.one(Kind.IPHONE)
    assert error(estate.ask(phone, "DeviceLocation")) == 12067
    assert error(estate.ask(phone, "PlayLostModeSound")) == 12067

    assert estate.ask(phone, "EnableLostMode", Message="Found me?")["Status"] == "Acknowledged"

    truth = phone.truth
    assert truth.information["IsMDMLostModeEnabled"] is True
    assert content(estate.ask(phone, "DeviceLocation")) == truth.location
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", truth.location["Timestamp"])
    assert estate.ask(phone, "DisableLostMode")["Status"] == "Acknowledged"
    assert error(estate.ask(phone, "DeviceLocation")) == 12067
    assert error(estate.ask(phone, "DisableLostMode")) == 12067
    mac = estate.one(Kind.MAC, seed=2)
    assert error(estate.ask(mac, "DeviceLocation")) == error(estate.ask(mac, "EnableLostMode")) == 12021
