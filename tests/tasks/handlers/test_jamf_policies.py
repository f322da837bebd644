"""Policies and patch policies of Jamf Pro, computer by computer."""

from state.schema import events, jamf_devices, jamf_policies, jamf_policy_results
from tasks.process import process
from tests.deliveries import MINUTE, NOON
from tests.jamf import told
from tests.tasks.lab import only_row, rows

MAC = {"jssID": 7731, "serialNumber": "QF7H2LK0MX", "udid": "3B0D6E52", "deviceName": "atlas", "osVersion": "15.4"}
LATER = NOON + MINUTE


def policy(successful, *, at=NOON, computer=MAC):
    return told("ComputerPolicyFinished", {"computer": computer, "policyId": 41, "successful": successful}, at=at)


def test_a_policy_keeps_its_last_good_and_its_last_bad_run_on_each_computer(services, engine):
    another = {**MAC, "jssID": 7732}
    process([policy(False, at=LATER), policy(True), policy(True, computer=another)], services)

    (mac,) = rows(engine, jamf_devices, jamf_id="7731")
    (row,) = rows(engine, jamf_policy_results, device_id=mac["id"])
    assert (row["successful"], row["succeeded_at"], row["failed_at"]) == (False, NOON, LATER)
    assert len(rows(engine, jamf_policy_results)) == 2
    assert only_row(engine, jamf_policies)["finished_at"] == LATER


def test_a_patch_policy_tells_what_it_deployed(services, engine):
    fields = {
        "computer": MAC,
        "patchPolicyId": 63,
        "patchPolicyName": "Inkwell ring 1",
        "softwareTitleId": 240,
        "deployedVersion": "8.12.4",
        "eventActions": {"action": ["download finished", "installed"]},
        "successful": True,
    }
    process([told("ComputerPatchPolicyCompleted", fields)], services)

    row, result = only_row(engine, jamf_policies), only_row(engine, jamf_policy_results)
    assert (row["kind"], row["policy_id"], row["name"], row["title_id"]) == (
        "patch_policy",
        "63",
        "Inkwell ring 1",
        "240",
    )
    assert (result["deployed_version"], result["successful"]) == ("8.12.4", True)
    assert result["facts"]["actions"][0] == ["download finished", "installed"]


def test_a_result_that_says_neither_is_kept_with_its_time_alone(services, engine):
    process([policy("perhaps")], services)

    row = only_row(engine, jamf_policy_results)
    assert (row["successful"], row["succeeded_at"], row["failed_at"], row["finished_at"]) == (None, None, None, NOON)
    assert only_row(engine, events)["flags"] == ["odd_field:successful"]
