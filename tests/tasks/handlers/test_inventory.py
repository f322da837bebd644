"""What a device answers, event by event, as the tables have it afterwards."""

import random
from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import update

from simulators.certificates import draw_certificate
from state.device_history import MOST_VALUES
from state.engine import write_transaction
from state.schema import (
    LISTS,
    certificates,
    commands,
    device_history,
    device_locations,
    device_security,
    events,
    installed_apps,
    inventory_lists,
    managed_apps,
    os_update_results,
    os_update_statuses,
    profiles,
)
from tests.deliveries import NOON, SECOND, UDID, answer, envelope
from tests.tasks.lab import rows

TORCH = {
    "Identifier": "com.example.torch",
    "Name": "Torch",
    "ShortVersion": "1.0",
    "BundleSize": 5,
    "Installing": False,
}
NOTES = {"Identifier": "com.example.notes", "Name": "Notes", "ShortVersion": "2.0"}
USER = "5E6F7A8B-0000-4000-8000-00000000BBBB"


@pytest.fixture
def database_location(postgresql_location):
    """It refuses what SQLite takes: NUL, half characters, numbers that are too long."""
    return postgresql_location


def ask(lab, request_type, **arguments):
    """A command of ours that is on the device; its UUID."""
    lab.enrol() if not rows(lab.engine, commands) else None
    row = _command(lab, request_type, arguments)
    with write_transaction(lab.engine) as connection:
        connection.execute(commands.insert(), row)
    return row["command_uuid"]


def _command(lab, request_type, arguments):
    number = f"{len(rows(lab.engine, commands)):032x}"
    return {
        "id": number, "command_uuid": f"ours-{number}", "device_id": UDID, "sender": "micromdm",
        "request_type": request_type, "arguments": arguments, "digest": "d", "state": "sent", "created_at": NOON,
        "pushes": 0,
    }  # fmt: skip


def names(lab, table=installed_apps, column="name", **wanted):
    return sorted(row[column] for row in rows(lab.engine, table, **wanted))


def list_of(lab, name, channel_id=""):
    (found,) = rows(lab.engine, inventory_lists, list=name, channel_id=channel_id)
    return found


def test_an_answer_to_our_command_replaces_the_list(lab):
    asked = ask(lab, "InstalledApplicationList")
    lab.reply("Acknowledged", asked, InstalledApplicationList=[TORCH, NOTES])
    (row,) = rows(lab.engine, installed_apps, identifier="com.example.torch")
    assert (row["bundle_size"], row["short_version"], row["installing"], row["odd"]) == (5, "1.0", False, None)

    lab.reply("Acknowledged", asked, InstalledApplicationList=[NOTES | {"ShortVersion": "2.1"}])

    assert names(lab, column="short_version") == ["2.1"]
    assert list_of(lab, "installed_apps")["item_count"] == 1
    assert list_of(lab, "installed_apps")["at"] == lab.now


@pytest.mark.parametrize(
    "arguments", [{"Identifiers": ["com.example.notes"]}, {"ManagedAppsOnly": True}, {"Items": ["Name"]}]
)
def test_an_answer_to_a_command_that_asked_for_some_erases_nothing(lab, arguments):
    lab.reply("Acknowledged", ask(lab, "InstalledApplicationList"), InstalledApplicationList=[TORCH, NOTES])

    asked = ask(lab, "InstalledApplicationList", **arguments)
    lab.reply("Acknowledged", asked, InstalledApplicationList=[{"Identifier": "com.example.notes", "Name": "Notes!"}])

    assert names(lab) == ["Notes!", "Torch"]
    assert names(lab, column="short_version") == ["1.0", "2.0"]


def test_what_others_asked_for_is_whole_only_where_nobody_can_ask_for_some(lab):
    lab.enrol()
    accounts = [{"UserName": "jdoe", "FullName": "J. Doe", "UID": 501}]
    lab.reply("Acknowledged", "theirs", InstalledApplicationList=[TORCH], Users=accounts)

    lab.reply("Acknowledged", "theirs", InstalledApplicationList=[NOTES], Users=[])

    assert names(lab) == ["Notes", "Torch"]
    assert names(lab, LISTS["device_accounts"], "user_name") == []
    assert list_of(lab, "installed_apps")["at"] is None


def test_an_answer_holds_what_our_command_asked_for_and_nothing_else(lab):
    asked = ask(lab, "DeviceLock")

    lab.reply("Acknowledged", asked, InstalledApplicationList=[TORCH])

    assert names(lab) == []


def test_a_command_of_ours_to_another_server_is_somebody_elses(lab):
    lab.reply("Acknowledged", ask(lab, "InstalledApplicationList"), InstalledApplicationList=[TORCH])

    lab.sender = "eu"
    lab.reply("Acknowledged", "ours-" + "0" * 32, InstalledApplicationList=[NOTES])

    assert names(lab) == ["Notes", "Torch"]


def test_an_older_list_that_comes_late_changes_nothing(lab):
    asked = ask(lab, "ProfileList")
    lab.reply("Acknowledged", asked, ProfileList=[{"PayloadIdentifier": "a", "PayloadUUID": "new"}])

    lab.reply("Acknowledged", asked, at=NOON, ProfileList=[{"PayloadIdentifier": "b", "PayloadUUID": "old"}])

    assert names(lab, profiles, "payload_identifier") == ["a"]


def test_a_refused_command_changes_no_list_and_says_why(lab):
    asked = ask(lab, "ProfileList")
    lab.reply("Acknowledged", asked, ProfileList=[{"PayloadIdentifier": "a"}])
    again = ask(lab, "ProfileList")

    chain = [{"ErrorCode": 12021, "ErrorDomain": "MCMDMErrorDomain", "USEnglishDescription": "not supported"}]
    lab.reply("Error", again, ErrorChain=chain, ProfileList=[])

    (command,) = rows(lab.engine, commands, command_uuid=again)
    assert (command["state"], command["error"]) == ("Error", "12021 MCMDMErrorDomain: not supported")
    assert names(lab, profiles, "payload_identifier") == ["a"]


@pytest.mark.parametrize("status", ["Error", "CommandFormatError"])
@pytest.mark.parametrize("request_type", ["SecurityInfo", "DeviceLocation", "RestartDevice", "Settings"])
def test_the_error_chain_of_any_failed_command_is_kept(lab, request_type, status):
    asked = ask(lab, request_type)

    lab.reply(status, asked, ErrorChain=[{"ErrorCode": 12067, "ErrorDomain": "MCMDMErrorDomain"}])

    (command,) = rows(lab.engine, commands, command_uuid=asked)
    assert (command["state"], command["error"]) == (status, "12067 MCMDMErrorDomain")


def test_a_user_has_lists_of_their_own(lab):
    lab.reply("Acknowledged", ask(lab, "ProfileList"), ProfileList=[{"PayloadIdentifier": "of.device"}])

    user = {"UserID": USER, "UserShortName": "jdoe", "UserLongName": "J. Doe"}
    lab.reply("Acknowledged", "theirs", ProfileList=[{"PayloadIdentifier": "of.user"}], **user)

    assert names(lab, profiles, "payload_identifier", channel_id="") == ["of.device"]
    assert names(lab, profiles, "payload_identifier", channel_id=f"{UDID}:{USER}") == ["of.user"]
    assert {row["device_id"] for row in rows(lab.engine, profiles)} == {UDID}


def test_a_new_enrolment_keeps_what_was_known(lab):
    lab.reply("Acknowledged", ask(lab, "InstalledApplicationList"), InstalledApplicationList=[TORCH])

    lab.enrol()

    assert names(lab) == ["Torch"]


def test_managed_apps_are_listed_by_their_bundle_ids(lab):
    apps = {"com.example.app": {"Status": "Managed", "ManagementFlags": 1, "UnusedRedemptionCode": "SECRET"}, "b": 7}

    lab.reply("Acknowledged", ask(lab, "ManagedApplicationList"), ManagedApplicationList=apps)

    (row,) = rows(lab.engine, managed_apps)
    assert (row["identifier"], row["status"], row["management_flags"]) == ("com.example.app", "Managed", 1)
    assert "SECRET" not in str(row)
    assert (list_of(lab, "managed_apps")["item_count"], list_of(lab, "managed_apps")["left_out"]) == (1, 1)


def test_certificates_are_read_and_what_is_none_is_kept(lab):
    known = draw_certificate("Kiosk\x1f7 é", "Example CA", random.Random(1), is_identity=True)
    broken = {"CommonName": "broken", "IsIdentity": False, "Data": known.data[:-9]}

    listed = [known.keys, broken, {"CommonName": "nothing"}]
    lab.reply("Acknowledged", ask(lab, "CertificateList"), binary=True, CertificateList=listed)

    found = {row["common_name"]: row for row in rows(lab.engine, certificates)}
    row = found.pop(known.common_name)
    assert (row["subject"], row["issuer"], row["sha256"]) == (known.subject, known.issuer, known.sha256)
    assert (int(row["serial"], 16), row["is_identity"], row["error"]) == (known.serial_number, True, None)
    assert (row["not_before"], row["not_after"]) == (known.not_before, known.not_after)
    assert {name: (one["error"] is not None, one["not_after"]) for name, one in found.items()} == {
        "broken": (True, None),
        "nothing": (True, None),
    }


def test_updates_their_progress_and_the_results_of_an_order(lab):
    status = {"ProductKey": "MSU_1", "IsDownloaded": True, "DownloadPercentComplete": 1, "Status": "Installing"}
    lab.reply("Acknowledged", ask(lab, "OSUpdateStatus"), OSUpdateStatus=[status])
    failed = {
        "ProductKey": "MSU_1",
        "InstallAction": "Error",
        "Status": "InstallFailed",
        "ErrorChain": [{"ErrorCode": 7}],
    }
    lab.reply("Acknowledged", ask(lab, "ScheduleOSUpdate"), UpdateResults=[failed])
    lab.reply("Error", ask(lab, "ScheduleOSUpdate"), UpdateResults=[failed | {"ProductKey": "MSU_2"}])

    assert names(lab, os_update_statuses, "download_percent_complete") == [1.0]
    assert names(lab, os_update_results, "product_key", error="7") == ["MSU_1", "MSU_2"]

    lab.reply("Acknowledged", ask(lab, "OSUpdateStatus"), OSUpdateStatus=[])
    lab.reply("Acknowledged", ask(lab, "ScheduleOSUpdate"), UpdateResults=[{"ProductKey": "MSU_1", "Status": "Idle"}])

    assert rows(lab.engine, os_update_statuses) == []
    assert names(lab, os_update_results, "error") == ["", "7"]


def test_security_is_typed_and_recovery_keys_leave_a_fingerprint(lab):
    security = {
        "FDE_Enabled": True,
        "FDE_HasPersonalRecoveryKey": True,
        "FDE_PersonalRecoveryKeyCMS": b"the key",
        "FirewallSettings": {"FirewallEnabled": False, "Applications": [{"BundleID": "a"}]},
        "SecureBoot": {"SecureBootLevel": "full", "ExternalBootLevel": "disallowed"},
        "ManagementStatus": {"EnrolledViaDEP": True, "IsUserEnrollment": "no"},
        "HardwareEncryptionCaps": 2**63,
    }
    lab.reply("Acknowledged", ask(lab, "SecurityInfo"), SecurityInfo=security)

    (row,) = rows(lab.engine, device_security)
    assert (row["filevault_enabled"], row["firewall_enabled"], row["enrolled_via_dep"]) == (True, False, True)
    assert (row["secure_boot"], row["external_boot"], row["sip_enabled"]) == ("full", "disallowed", None)
    assert (row["is_user_enrollment"], row["hardware_encryption_caps"]) == (None, None)
    assert row["facts"]["ManagementStatus.IsUserEnrollment"][0] == "no"
    assert row["recovery_key_fingerprint"]
    assert "the key" not in str(row)
    assert "dGhlIGtleQ" not in str(row)

    lab.reply("Acknowledged", "theirs", SecurityInfo={"FDE_Enabled": False, "FDE_PersonalRecoveryKeyCMS": b"other"})

    (later,) = rows(lab.engine, device_security)
    assert (later["filevault_enabled"], later["enrolled_via_dep"]) == (False, True)
    assert later["recovery_key_fingerprint"] != row["recovery_key_fingerprint"]


def test_recovery_keys_are_gone_when_filevault_was_turned_off_whatever_is_heard_first(lab):
    on = {"FDE_Enabled": True, "FDE_HasPersonalRecoveryKey": True, "FDE_PersonalRecoveryKeyCMS": b"the key"}
    told = [
        (NOON + 1 * SECOND, on | {"SystemIntegrityProtectionEnabled": True}),
        (NOON + 2 * SECOND, {"FDE_Enabled": False}),
        (NOON + 3 * SECOND, {"PasscodePresent": True}),
    ]

    for order in permutations(told):
        lab.forget()
        for at, info in order:
            lab.reply("Acknowledged", "theirs", at=at, SecurityInfo=info)

        (row,) = rows(lab.engine, device_security)
        assert (row["has_personal_recovery_key"], row["recovery_key_fingerprint"]) == (False, None)
        assert (row["filevault_enabled"], row["sip_enabled"]) == (False, True)

    lab.reply("Acknowledged", "theirs", at=NOON + 4 * SECOND, SecurityInfo={"FDE_HasPersonalRecoveryKey": True})
    assert rows(lab.engine, device_security)[0]["has_personal_recovery_key"] is True


def test_a_place_is_known_as_a_whole(lab):
    place = {"Latitude": 52.5, "Longitude": 13.4, "Altitude": 34.0, "Timestamp": "2026-03-01T11:59:00+01:00"}
    lab.reply("Acknowledged", ask(lab, "DeviceLocation"), **place)
    lab.reply("Acknowledged", "theirs", Latitude=52.6, Longitude=13.5)
    lab.reply("Acknowledged", "theirs", Latitude=91.0, Longitude=13.5)
    lab.reply("Acknowledged", "theirs", at=NOON, Latitude=1.0, Longitude=1.0)

    (row,) = rows(lab.engine, device_locations)
    assert (row["latitude"], row["longitude"], row["altitude"], row["timestamp"]) == (52.6, 13.5, None, None)


def test_versions_and_names_are_remembered_from_when_to_when(lab):
    said = [("26.0", 0), ("26.1", 5), ("26.0", 2), ("26.1", 9)]
    for version, minute in said:
        at = NOON + timedelta(minutes=minute)
        lab.now = max(lab.now, at)
        lab.reply("Acknowledged", "theirs", at=at, QueryResponses={"OSVersion": version, "DeviceName": 7})
    lab.check_in("Authenticate", at=NOON + timedelta(minutes=12), OSVersion="26.2")

    spans = {row["value"]: (row["first_at"], row["last_at"]) for row in rows(lab.engine, device_history)}
    minutes = {value: tuple((at - NOON).seconds // 60 for at in span) for value, span in spans.items()}
    assert minutes == {"26.0": (0, 2), "26.1": (5, 9), "26.2": (12, 12)}


def test_of_too_many_names_those_told_last_stay(lab):
    batch = []
    for number in range(MOST_VALUES + 3):
        at = NOON + number * SECOND
        said = {"QueryResponses": {"DeviceName": f"Mac {number}"}}
        batch.append(envelope(answer("Acknowledged", at=at, command_uuid=f"c{number}", **said), received_at=at))
    lab.hear(*batch)
    lab.hear(batch[1])

    assert len(rows(lab.engine, device_history)) == MOST_VALUES
    assert rows(lab.engine, device_history, value="Mac 2") == []
    assert len(rows(lab.engine, device_history, value="Mac 3")) == 1


ODD_ITEMS = [
    [None],
    [7, "x", ["y"]],
    [{}],
    [{"Identifier": 7, "Name": b"bytes", "Version": 2**64 - 1, "BundleSize": "5", "Installing": 1}],
    [{"Identifier": "nul\x00", "Name": "n" * 10_000}],
    [TORCH, TORCH, TORCH | {"Version": "2"}],
    [{"Identifier": "i" * 3_000}, {"Name": ""}],
]


@pytest.mark.parametrize("name", ["InstalledApplicationList", "ProfileList", "CertificateList", "AvailableOSUpdates"])
def test_odd_items_harm_nothing(lab, name):
    asked = ask(lab, name)
    for listed in ODD_ITEMS:
        lab.reply("Acknowledged", asked, binary=True, **{name: listed})

        (found,) = rows(lab.engine, inventory_lists)
        assert found["item_count"] + found["left_out"] == len(listed)
    assert {row["status"] for row in rows(lab.engine, events)} == {"processed"}


def test_what_is_no_list_harms_nothing(lab):
    for name in ("InstalledApplicationList", "ManagedApplicationList", "Users", "SecurityInfo", "QueryResponses"):
        for content in (None, 7, "x", {}, {"a": 1}, [[]], b"z"):
            lab.reply("Acknowledged", "theirs", binary=True, **{name: content})

    assert {row["status"] for row in rows(lab.engine, events)} == {"processed"}


def test_a_value_of_another_type_is_kept_as_text(lab):
    app = {"Identifier": "a", "BundleSize": 2**64 - 1, "Installing": "yes", "Name": ["x", NOON.replace(tzinfo=None)]}

    lab.reply("Acknowledged", ask(lab, "InstalledApplicationList"), InstalledApplicationList=[app])

    (row,) = rows(lab.engine, installed_apps)
    assert row["odd"] == {
        "BundleSize": '"18446744073709551615"',
        "Installing": '"yes"',
        "Name": '["x", "2026-03-01T12:00:00Z"]',
    }
    assert (row["bundle_size"], row["installing"], row["name"]) == (None, None, None)


def test_what_stays_the_same_is_not_written_again(lab):
    """Whoever keeps 300 apps of every device would otherwise write them all whenever a device is asked."""
    asked = ask(lab, "InstalledApplicationList")
    lab.reply("Acknowledged", asked, InstalledApplicationList=[TORCH, NOTES])
    with write_transaction(lab.engine) as connection:
        connection.execute(update(installed_apps).values(source="a mark"))

    lab.reply("Acknowledged", asked, InstalledApplicationList=[NOTES, TORCH])

    assert names(lab, column="source") == ["a mark", "a mark"]
    assert list_of(lab, "installed_apps")["at"] == lab.now
