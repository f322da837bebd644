"""A device's list of managed apps ends installs: only what it was asked for before, and only in that enrolment."""

import pytest

from domain.clock import rfc3339
from tasks.following import follow
from tests.deliveries import BUNDLE_ID, SECOND
from tests.tasks.lab import LIST


@pytest.fixture
def begun(lab):
    """A device that has acknowledged the install."""
    lab.enrol()
    lab.license()
    lab.deliver()
    lab.acknowledge()
    return lab


def test_managed_is_the_proof(begun):
    arrival = begun.list_apps(**{BUNDLE_ID: "Managed", "com.example.other": "Installing"})

    install = begun.install
    assert (install["state"], install["reason"], install["next_check_at"]) == ("installed", None, None)
    assert (install["installed_at"], install["installed_command_uuid"]) == (arrival.received_at, "another")
    assert install["installed_by"] not in (None, install["acknowledged_by"])


@pytest.mark.parametrize(
    "status", ["UserRejected", "UpdateRejected", "ManagementRejected", "Failed", "UserInstalledApp"]
)
def test_what_will_not_become_a_managed_app_has_failed(begun, status):
    arrival = begun.list_apps(**{BUNDLE_ID: status})

    install = begun.install
    at = rfc3339(arrival.received_at)
    assert (install["state"], install["next_check_at"]) == ("failed", None)
    assert install["reason"] == f"the device says {status} of {BUNDLE_ID}, at {at}"


@pytest.mark.parametrize("status", ["Queued", "Prompting", "Installing", "ManagedButUninstalled", "OfTomorrow"])
def test_anything_else_is_going_on(begun, status):
    begun.list_apps(**{BUNDLE_ID: status})

    assert (begun.install["state"], begun.install["reason"]) == ("acknowledged", f"the device says {status}")


@pytest.mark.parametrize("apps", [{}, {"com.example.other": {"Status": "Managed"}}, {BUNDLE_ID: "odd"}, "odd", []])
def test_a_list_without_the_app_says_nothing(begun, apps):
    before = begun.install
    begun.reply("Acknowledged", "another", ManagedApplicationList=apps)

    assert begun.install == before


def test_a_list_from_before_the_acknowledge_is_no_proof(lab):
    lab.enrol()
    lab.license()
    lab.deliver()
    before = lab.now
    lab.acknowledge()
    old = {"ManagedApplicationList": {BUNDLE_ID: {"Status": "Managed"}}}
    lab.reply("Acknowledged", "another", at=before, **old)
    states = lab.states()
    lab.reply("Acknowledged", "another", at=before + SECOND, **old)

    assert (states, lab.states()) == (["acknowledged"], ["installed"])


def test_a_list_before_any_acknowledge_is_no_proof(lab):
    lab.enrol()
    lab.license()
    lab.deliver()
    lab.list_apps(**{BUNDLE_ID: "Managed"})

    assert lab.states() == ["command_sent"]


@pytest.mark.parametrize("status", ["Error", "NotNow"])
def test_only_an_acknowledged_list_counts(begun, status):
    begun.reply(status, "another", ManagedApplicationList={BUNDLE_ID: {"Status": "Managed"}})

    assert begun.states() == ["acknowledged"]


def test_a_list_of_a_user_is_not_the_devices(begun):
    apps = {BUNDLE_ID: {"Status": "Managed"}}
    begun.reply("Acknowledged", "another", ManagedApplicationList=apps, UserID="5E6F", UserShortName="ada")

    assert begun.states() == ["acknowledged"]


def test_a_list_of_the_former_enrolment_proves_nothing_of_this_one(begun):
    begun.check_in("Authenticate")
    begun.list_apps(**{BUNDLE_ID: "Managed"})

    assert begun.states() == ["released", "waiting"]


def test_a_stuck_install_is_proven_late(begun):
    begun.wait(hours=25)
    follow(begun.at_work)
    stuck = begun.states()
    begun.list_apps(**{BUNDLE_ID: "Managed"})

    assert (stuck, begun.states()) == (["stuck"], ["installed"])
    assert begun.commands(LIST) == []
    assert begun.install["reason"] is None
