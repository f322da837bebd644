"""Whatever order Apple and a device are heard in, and however often: the same installs are owed, each by one command.

What holds in the end of every story, for a device that said its serial number:

1. The apps of which a location says `assigned` have one install each that is not released, all of the enrolment that
   began last, and of no other: an Authenticate tells that, or that the device left and is back. An app that no location
   says so of has none. Only where Apple's words are `uncertain` it depends on the order: what was owed stays, and what
   was not is not.
2. No app has two commands that a device may still answer; who is released has none.
3. While the device is enrolled, an install that waits for an answer has exactly one such command, its own. It goes
   to where the device is enrolled, or went out after that enrolment began.
"""

import json
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from domain.clock import parse_time, rfc3339
from state.commands import OPEN
from state.schema import assignments, commands, devices
from tests.deliveries import MINUTE, NOON, SERIAL, UDID, again, answer, check_in, envelope, managed
from tests.tasks.lab import INSTALL, rows

APPS = ("1", "2")
LOCATIONS = ("10", "20")


@st.composite
def stories(draw):
    """What happened, in the order it did, with times; and an order of arrival with repetitions."""
    moments = (NOON + sum(steps, timedelta()) for steps in _growing(draw))
    story = []
    for _ in range(draw(st.integers(1, 3))):
        sender = draw(st.sampled_from(("micromdm", "eu")))
        said = draw(st.sampled_from(({}, {"SerialNumber": SERIAL}, {"SerialNumber": SERIAL.lower()})))
        answers = {"QueryResponses": {"SerialNumber": SERIAL}}
        bodies = [
            lambda at, said=said: check_in("Authenticate", at=at, **said),
            lambda at: check_in("TokenUpdate", at=at, Token=b"t", PushMagic="m"),
            lambda at, answers=answers: answer("Acknowledged", at=at, command_uuid="another", **answers),
            lambda at: check_in("TokenUpdate", at=at, Token=b"u", PushMagic="m"),
            lambda at: check_in("CheckOut", at=at),
        ]
        heard = draw(st.sets(st.integers(0, 4), min_size=1))
        for place in sorted(heard):
            at = next(moments)
            story.append(envelope(bodies[place](at), sender=sender, received_at=at))
            if draw(st.booleans()):
                story.append(draw(licences(next(moments))))
    story += [draw(licences(next(moments))) for _ in range(draw(st.integers(0, 3)))]
    arrivals = story + draw(st.lists(st.sampled_from(story), max_size=6))
    return story, draw(st.permutations(arrivals))


def _growing(draw):
    """So long after the beginning each event happened, within Apple's quarter of an hour or far outside."""
    steps = []
    while True:
        steps.append(draw(st.sampled_from((MINUTE, 20 * MINUTE))))
        yield list(steps)


@st.composite
def licences(draw, at):
    change = draw(st.sampled_from(("ASSOCIATE", "ASSOCIATE", "ASSOCIATE", "REVOKE")))
    apps = draw(st.sampled_from((APPS, APPS[:1], APPS[1:])))
    error = draw(st.sampled_from((None, None, None, (9709, "no"))))
    return managed(SERIAL, adam_ids=apps, change=change, u_id=draw(st.sampled_from(LOCATIONS)), error=error, at=at)


def check(lab, story):
    """The three sentences above."""
    found = rows(lab.engine, devices)
    serial_known = bool(found and found[0]["serial_key"])
    generation = found[0]["generation"] or "" if found else ""
    words = {app: {row["state"] for row in rows(lab.engine, assignments, adam_id=app)} for app in APPS}
    kept = Counter((row["adam_id"], row["generation"]) for row in lab.installs() if row["state"] != "released")
    sure = {app for app in APPS if "assigned" in words[app]}
    unsure = {app for app in APPS if "uncertain" in words[app]} - sure
    if not serial_known:
        assert not kept
        return
    assert {app for app, _ in kept} - unsure == sure
    assert all(count == 1 and of == generation for (_, of), count in kept.items())
    tell = ("mdm.Authenticate", "mdm.CheckOut") if found[0]["enrolled"] else ("mdm.Authenticate",)
    began = [event.received_at for event in story if event.type in tell]
    assert generation == (rfc3339(max(began)) if began else "")

    live = [row for row in rows(lab.engine, commands, request_type=INSTALL) if row["state"] in OPEN]
    assert len({row["arguments"]["iTunesStoreID"] for row in live}) == len(live)
    by_id = {row["id"]: row for row in live}
    expecting = [row for row in lab.installs() if row["state"] in ("waiting", "command_sent")]
    assert by_id.keys() <= {row["command_id"] for row in expecting}
    if found[0]["enrolled"] is not False:
        for install in expecting:
            if install["adam_id"] in unsure:
                continue
            command = by_id[install["command_id"]]
            assert command["device_id"] == UDID
            if command["called_at"] is None:
                assert command["sender"] == found[0]["sender"]
            else:
                assert not began or command["called_at"] >= parse_time(generation)


common = settings(max_examples=settings.default.max_examples // 4)


@common
@given(case=stories(), sizes=st.lists(st.integers(1, 6), min_size=1))
def test_while_nothing_goes_out(lab, case, sizes):
    story, arrivals = case
    told(arrivals)
    lab.forget()
    lab.now = max(event.received_at for event in story)

    for batch in batches(arrivals, sizes):
        lab.hear(*batch)

    check(lab, story)


def told(arrivals):
    """For whoever reads of a failure."""
    note(" · ".join(f"{one.received_at - NOON} {one.sender} {one.type} {_gist(one)}" for one in arrivals))


def _gist(one):
    content = json.loads(one.body).get("notification", {})
    pairs = [pair["adamId"] for pair in content.get("assignments", ())]
    return f"{content.get('type')} {content.get('result')} {pairs}" if pairs else ""


def batches(arrivals, sizes):
    left, place = [again(arrival) for arrival in arrivals], 0
    while left:
        size = sizes[place % len(sizes)]
        yield left[:size]
        left, place = left[size:], place + 1


@common
@given(case=stories(), acts=st.lists(st.sampled_from(("", "deliver", "claim", "acknowledge")), min_size=1))
def test_while_commands_go_out_and_are_answered(lab, case, acts):
    """Our clock is as late as the latest that was heard: commands go out before and after what is heard late."""
    story, arrivals = case
    told(arrivals)
    lab.forget()
    lab.now = NOON

    for number, arrival in enumerate(arrivals):
        lab.now = max(lab.now, arrival.received_at)
        lab.hear(again(arrival))
        act(lab, story, acts[number % len(acts)])

    check(lab, story)


def act(lab, story, name):
    for sender in ("micromdm", "eu"):
        if name == "deliver":
            lab.deliver(destination=f"mdm:{sender}")
        elif name == "claim":
            lab.claim(f"mdm:{sender}")
    if name == "acknowledge":
        # A device that was wiped since does not have the command any more.
        wiped = [event.received_at for event in story if event.type == "mdm.Authenticate"]
        last = max((at for at in wiped if at <= lab.now), default=NOON)
        for command in lab.commands():
            if command["state"] in ("pending", "sent") and command["called_at"] and command["called_at"] >= last:
                lab.sender = command["sender"]
                lab.reply("Acknowledged", command["command_uuid"], at=lab.now, Identifier="com.example.app")


@pytest.mark.parametrize("sender", ["micromdm", "eu"])
def test_a_plain_story_has_what_the_check_looks_for(lab, sender):
    lab.sender = sender
    lab.license(adam_ids=APPS, u_id=LOCATIONS[0])
    authenticate = lab.check_in("Authenticate")
    lab.check_in("TokenUpdate")

    check(lab, [authenticate])
    assert len(lab.commands()) == len(APPS)
