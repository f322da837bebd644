"""Licences that Apple gave and took back in the same quarter of an hour: nobody knows which came last."""

from state.retrying import retry
from state.schema import assignments
from tests.databases import ON_SQLITE
from tests.deliveries import BUNDLE_ID, MINUTE, SECOND
from tests.tasks.lab import INSTALL, rows


def licence_states(lab):
    return [row["state"] for row in rows(lab.engine, assignments)]


@ON_SQLITE
def test_uncertain_neither_owes_nor_releases(lab):
    lab.enrol()
    for adam_id in ("1", "2"):
        lab.license(adam_ids=("1",) if adam_id == "1" else ("3",))
    lab.take_back(adam_ids=("1", "2"))
    lab.license(adam_ids=("2",))

    states = {row["adam_id"]: row["state"] for row in lab.installs()}
    assert states == {"1": "waiting", "3": "waiting"}
    assert lab.deliver() == [INSTALL, INSTALL]


def test_the_end_of_the_uncertain_quarter_of_an_hour(lab):
    lab.enrol()
    lab.license()
    lab.now += 15 * MINUTE - SECOND
    lab.take_back()
    unsure = lab.states()
    lab.now += 15 * MINUTE + SECOND
    lab.take_back()

    assert (unsure, lab.states()) == (["waiting"], ["released"])


@ON_SQLITE
def test_uncertain_lasts_until_apples_next_word(lab):
    lab.enrol()
    lab.take_back()
    lab.license()
    lab.wait(days=90)
    lab.inform()
    lab.list_apps(**{BUNDLE_ID: "Managed"})
    lab.check_in("TokenUpdate")
    after_months = (lab.heal(), licence_states(lab), lab.states())
    lab.license()

    assert after_months == (0, ["uncertain"], [])
    assert (licence_states(lab), lab.states()) == (["assigned"], ["waiting"])


@ON_SQLITE
def test_what_failed_is_not_tried_again_while_its_licence_is_uncertain(lab):
    lab.enrol()
    lab.license()
    lab.deliver()
    lab.answer("Error", ErrorChain=[{"ErrorCode": 1}])
    failed = lab.states()
    lab.take_back()
    lab.wait(hours=1)
    (last,) = lab.commands()
    retry(lab.engine, [last["id"]], now=lab.now)

    assert (failed, lab.states(), lab.heal()) == (["failed"], ["waiting"], 0)
    assert len(lab.commands()) == 1
