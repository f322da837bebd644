"""Answers in any order, any of them twice, in batches of any size: every table of the inventory ends the same."""

import random
from functools import cache
from itertools import permutations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from simulators.certificates import draw_certificate
from state.schema import (
    LISTS,
    commands,
    device_history,
    device_locations,
    device_security,
    devices,
    event_counts,
    event_keys,
    events,
    inventory_lists,
    user_channels,
)
from tasks.process import process
from tests.deliveries import NOON, SECOND, UDID, again, answer, check_in, envelope

INVENTORY = (*LISTS.values(), inventory_lists, device_security, device_locations, device_history)
USER = {"UserID": "U", "UserShortName": "jdoe", "UserLongName": "J. Doe"}

OURS = {
    "installed": ("InstalledApplicationList", {}),
    "some": ("InstalledApplicationList", {"Identifiers": ["a"]}),
    "columns": ("InstalledApplicationList", {"Items": ["Name"]}),
    "managed": ("ManagedApplicationList", {}),
    "profiles": ("ProfileList", {}),
    "managed_profiles": ("ProfileList", {"ManagedOnly": True}),
    "provisioning": ("ProvisioningProfileList", {}),
    "certificates": ("CertificateList", {}),
    "updates": ("AvailableOSUpdates", {}),
    "progress": ("OSUpdateStatus", {}),
    "results": ("ScheduleOSUpdate", {}),
}
"""Our commands by their UUIDs; any other was sent by somebody else."""

NAMES = st.sampled_from("abc")
VALUES = st.sampled_from(["1", "2", 3, b"4", None])


@cache
def certificate(name):
    return draw_certificate(name, "Example CA", random.Random(name)).data


def items_of(*keys, required):
    return st.lists(st.fixed_dictionaries({required: NAMES}, optional=dict.fromkeys(keys, VALUES)), max_size=4)


APPS = items_of("Name", "Version", "BundleSize", required="Identifier")
PROFILES = items_of("PayloadUUID", "PayloadDisplayName", required="PayloadIdentifier")
UPDATES = items_of("Version", "DownloadSize", required="ProductKey")
CERTIFICATES = st.lists(NAMES.map(lambda name: {"CommonName": name, "Data": certificate(name)}), max_size=3)
MANAGED = st.dictionaries(NAMES, st.fixed_dictionaries({}, optional={"Status": VALUES, "IsValidated": st.booleans()}))

INSTALLED = st.fixed_dictionaries({"InstalledApplicationList": APPS})
LISTED_PROFILES = st.fixed_dictionaries({"ProfileList": PROFILES})
CONTENTS = {
    "installed": INSTALLED,
    "some": INSTALLED,
    "columns": INSTALLED,
    "managed": st.fixed_dictionaries({"ManagedApplicationList": MANAGED}),
    "profiles": LISTED_PROFILES,
    "managed_profiles": LISTED_PROFILES,
    "provisioning": st.fixed_dictionaries({"ProvisioningProfileList": items_of("Name", "ExpiryDate", required="UUID")}),
    "certificates": st.fixed_dictionaries({"CertificateList": CERTIFICATES}),
    "updates": st.fixed_dictionaries({"AvailableOSUpdates": UPDATES}),
    "progress": st.fixed_dictionaries({"OSUpdateStatus": UPDATES}),
    "results": st.fixed_dictionaries({"UpdateResults": items_of("Status", "InstallAction", required="ProductKey")}),
    "accounts": st.fixed_dictionaries({"Users": items_of("FullName", "UID", required="UserName")}),
    "security": st.fixed_dictionaries(
        {"SecurityInfo": st.dictionaries(st.sampled_from(["FDE_Enabled", "SecureBoot"]), VALUES)}
    ),
    "location": st.fixed_dictionaries(
        {"Latitude": st.integers(0, 99), "Longitude": st.floats(0, 9)}, optional={"Speed": VALUES}
    ),
    "information": st.fixed_dictionaries(
        {"QueryResponses": st.dictionaries(st.sampled_from(["OSVersion", "DeviceName"]), VALUES)}
    ),
}
SUBJECTS = (
    ("installed", "some", "columns"),
    ("profiles", "managed_profiles"),
    *((name,) for name in CONTENTS if not name.endswith("profiles") and name not in ("installed", "some", "columns")),
)
"""What is about the same: a history is about one or two of these, so that its answers meet."""


@st.composite
def histories(draw):
    """Answers of one device and a user on it, some at the same moment, enrolments between them; how they arrive."""
    history = []
    subjects = draw(st.lists(st.sampled_from(SUBJECTS), min_size=1, max_size=2))
    for _ in range(draw(st.integers(2, 9))):
        at = NOON + draw(st.integers(0, 6)) * SECOND
        if draw(st.integers(0, 9)) == 0:
            body = check_in("Authenticate", at=at, OSVersion=draw(NAMES), SerialNumber="C02")
        else:
            about = draw(st.sampled_from([name for names in subjects for name in names]))
            asked = draw(st.sampled_from([about, about, "theirs"]))
            content = draw(CONTENTS[about]) | draw(st.sampled_from([{}, {}, {}, USER]))
            status = draw(st.sampled_from(["Acknowledged"] * 6 + ["Error"]))
            body = answer(status, at=at, command_uuid=asked, binary=True, **content)
        history.append(envelope(body, received_at=NOON + 10 * SECOND))
    repeated = draw(st.lists(st.sampled_from(history), max_size=4))
    return history, draw(st.permutations(history + repeated)), draw(st.lists(st.integers(1, 5), min_size=20))


def begin(engine):
    """Nothing is known but what was sent."""
    with engine.connect().execution_options(windfall_writes=True) as connection, connection.begin():
        for table in (*INVENTORY, devices, user_channels, events, event_keys, event_counts, commands):
            connection.execute(table.delete())
        connection.execute(commands.insert(), [row for uuid in OURS for row in sent(uuid)])


def sent(command_uuid):
    """A command as it is on the device and on the user's channel; somebody answered before, so it is not open."""
    request_type, arguments = OURS[command_uuid]
    for number, device_id in enumerate((UDID, f"{UDID}:U")):
        yield {
            "id": f"{command_uuid}-{number}", "command_uuid": command_uuid, "device_id": device_id,
            "sender": "micromdm", "request_type": request_type, "arguments": arguments, "digest": "d",
            "state": "Acknowledged", "created_at": NOON, "pushes": 0,
        }  # fmt: skip


def state_of(engine):
    with engine.connect() as connection:
        return {
            table.name: [dict(row) for row in connection.execute(select(table).order_by(table.c.id)).mappings()]
            for table in (*INVENTORY, devices)
        }


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(case=histories())
def test_any_permutation_with_repetition_ends_in_the_same_rows(case, services, engine):
    history, arrivals, sizes = case
    begin(engine)
    for event in sorted(history, key=lambda event: event.key):
        process([event], services)
    expected = state_of(engine)

    begin(engine)
    left = [again(event) for event in arrivals]
    while left:
        size = sizes.pop()
        process(left[:size], services)
        left = left[size:]

    assert state_of(engine) == expected


def test_every_order_of_whole_and_other_answers_ends_in_what_happened(services, engine):
    story = [("installed", "ab", 1), ("some", "ac", 2), ("installed", "bc", 3), ("theirs", "d", 4)]
    history = [said(asked, names, number) for asked, names, number in story]

    for order in permutations(history):
        begin(engine)
        for event in order:
            process([event], services)

        apps = state_of(engine)["installed_apps"]
        assert {row["key"]: row["bundle_size"] for row in apps} == {"b": 3, "c": 3, "d": 4}


def said(command_uuid, names, number):
    apps = [{"Identifier": name, "BundleSize": number} for name in names]
    body = answer("Acknowledged", at=NOON + number * SECOND, command_uuid=command_uuid, InstalledApplicationList=apps)
    return envelope(body, received_at=NOON + 10 * SECOND)
