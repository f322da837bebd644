"""The lists that a device answers with, as the tables have them afterwards."""

import random

import pytest
from sqlalchemy import update

from simulators.certificates import draw_certificate
from state.engine import write_transaction
from state.schema import (
    LISTS,
    certificates,
    commands,
    installed_apps,
    managed_apps,
    os_update_results,
    os_update_statuses,
    profiles,
)
from tests.databases import ON_POSTGRESQL
from tests.deliveries import NOON, UDID
from tests.tasks.handlers.listing import NOTES, TORCH, ask, list_of, names
from tests.tasks.lab import rows

USER = "5E6F7A8B-0000-4000-8000-00000000BBBB"

pytestmark = ON_POSTGRESQL


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


def test_what_stays_the_same_is_not_written_again(lab):
    """Whoever keeps 300 apps of every device would otherwise write them all whenever a device is asked."""
    asked = ask(lab, "InstalledApplicationList")
    lab.reply("Acknowledged", asked, InstalledApplicationList=[TORCH, NOTES])
    with write_transaction(lab.engine) as connection:
        connection.execute(update(installed_apps).values(source="a mark"))

    lab.reply("Acknowledged", asked, InstalledApplicationList=[NOTES, TORCH])

    assert names(lab, column="source") == ["a mark", "a mark"]
    assert list_of(lab, "installed_apps")["at"] == lab.now
