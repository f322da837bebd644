"""What devices under management tell of what is on them, and the truth it is to be compared with."""

import plistlib

import pytest
from cryptography import x509

from simulators.certificates import root_certificate
from simulators.identities import Kind
from simulators.profiles import ENROLMENT, Profile
from simulators.temper import Temper
from tests.simulators.estate import ASKED, asking, content, error, expected, keys

WITH_USER = (Kind.MAC_WITH_USER, Kind.USER_ENROLLMENT_MAC, Kind.SHARED_IPAD)


UNSUPPORTED = {
    Kind.MAC: set(),
    Kind.MAC_WITH_USER: set(),
    Kind.IPHONE: {"UserList"},
    Kind.IPAD: {"UserList"},
    Kind.SHARED_IPAD: set(),
    Kind.USER_ENROLLMENT: {"UserList", "AvailableOSUpdates", "OSUpdateStatus"},
    Kind.USER_ENROLLMENT_MAC: {"InstalledApplicationList", "UserList", "AvailableOSUpdates", "OSUpdateStatus"},
}
"""Of the commands that ask. Source: https://github.com/apple/device-management/tree/release/mdm/commands"""


@pytest.mark.parametrize("kind", Kind)
def test_every_command_is_answered_with_the_truth_or_is_not_supported(estate, kind):
    member = estate.one(kind, own_apps=9)
    truth = member.truth

    answers = {name: estate.ask(member, name, **asking(name, truth)) for name in ASKED}

    refused = {name for name, answer in answers.items() if answer["Status"] == "Error"}
    assert {name: content(answer) for name, answer in answers.items() if name not in refused} == expected(truth)
    assert refused == set(ASKED) - truth.supports == UNSUPPORTED[kind]
    for name in refused:
        assert answers[name]["ErrorChain"][0]["ErrorCode"] == 12021
        assert answers[name]["ErrorChain"][0]["USEnglishDescription"] == f"“{name}” is not supported."


@pytest.mark.parametrize("kind", WITH_USER)
def test_a_user_is_told_of_what_is_the_users(estate, kind):
    member = estate.one(kind, own_apps=9)
    truth = member.truth

    answers = {name: estate.ask(member, name, user=True, **asking(name, truth)) for name in ASKED}

    refused = {name for name, answer in answers.items() if answer["Status"] == "Error"}
    told = {name: content(answer) for name, answer in answers.items() if name not in refused}
    assert told == expected(truth, user=True)
    assert {error(answers[name]) for name in refused} == {12021}
    assert all(answer["UserShortName"] == member.device.identity.user["UserShortName"] for answer in answers.values())
    assert told["ProfileList"]["ProfileList"] != keys(truth.profiles)


def test_the_user_channel_of_micromdm_goes_by_the_user_id_alone(estate):
    mac = estate.one(Kind.MAC_WITH_USER)
    user_id = mac.device.identity.user["UserID"]

    assert mac.user_ids == {user_id, f"{mac.device_id}:{user_id}"}
    assert estate.one(Kind.SHARED_IPAD, seed=2).user_ids.isdisjoint({"F" * 8 + "-FFFF" * 3 + "-" + "F" * 12})
    assert estate.one(Kind.MAC, seed=3).user_ids == set()


def test_a_user_who_is_not_on_console_says_not_now_until_they_are_back(estate):
    mac = estate.one(Kind.MAC_WITH_USER)
    mac.step_away()

    put_off = estate.order([mac.channel_id], "ProfileList")
    of_device = estate.ask(mac, "ProfileList")
    while_away = [(answer["Status"], answer["NotOnConsole"]) for answer in estate.said(mac, put_off)]
    mac.come_back()

    assert while_away == [("NotNow", True)]
    assert of_device["Status"] == "Acknowledged"
    (_, later) = estate.said(mac, put_off)
    assert (later["Status"], later["NotOnConsole"]) == ("Acknowledged", False)
    assert later["ProfileList"] == keys(mac.truth.user_profiles)


def test_a_user_is_not_told_to_install_apps(estate):
    mac = estate.one(Kind.MAC_WITH_USER)

    assert error(estate.ask(mac, "InstallApplication", user=True, iTunesStoreID=361309726)) == 12021
    assert (mac.installs, mac.truth.apps) == ([], ())


def test_what_each_platform_does_not_have_is_not_there(estate):
    truths = {member: member.truth for member in estate.fleet(42, list(Kind), own_apps=20)}

    for member, truth in truths.items():
        kind = member.device.identity.kind
        app_keys = {key for app in truth.apps for key in app.keys}
        assert app_keys.isdisjoint({"DynamicSize", "IsValidated"} if kind.is_mac else {"Source"})
        assert kind.is_mac or all("Identifier" in app.keys for app in truth.apps)
        assert ("FDE_Enabled" in truth.security) == kind.is_mac
        assert ("HardwareEncryptionCaps" in truth.security) != kind.is_mac
        assert ("EASDeviceIdentifier" in truth.information) != kind.is_mac
        assert ("MaximumResidentUsers" in truth.information) == (kind is Kind.SHARED_IPAD)
        assert bool(truth.accounts) == (kind in {Kind.MAC, Kind.MAC_WITH_USER, Kind.SHARED_IPAD})
        assert bool(truth.user_profiles) == (kind in WITH_USER)
        assert not (kind.is_mac and truth.provisioning_profiles)
    macs = [truth for member, truth in truths.items() if member.device.identity.kind.is_mac]
    assert any("Identifier" not in app.keys for truth in macs for app in truth.apps)
    assert any(truth.provisioning_profiles for truth in truths.values())
    assert any(truth.update_statuses for truth in truths.values())


@pytest.mark.parametrize("kind", [Kind.USER_ENROLLMENT, Kind.USER_ENROLLMENT_MAC])
def test_nothing_betrays_who_a_personally_owned_device_is(estate, kind):
    member = estate.one(kind, own_apps=9)
    serial_number = member.serial_number.encode()
    assert serial_number

    for name in ASKED:
        estate.ask(member, name, Queries=["SerialNumber", "UDID", "WiFiMAC", "BluetoothMAC", "IMEI", "PhoneNumber"])

    assert member.truth.information.keys().isdisjoint({"SerialNumber", "UDID", "WiFiMAC", "IMEI"})
    assert [message for message in member.answers if serial_number in message.raw] == []
    told = [answer["QueryResponses"] for answer in map(_read, member.answers) if "QueryResponses" in answer]
    assert told == [{}]
    assert [app for app in member.truth.apps if not app.managed] == []


def _read(message):
    return plistlib.loads(message.raw)


def test_filters_of_the_commands_are_heeded(estate):
    phone = estate.one(Kind.IPHONE, own_apps=9, installing_polls=0)
    estate.ask(phone, "InstallApplication", iTunesStoreID=361309726)
    phone.inventory.install_profile(Profile(identifier="com.example.own", managed=False))
    truth = phone.truth
    own = next(app.keys["Identifier"] for app in truth.apps if not app.managed)
    managed = "com.example.app361309726"

    def apps(**command):
        answer = estate.ask(phone, "InstalledApplicationList", **command)
        return {app["Identifier"]: app for app in answer["InstalledApplicationList"]}

    assert estate.ask(phone, "DeviceInformation", Queries=["OSVersion", "ShoeSize"])["QueryResponses"].keys() == {
        "OSVersion"
    }
    assert apps().keys() == {managed} | {app.keys["Identifier"] for app in truth.apps}
    assert apps(ManagedAppsOnly=True).keys() == {managed}
    assert apps(Identifiers=[own, "com.example.absent"]).keys() == {own}
    assert apps(Items=["Name"])[own].keys() == {"Identifier", "Name"}
    for name, entries in (
        ("ProfileList", truth.profiles),
        ("CertificateList", truth.certificates),
        ("ProvisioningProfileList", truth.provisioning_profiles),
    ):
        chosen = estate.ask(phone, name, ManagedOnly=True)[name]
        assert chosen == keys(entry for entry in entries if entry.managed)
    chosen = estate.ask(phone, "ProfileList", ManagedOnly=True)["ProfileList"]
    assert {ENROLMENT, "com.example.own"}.isdisjoint(one["PayloadIdentifier"] for one in chosen)


def test_certificates_are_real_and_signed_by_the_authority_on_the_device(estate):
    mac = estate.one(Kind.MAC_WITH_USER)
    answer = estate.ask(mac, "CertificateList")
    truth = {one.data: one for one in mac.truth.certificates}

    read = {one["Data"]: x509.load_der_x509_certificate(one["Data"]) for one in answer["CertificateList"]}

    assert read.keys() == truth.keys()
    roots = {one.subject: one for one in read.values()}
    for data, certificate in read.items():
        said = truth[data]
        assert certificate.serial_number == said.serial_number
        assert certificate.subject.rfc4514_string() == said.subject
        assert (certificate.not_valid_before_utc, certificate.not_valid_after_utc) == (said.not_before, said.not_after)
        if said.managed:
            certificate.verify_directly_issued_by(roots[certificate.issuer])
    assert next(one.common_name for one in truth.values() if one.is_identity) == f"MDM Identity {mac.serial_number}"
    assert root_certificate("Quillfeather Device CA").data in truth


def test_the_same_seed_makes_the_same_truth_and_each_device_has_its_own(estate):
    first, again, other = (
        [member.truth for member in estate.fleet(14, list(Kind), own_apps=5, seed=seed)] for seed in (4, 4, 5)
    )

    assert first == again
    assert first != other
    identities = [one.data for truth in first for one in truth.certificates if one.is_identity]
    assert len(set(identities)) == len(identities)


def test_not_now_comes_first_also_from_a_user(estate):
    mac = estate.one(Kind.MAC_WITH_USER, not_now_share=1.0)
    truth = mac.truth

    of_user = estate.said(mac, estate.order([f"{mac.device_id}:{mac.device.identity.user['UserID']}"], "ProfileList"))
    of_device = estate.said(mac, estate.order([mac.device_id], "ProfileList"))

    assert [one["Status"] for one in of_user] == [one["Status"] for one in of_device] == ["NotNow", "Acknowledged"]
    assert "UserID" in of_user[0]
    assert of_user[1]["ProfileList"] == keys(truth.user_profiles)
    assert of_device[1]["ProfileList"] == keys(truth.profiles)


def test_some_commands_end_in_an_error_and_a_later_one_does_not(estate):
    phone = estate.one(Kind.IPHONE, error_share=1.0)
    assert error(estate.ask(phone, "SecurityInfo")) == 12010
    assert error(estate.ask(phone, "EnableLostMode")) == 12010
    assert phone.truth.location is None

    phone.temper = Temper()

    assert estate.ask(phone, "SecurityInfo")["SecurityInfo"] == phone.truth.security


def test_optional_keys_are_left_out_once_and_required_ones_never(estate):
    mac = estate.one(Kind.MAC, missing_share=1.0, own_apps=9)
    truth = mac.truth

    first, second = (
        {name: content(estate.ask(mac, name, **asking(name, truth))) for name in expected(truth)} for _ in range(2)
    )

    assert first["DeviceInformation"]["QueryResponses"] == {}
    assert first["SecurityInfo"]["SecurityInfo"].keys() == {"ManagementStatus"}
    assert [one.keys() for one in first["ProfileList"]["ProfileList"]] == [
        {"PayloadIdentifier", "PayloadUUID"} for _ in truth.profiles
    ]
    assert first["CertificateList"] == expected(truth)["CertificateList"]
    assert second == expected(truth)


def test_a_whole_fleet_of_all_kinds_tells_all_of_its_truth_in_the_end(estate):
    fleet = estate.fleet(28, list(Kind), own_apps=6, not_now_share=0.2, error_share=0.2, missing_share=0.2)
    truths = {member.device_id: member.truth for member in fleet}
    told = {id_: {} for id_ in truths}

    for round_ in range(3):
        for name in ASKED:
            queries = {"Queries": sorted({key for truth in truths.values() for key in truth.information})}
            command_uuid = estate.order(list(truths), name, **(queries if name == "DeviceInformation" else {}))
            for member in fleet:
                answer = estate.said(member, command_uuid)[-1]
                if answer["Status"] == "Acknowledged":
                    told[member.device_id][name] = content(answer)
        if round_ == 1:
            for member in fleet:
                member.temper = Temper()

    assert told == {id_: expected(truth) for id_, truth in truths.items()}
    statuses = {message.content["Status"] for member in fleet for message in member.answers}
    assert statuses == {"Acknowledged", "NotNow", "Error"}
