"""Histories of two devices, as both kinds of MDM server and Jamf Pro tell them, in few moments: what is told meets.

Everything is made from small numbers, which hypothesis draws and makes smaller.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.vendor.pretty import RepresentationPrinter

from domain.envelope import Envelope
from simulators.jamf import Form
from simulators.jamf_events import event
from simulators.lives import jamf_subject
from simulators.micromdm import MicroMDM
from simulators.nanomdm import NanoMDM
from tests.deliveries import NOON, SECOND, again, envelope
from tests.jamf import delivered
from tests.tasks.tellers import ALWAYS, MDM, TOLD_BY_DEVICES, World

MOMENTS = 12
"""Seconds in which everything happens: what is told often is of the same moment."""

JAMF = {
    "records": [
        "ComputerAdded", "ComputerCheckIn", "ComputerCheckIn", "ComputerInventoryCompleted", "MobileDeviceCheckIn",
        "MobileDeviceEnrolled", "MobileDeviceUnEnrolled", "MobileDeviceInventoryCompleted",
    ],
    "doings": [
        "ComputerPushCapabilityChanged", "DeviceRateLimited", "MobileDeviceCommandCompleted", "MobileDevicePushSent",
        "PushSent", "SCEPChallenge",
    ],
    "policies": ["ComputerPolicyFinished", "ComputerPatchPolicyCompleted", "PatchSoftwareTitleUpdated"],
    "groups": [
        "SmartGroupComputerMembershipChange", "SmartGroupMobileDeviceMembershipChange",
        "SmartGroupUserMembershipChange",
    ],
    "servers": ["DeviceAddedToDEP", "JSSStartup", "JSSShutdown", "RestAPIOperation"],
}  # fmt: skip
FORMS = [Form(xml=xml, flat=flat, timestamps=dated) for xml in (0, 1) for flat in (0, 1) for dated in (0, 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """``events`` are in the order they happened, each once; ``batches`` are how they arrive, some of them again."""

    seed: int
    happened: Sequence[tuple[int, str, int]]
    speakers: Sequence[str]
    events: Sequence[Envelope]
    batches: Sequence[Sequence[Envelope]]

    def _repr_pretty_(self, printer: RepresentationPrinter, cycle: bool) -> None:
        """What it is made from, and how it arrives, for people who look for what is wrong."""
        names = {event.key: f"{number} {event.type}" for number, event in enumerate(self.events)}
        arrivals = [[names[event.key] for event in batch] for batch in self.batches]
        printer.text(f"World({self.seed}), happened={self.happened}, {arrivals=}")


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Few subjects, so that what is told of one meets; devices always come, answer and go."""
    world = World(seed := draw(st.integers(0, 2**16)))
    subjects = [*ALWAYS, *2 * [draw(st.sampled_from(TOLD_BY_DEVICES)), draw(st.sampled_from(list(JAMF)))]]
    happening = st.tuples(st.integers(0, MOMENTS), st.sampled_from(subjects), st.integers(0, 2**16))
    happened = sorted(draw(st.lists(happening, min_size=12, max_size=26)), key=lambda each: each[0])
    # An event that is delivered twice has one key.
    events = list({each.key: each for each in _told(world, happened)}.values())
    arrivals = draw(st.permutations([*events, *draw(st.lists(st.sampled_from(events), max_size=8))]))
    sizes = iter(draw(st.lists(st.integers(1, 9), min_size=len(arrivals), max_size=len(arrivals))))
    batches = []
    while arrivals:
        size = next(sizes)
        batches.append([again(each) for each in arrivals[:size]])
        arrivals = arrivals[size:]
    return History(seed=seed, happened=happened, speakers=world.speakers, events=events, batches=batches)


def _told(world: World, happened: Sequence[tuple[int, str, int]]) -> Iterator[Envelope]:
    relays = {"micromdm": MicroMDM("http://127.0.0.1:9/"), "nanomdm": NanoMDM("http://127.0.0.1:9/")}
    for number, (second, subject, seed) in enumerate(happened):
        world.now, world.rng = NOON + second * SECOND, random.Random(seed)
        if subject in JAMF:
            yield _told_by_jamf(world, subject)
            continue
        message = MDM[subject](world)
        relays["micromdm"].rng, relays["nanomdm"].rng = random.Random(number), random.Random(number)
        kind = world.one_of("micromdm", "micromdm", "nanomdm")
        # MicroMDM does not tell of bootstrap tokens.
        delivery = relays[kind].make(message) or relays[kind := "nanomdm"].make(message)
        yield envelope(delivery.body, kind=kind, received_at=world.now)


def _told_by_jamf(world: World, subject: str) -> Envelope:
    """Numbers of records, groups, members and policies are few."""
    first, second = world.devices
    mac = world.one_of((first, 7731), (first, 7731), (second, 7732))
    said = event(
        world.one_of(*JAMF[subject]), jamf_subject(mac, (second, world.one_of(412, 413)), world.rng, world.now)
    )
    for fields in (said.event, said.event.get("computer")):
        if isinstance(fields, dict) and "ipAddress" in fields:
            fields["ipAddress"] = world.one_of("192.0.2.1", "192.0.2.2", "", "junk")
    for name, value in said.event.items():
        if name.endswith("Ids"):
            value[:] = world.rng.sample(range(1, 6), world.rng.randrange(4))
        elif isinstance(value, int) and name in ("policyId", "managementId"):
            said.event[name] = 1 + value % 3
    return delivered(said, world.one_of(*FORMS))
