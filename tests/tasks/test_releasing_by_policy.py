"""Installs that people want otherwise than before: apps that go with their licence, and apps that are licensed only."""

import pytest

from tasks.setup import Policy, Setup
from tests.databases import ON_SQLITE
from tests.deliveries import APP, BUNDLE_ID, LOCATION, OTHER_LOCATION
from tests.tasks.lab import REMOVE, SETUP

LICENSE_ONLY = Setup(mdm_servers=SETUP.mdm_servers, policies=(Policy(adam_id=APP, install=False),))
REMOVING = Setup(mdm_servers=SETUP.mdm_servers, policies=(Policy(adam_id=APP, u_id=LOCATION, remove=True),))


@pytest.fixture
def lab(lab):
    """Where the app goes with its licence of one location."""
    lab.setup = REMOVING
    return lab


def test_by_policy_it_is_removed_and_a_new_licence_installs_it_anew(installed):
    installed.take_back()
    installed.inform()
    (removal,) = installed.commands(REMOVE)
    states = installed.states()
    installed.wait(hours=1)
    installed.license()

    assert (states, removal["arguments"]) == (["released"], {"Identifier": BUNDLE_ID})
    assert (installed.states(), installed.command_states()) == (["waiting"], ["Acknowledged", "pending"])
    proof = ("sent_at", "acknowledged_at", "acknowledged_by", "installed_at", "installed_by", "installed_command_uuid")
    assert {installed.install[name] for name in proof} == {None}


@ON_SQLITE
def test_it_is_not_removed_while_a_location_licenses_it(installed):
    installed.license(u_id=OTHER_LOCATION)
    installed.take_back()
    installed.setup = Setup(mdm_servers=SETUP.mdm_servers, policies=(Policy(install=False, remove=True),))
    installed.inform()

    assert (installed.states(), installed.commands(REMOVE)) == (["installed"], [])


@pytest.mark.parametrize("sent", [False, True])
def test_by_policy_an_install_is_released_in_words_that_are_true_and_owed_again_when_the_policy_is(lab, sent):
    lab.setup = SETUP
    lab.enrol()
    lab.license()
    if sent:
        lab.deliver()
    lab.setup = LICENSE_ONLY
    lab.inform()
    (released,) = lab.installs()
    while_off = lab.heal()
    lab.setup = SETUP

    assert (released["state"], released["reason"]) == ("released", "it is licensed only, by policy: install = false")
    assert (while_off, lab.heal(), lab.heal()) == (0, 1, 0)
    assert (lab.states(), lab.command_states()) == (["waiting"], ["void", "pending"])
