"""What devices answer about themselves is kept under every name they use, except those of our own facts."""

import random

from domain.command_types import QUERIES
from simulators.identities import Kind
from simulators.lives import increasing, make_devices
from state.queries.devices import one_device
from state.records import LISTED, OURS
from state.schema import devices, user_channels
from tests.deliveries import NOON, relayed
from tests.tasks.lab import only_row


def shown(lab):
    return {name: fact["value"] for name, fact in one_device(lab.engine, lab.udid)["facts"].items()}


def test_all_that_we_ask_is_kept_and_shown_whatever_its_first_letter(lab):
    lab.enrol()
    answers = {name: f"its {name}" for name in (*QUERIES, "iTunesStoreAccountHash")}

    lab.reply("Acknowledged", "another", QueryResponses=answers)

    known = shown(lab)
    assert {name: known.get(name) for name in answers} == answers


def test_no_answer_sets_a_fact_of_ours_or_one_without_a_name(lab):
    lab.enrol()
    before = only_row(lab.engine, devices)

    lab.reply("Acknowledged", "another", QueryResponses={"": "nothing", **{name: {"enrolled": False} for name in OURS}})

    after = only_row(lab.engine, devices)
    assert {name: after["facts"][name][0] for name in before["facts"]} == {
        name: known[0] for name, known in before["facts"].items()
    }
    assert (after["enrolled"], after["sender"]) == (True, "micromdm")
    assert after["facts"].keys() == before["facts"].keys()
    assert not shown(lab).keys() & OURS


def test_our_own_facts_are_all_in_the_list_and_none_of_apples_is(lab):
    clock = increasing(lambda: NOON)
    (mac,) = make_devices(1, rng=random.Random(1), clock=clock, kinds=[Kind.MAC_WITH_USER])
    (private,) = make_devices(1, rng=random.Random(2), clock=clock, kinds=[Kind.USER_ENROLLMENT])
    messages = [mac.authenticate(), mac.token_update(), mac.token_update(user=True), mac.token_update()]
    messages += [private.authenticate(), private.token_update(), private.check_out()]

    lab.hear(*relayed(messages, through_nanomdm=[False, False, True, True, False, True, True]))

    with lab.engine.connect() as connection:
        told = connection.execute(devices.select()).mappings().all()
        told += connection.execute(user_channels.select()).mappings().all()
    # That one comes with a list of devices (tasks.resync).
    assert {name for row in told for name in row["facts"] if name[0].islower()} == OURS - {LISTED}
