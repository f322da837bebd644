"""Commands: what is put right, what is refused, and what a device then gets."""

import json
import plistlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import plist
from domain.command_types import KNOWN, QUERIES, Field, fields_of
from domain.commands import (
    SECRET,
    Command,
    check,
    digest,
    install_application,
    managed_application_list,
    never_twice,
    payload,
    shown,
)
from domain.errors import BadCommand

UUID = "0d4c7b8a-1f2e-4c3d-8b9a-6e5f4d3c2b1a"

SAMPLES = {
    "str": "text",
    "int": "361309726",
    "bool": "yes",
    "data": "AAEC",
    "[str]": ["a", "b"],
    "[data]": ["AAEC"],
}


def sample(entry: Field):
    if entry.name == "PurchaseMethod":
        return "1"
    if entry.kind in SAMPLES:
        return SAMPLES[entry.kind]
    members = {member.name: sample(member) for member in fields_of(entry.members)}
    return [members] if entry.kind == "[dict]" else members


def complete(request_type: str) -> dict[str, object]:
    return {entry.name: sample(entry) for entry in fields_of(KNOWN[request_type].fields)}


def command_in(data: bytes) -> dict[str, object]:
    document = plistlib.loads(data)
    assert document["CommandUUID"] == UUID
    return document["Command"]


@pytest.mark.parametrize("request_type", KNOWN)
def test_each_command_with_all_its_fields_passes_and_comes_out_of_its_plist(request_type):
    command = check(request_type, complete(request_type))

    sent = command_in(payload(command, UUID))

    assert sent.pop("RequestType") == request_type
    assert plist.jsonable(sent) == command.arguments
    assert check(request_type, command.arguments) == command
    assert json.loads(json.dumps(command.arguments)) == command.arguments


@pytest.mark.parametrize("request_type", KNOWN)
def test_each_spelling_of_a_field_means_the_same(request_type):
    kind = KNOWN[request_type]
    whole = check(request_type, complete(request_type))

    for spelling, entry in kind.fields.items():
        given = {name: value for name, value in complete(request_type).items() if name != entry.name}
        assert check(request_type, given | {spelling: sample(entry)}) == whole


@pytest.mark.parametrize(
    ("request_type", "given", "expected"),
    [
        ("InstallApplication", {"itunes_store_id": "361309726"}, {"iTunesStoreID": 361309726}),
        (
            "InstallApplication",
            {"identifier": "com.example.app", "options": {"purchase_method": 1}, "ios_app": "no"},
            {"Identifier": "com.example.app", "Options": {"PurchaseMethod": 1}, "iOSApp": False},
        ),
        ("InstalledApplicationList", {"managed_appd_only": True}, {"ManagedAppsOnly": True}),
        ("DeviceInformation", {"queries": "UDID"}, {"Queries": ["UDID"]}),
        ("DeviceInformation", {}, {"Queries": list(QUERIES)}),
        ("DeviceInformation", {"Queries": []}, {"Queries": list(QUERIES)}),
        ("DeviceInformation", {"QUERIES": None}, {"Queries": list(QUERIES)}),
        ("InstallProfile", {"payload": b"<plist/>"}, {"Payload": "PHBsaXN0Lz4="}),
        ("InstallProfile", {"payload": "PHBs\n aXN0Lz4=\n"}, {"Payload": "PHBsaXN0Lz4="}),
        ("RestartDevice", {"notify_user": " True ", "kext_paths": None}, {"NotifyUser": True}),
        ("SetRecoveryLock", {"new_password": ""}, {"NewPassword": ""}),
        (
            "Settings",
            {"settings": {"item": "HostName", "hostname": "mac", "NewerThanUs": 1.5}},
            {"Settings": [{"Item": "HostName", "HostName": "mac", "NewerThanUs": 1.5}]},
        ),
        (
            "AccountConfiguration",
            {"auto_setup_admin_accounts": [{"short_name": "admin", "password_hash": "AAEC"}]},
            {"AutoSetupAdminAccounts": [{"shortName": "admin", "passwordHash": "AAEC"}]},
        ),
    ],
)
def test_names_and_values_become_apples(request_type, given, expected):
    assert check(request_type, given).arguments == expected


def test_what_an_app_is_configured_with_keeps_its_names():
    settings = {"server_url": "https://example.com", "Inner": {"none": None, "list": [1, None, True]}}

    command = check("InstallApplication", {"identifier": "com.example.app", "configuration": settings})

    assert command.arguments["Configuration"] == {
        "server_url": "https://example.com",
        "Inner": {"list": [1, True]},
    }


def test_a_request_type_is_named_as_apple_names_it():
    assert check("restart_device", {}).request_type == "RestartDevice"


def test_an_unknown_request_type_keeps_its_arguments():
    command = check("MakeCoffee", {"milk_foam": True, "Cups": 2, "Nothing": None})

    assert command == Command(request_type="MakeCoffee", arguments={"milk_foam": True, "Cups": 2})
    assert command_in(payload(command, UUID)) == {"RequestType": "MakeCoffee", "milk_foam": True, "Cups": 2}


def test_all_problems_are_named_at_once():
    with pytest.raises(BadCommand) as caught:
        check("InstallApplication", {"Itunes": 1, "ManagementFlags": "one", "InstallAsManaged": 2, "Options": []})

    assert str(caught.value) == (
        "InstallApplication: unknown field 'Itunes' (did you mean iTunesStoreID?); ManagementFlags wants a whole "
        "number from 0 to 2^63-1, not 'one'; InstallAsManaged wants true or false, not 2; Options wants a dictionary, "
        "not a list; "
        "needs iTunesStoreID or Identifier or ManifestURL; its fields are iTunesStoreID, Identifier, ManifestURL, "
        "ManagementFlags, ChangeManagementState, InstallAsManaged, iOSApp, Options, Configuration, Attributes, "
        "RequestRequiresNetworkTether"
    )


@pytest.mark.parametrize(
    ("request_type", "given", "said"),
    [
        ("InstalledApplicationList", {"ManagedAppOnly": True}, "(did you mean ManagedAppsOnly?)"),
        ("InstallApplication", {"itunes_store_id": 1, "iTunesStoreID": 2}, "'iTunesStoreID' is given twice"),
        ("RemoveProfile", {}, "missing Identifier"),
        ("ScheduleOSUpdate", {"Updates": [{"ProductVersion": "26.1"}]}, "Updates.0 missing InstallAction"),
        ("DeviceLock", {"Message": "\x00"}, "Message has a character that no plist holds"),
        ("DeviceLock", {"Message": "\ud800"}, "Message has a character that no plist holds"),
        ("DeviceLock", {"PIN\ud800": 1}, "unknown field 'PIN\ufffd'"),
        ("DeviceLock", {1: 1}, "unknown field that is not text"),
        ("InstallApplication", {"itunes_store_id": "٣"}, "iTunesStoreID wants"),
        ("InstallApplication", {"itunes_store_id": -1}, "iTunesStoreID wants"),
        ("InstallApplication", {"itunes_store_id": True}, "iTunesStoreID wants"),
        ("InstallApplication", {"itunes_store_id": 2**63}, "iTunesStoreID wants"),
        ("InstallApplication", {"itunes_store_id": 10**5000}, "not a number of that size"),
        ("InstallApplication", {"identifier": 5}, "Identifier wants text, not 5"),
        ("ManagedApplicationList", {"identifiers": ["a", 5]}, "Identifiers.1 wants text, not 5"),
        ("ManagedApplicationList", {"identifiers": 5}, "Identifiers wants a list of texts, not 5"),
        ("ScheduleOSUpdate", {"Updates": "all"}, "Updates.0 wants a dictionary, not 'all'"),
        (
            "InstallProfile",
            {"payload": "not base64"},
            "Payload wants base64 (base64 < FILE | windfall command … Payload=@-)",
        ),
        (
            "InstallApplication",
            {"identifier": "a", "options": {"PurchaseMethd": 1}},
            "Options does not know 'PurchaseMethd' (did you mean PurchaseMethod?); --unchecked",
        ),
        (
            "InstallApplication",
            {"identifier": "a", "options": {"purchase_method": 9}},
            "Options.PurchaseMethod is 1 (a",
        ),
        ("Settings", {"Settings": {"Item": "HostName", "HostNam": "m"}}, "Settings.0 does not know 'HostNam' (did"),
        ("DeviceInformatio", {}, "did you mean DeviceInformation? If not, --unchecked (in the API"),
        ("deviceloc", {}, "deviceloc is not a request type we know; did you mean DeviceLock?"),
        ("MakeCoffee", {"Cups": 2**64}, "Cups is a value that no plist holds"),
        ("MakeCoffee", {"Cups": float("nan")}, "Cups is a value that no plist holds"),
        ("MakeCoffee", {"RequestType": "Other"}, "RequestType is not an argument"),
        ("Make Coffee", {}, "a request type is 1 to 100 letters"),
        ("", {}, "a request type is 1 to 100 letters"),
        ("a" * 101, {}, "a request type is 1 to 100 letters"),
        ("DeviceLock", [], "a dictionary of arguments"),
    ],
)
def test_what_no_device_would_understand_is_refused(request_type, given, said):
    with pytest.raises(BadCommand) as caught:
        check(request_type, given)

    assert said in str(caught.value)


def test_depth_ends_where_our_own_reader_of_plists_ends():
    def nested(depth: int) -> dict[str, object]:
        value: dict[str, object] = {}
        for _ in range(depth - 1):
            value = {"x": value}
        return value

    deepest = check("MakeCoffee", {"Cup": nested(30)})

    assert plist.decode(payload(deepest, UUID))["Command"]["Cup"] == nested(30)
    with pytest.raises(BadCommand, match="Cup is nested deeper than 30"):
        check("MakeCoffee", {"Cup": nested(31)})


def test_unchecked_lets_fields_be_unknown_or_missing_but_no_value_wrong():
    command = check("RemoveProfile", {"NewerThanUs": 1, "is_secret": False}, unchecked=True)

    assert command.arguments == {"NewerThanUs": 1, "is_secret": False}
    assert check("InstallApplication", {}, unchecked=True).arguments == {}
    assert check("DeviceInformatio", {}, unchecked=True).request_type == "DeviceInformatio"
    options = {"PurchaseMethd": 1, "PurchaseMethod": 9}
    assert check("InstallApplication", {"Options": options}, unchecked=True).arguments == {"Options": options}
    with pytest.raises(BadCommand, match="Identifier wants text"):
        check("RemoveProfile", {"Identifier": 5}, unchecked=True)


@pytest.mark.parametrize(
    ("request_type", "given"),
    [
        ("DeviceLock", {"PIN": 123454321}),
        ("SetRecoveryLock", {"new_password": ["hunter2"]}),
        ("ClearPasscode", {"UnlockToken": "hunter2!"}),
        ("RotateFileVaultKey", {"FileVaultUnlock": "hunter2"}),
        ("RotateFileVaultKey", {"filevault_unlock": {"password": "hunter2\x00", "private_key_export": "hunter2!"}}),
        ("AccountConfiguration", {"AutoSetupAdminAccounts": [{"shortName": "a", "passwordHash": "hunter2!"}]}),
        ("DeviceLock", {"Pinn": "hunter2"}),
    ],
)
def test_no_error_repeats_a_secret(request_type, given):
    with pytest.raises(BadCommand) as caught:
        check(request_type, given)

    assert "hunter2" not in str(caught.value)
    assert "12345" not in str(caught.value)


def test_a_thousand_problems_are_counted():
    with pytest.raises(BadCommand, match="and 980 more") as caught:
        check("DeviceLock", {f"x{number}": 1 for number in range(1000)})

    assert len(str(caught.value)) < 1000


def test_of_very_many_unknown_names_inside_a_field_only_some_are_compared():
    many: dict[str, object] = {f"NewerThanUs{number}": number for number in range(200)}

    command = check("Settings", {"Settings": [{"Item": "HostName", **many, "HostNam": "m"}]})

    assert command.arguments["Settings"] == [{"Item": "HostName", **many, "HostNam": "m"}]


ARGUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.binary() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()) | st.integers(), inner),
)
NAMES = st.sampled_from(sorted({name for kind in KNOWN.values() for name in kind.fields})) | st.text(st.characters())


@settings(max_examples=settings.default.max_examples // 2)
@given(st.sampled_from(sorted(KNOWN)) | st.text(), st.dictionaries(NAMES, ARGUMENTS), st.booleans())
def test_nothing_given_makes_anything_but_a_command_or_a_refusal(request_type, given, unchecked):
    try:
        command = check(request_type, given, unchecked=unchecked)
    except BadCommand:
        return

    assert plist.decode(payload(command, UUID))["Command"]["RequestType"] == command.request_type
    assert json.dumps(command.arguments, allow_nan=False)
    assert digest(command) == digest(check(command.request_type, command.arguments, unchecked=True))
    assert json.dumps(shown(command))


def test_a_payload_has_data_as_data_and_nothing_for_none():
    command = Command(
        request_type="EraseDevice",
        arguments={"PIN": None, "ReturnToService": {"Enabled": True, "WiFiProfileData": "AAEC", "Later": None}},
    )

    assert command_in(payload(command, UUID)) == {
        "RequestType": "EraseDevice",
        "ReturnToService": {"Enabled": True, "WiFiProfileData": b"\x00\x01\x02"},
    }


@pytest.mark.parametrize("wrong", [{"Payload": "no base64"}, {"x": 2**64}, {"x": "\x00"}, {"x": "\ud800"}, {"x": {1}}])
def test_a_command_that_was_never_checked_and_cannot_be_written_is_refused(wrong):
    with pytest.raises(BadCommand, match="InstallProfile cannot be written as a plist"):
        payload(Command(request_type="InstallProfile", arguments=wrong), UUID)


def test_an_install_uses_the_licence_and_is_managed():
    assert command_in(payload(install_application("361309726"), UUID)) == {
        "RequestType": "InstallApplication",
        "iTunesStoreID": 361309726,
        "InstallAsManaged": True,
        "ManagementFlags": 1,
        "Options": {"PurchaseMethod": 1},
    }


def test_an_app_that_is_no_number_cannot_be_installed():
    with pytest.raises(BadCommand):
        install_application("com.example.app")


def test_the_same_apps_are_asked_for_with_the_same_words():
    asked = managed_application_list(["b", "a", "b"])

    assert asked.arguments == {"Identifiers": ["a", "b"]}
    assert digest(asked) == digest(managed_application_list(iter("ab")))
    assert managed_application_list([]).arguments == {}


def test_commands_that_say_something_else_have_another_digest():
    commands = [
        check("ProfileList", {}),
        check("CertificateList", {}),
        check("ProfileList", {"ManagedOnly": True}),
        check("ProfileList", {"ManagedOnly": False}),
    ]

    assert len({digest(command) for command in commands}) == len(commands)


@pytest.mark.parametrize(
    ("request_type", "given", "answer"),
    [
        ("EraseDevice", {}, True),
        ("MakeCoffee", {}, True),
        ("InstallApplication", {"identifier": "com.example.app"}, False),
        ("ScheduleOSUpdate", {"Updates": [{"InstallAction": "DownloadOnly"}]}, False),
        ("ScheduleOSUpdate", {"Updates": [{"InstallAction": "InstallForceRestart"}]}, True),
        ("ScheduleOSUpdate", {"Updates": [{"InstallAction": "NotifyOnly"}, {"InstallAction": "InstallASAP"}]}, True),
        ("ScheduleOSUpdate", {"Updates": [{"InstallAction": "NewerThanUs"}]}, True),
    ],
)
def test_what_may_hurt_twice_is_not_repeated(request_type, given, answer):
    assert never_twice(check(request_type, given)) is answer


def test_secrets_are_not_shown_and_data_only_by_its_size():
    lock = check("DeviceLock", {"PIN": "123456", "Message": "Please bring it back"})
    profile = check("InstallProfile", {"Payload": b"hunter2"})
    account = check("AccountConfiguration", {"AutoSetupAdminAccounts": {"shortName": "a", "passwordHash": b"hunter2"}})
    coffee = check("MakeCoffee", {"Beans": [{"Password": "hunter2", "Kind": "arabica"}]})

    assert shown(lock) == {"PIN": SECRET, "Message": "Please bring it back"}
    assert shown(profile) == {"Payload": "[7 bytes of data]"}
    assert shown(account) == {"AutoSetupAdminAccounts": [{"shortName": "a", "passwordHash": SECRET}]}
    assert shown(coffee) == {"Beans": [{"Password": SECRET, "Kind": "arabica"}]}
    assert "123456" not in repr(lock)
