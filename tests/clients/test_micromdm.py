"""What MicroMDM's answers mean, from a server that gives each of them."""

import base64
import plistlib
from datetime import UTC, datetime

import pytest

from clients.micromdm import ListedDevice, MicroMDM, QueuedCommand
from domain.errors import OutcomeUnknown, PermanentError, TransientError
from tests.clients.far_end import answer, hang_up

PAYLOAD = plistlib.dumps({"CommandUUID": "C1", "Command": {"RequestType": "ProfileList"}})
ACCEPTED = {"payload": {"udid": "U1", "command_uuid": "C1", "command": {"request_type": "ProfileList"}}}
KEY = "Zm9v-the-key"
USER_ID = "5E6F7A8B-0000-4000-8000-00000000BBBB"
PAGE = b"<html><form>Log in</form></html>"


@pytest.fixture
def micromdm(far_end):
    return MicroMDM(far_end.url + "/", lambda: KEY)


def test_a_command_is_posted_as_it_is_under_the_devices_id(far_end, micromdm):
    far_end.steps = [answer(201, ACCEPTED)]

    micromdm.send_command("U 1?#%ü", PAYLOAD)

    [arrival] = far_end.arrivals
    assert (arrival.method, arrival.path, arrival.body) == ("POST", "/v1/commands/U%201%3F%23%25%C3%BC", PAYLOAD)
    assert base64.b64decode(arrival.headers["Authorization"].removeprefix("Basic ")).decode() == f"micromdm:{KEY}"


def test_a_user_is_known_by_the_user_id_alone(far_end, micromdm):
    far_end.steps = [answer(201, ACCEPTED), answer(200, {}), answer(200, {}), answer(200, {"status": "success"})]
    user = f"U1:{USER_ID}"

    micromdm.send_command(user, PAYLOAD)
    micromdm.queue(user)
    micromdm.clear_queue(user)
    micromdm.push(user)

    assert [arrival.path for arrival in far_end.arrivals] == [
        *[f"/v1/commands/{USER_ID}"] * 3,
        f"/v1/push/{USER_ID}",
    ]


@pytest.mark.parametrize("user", ["ada@school.example", "", "f" * 8 + "-ffff" * 3 + "-" + "f" * 12, f"x:{USER_ID}"])
def test_a_user_without_a_queue_gets_nothing_sent(far_end, micromdm, user):
    with pytest.raises(PermanentError, match="has no queue"):
        micromdm.send_command(f"U1:{user}", PAYLOAD)

    assert far_end.arrivals == []


@pytest.mark.parametrize("device_id", ["", ".", "..", "../devices", "a/b", "\ud800"])
def test_an_id_that_a_path_cannot_carry_is_never_sent(far_end, micromdm, device_id):
    with pytest.raises(PermanentError, match="is no device id"):
        micromdm.clear_queue(device_id)

    assert far_end.arrivals == []


def test_the_key_is_asked_for_each_time(far_end):
    keys = iter(["old", "new", ""])
    micromdm = MicroMDM(far_end.url, lambda: next(keys), name="site-b")

    micromdm.queue("U1")
    micromdm.queue("U1")
    with pytest.raises(TransientError, match="site-b has no API key: set WINDFALL_SENDER_SITE_B_API_KEY"):
        micromdm.queue("U1")

    assert [base64.b64decode(arrival.headers["Authorization"][6:]) for arrival in far_end.arrivals] == [
        b"micromdm:old",
        b"micromdm:new",
    ]


@pytest.mark.parametrize(
    ("step", "kind", "down", "words"),
    [
        (answer(401, {"error": "unauthorized"}), TransientError, True, "look at WINDFALL_MICROMDM_API_KEY"),
        (answer(404, b"404 page not found\n"), TransientError, True, "start MicroMDM with -api-key"),
        (answer(400, PAGE), TransientError, True, "is a proxy in the way"),
        (answer(403, PAGE), TransientError, True, "is a proxy in the way"),
        (answer(405), TransientError, True, "answered 405"),
        (answer(413, PAGE), TransientError, False, "a proxy before it takes less"),
        (answer(500, {"error": "not an XML plist"}), TransientError, False, "500: not an XML plist"),
        (answer(500, PAGE), OutcomeUnknown, False, "an HTML page"),
        (answer(502, PAGE), OutcomeUnknown, True, "answered 502"),
        (answer(503, PAGE, retry_after="9"), TransientError, True, "answered 503"),
        (answer(504, PAGE), OutcomeUnknown, True, "answered 504"),
        (answer(302, location="/login"), TransientError, True, "redirects"),
        (answer(200, PAGE), OutcomeUnknown, True, "not its documented answer"),
        (answer(201, PAGE), OutcomeUnknown, True, "not its documented answer"),
        (answer(201, {"hello": "world"}), OutcomeUnknown, True, "not its documented answer"),
        (answer(202, ACCEPTED), OutcomeUnknown, True, "not its documented answer"),
        (hang_up, OutcomeUnknown, True, "did not answer in full"),
    ],
)
def test_what_is_not_201_with_the_command_is_no_success(far_end, micromdm, step, kind, down, words):
    far_end.steps = [step]

    with pytest.raises((PermanentError, TransientError), match=words) as caught:
        micromdm.send_command("U1", PAYLOAD)

    assert (type(caught.value), getattr(caught.value, "down", None)) == (kind, down)
    assert KEY not in str(caught.value)
    assert str(caught.value).startswith(f"micromdm ({far_end.place}) ")


def test_a_queue_is_listed_in_order_without_what_makes_no_sense(far_end, micromdm):
    def entry(payload):
        return base64.b64encode(payload).decode()

    far_end.steps = [
        answer(
            200,
            {
                "commands": [
                    {"uuid": "C1", "payload": entry(PAYLOAD)},
                    {"uuid": "C2", "payload": entry(b"no plist")},
                    {"uuid": "C3", "payload": "no base64!"},
                    {"uuid": "C4"},
                    {"uuid": "C5", "payload": entry(plistlib.dumps({"Command": []}))},
                    {"payload": entry(PAYLOAD)},
                    {"uuid": 7},
                    None,
                ]
            },
        ),
        answer(200, {}),
        answer(200, {"commands": None}),
    ]

    assert micromdm.queue("U1") == [
        QueuedCommand(command_uuid="C1", request_type="ProfileList"),
        *(QueuedCommand(command_uuid=f"C{n}", request_type=None) for n in (2, 3, 4, 5)),
    ]
    assert micromdm.queue("U1") == micromdm.queue("U1") == []
    assert {(arrival.method, arrival.path) for arrival in far_end.arrivals} == {("GET", "/v1/commands/U1")}


def test_a_queue_is_cleared(far_end, micromdm):
    micromdm.clear_queue("U1")

    assert [(arrival.method, arrival.path) for arrival in far_end.arrivals] == [("DELETE", "/v1/commands/U1")]


def test_a_push_has_an_outcome_of_its_own(far_end, micromdm):
    far_end.steps = [
        answer(200, {"status": "success", "push_notification_id": "N1"}),
        answer(500, {"error": "push data missing"}),
        answer(200, {"status": "failure"}),
    ]

    micromdm.push("U1")
    for words in ("500: push data missing", "not its documented answer"):
        with pytest.raises(TransientError, match=words) as caught:
            micromdm.push("U1")
        assert type(caught.value) is TransientError

    assert {(arrival.method, arrival.path) for arrival in far_end.arrivals} == {("POST", "/v1/push/U1")}


def test_devices_are_listed_without_what_makes_no_sense(far_end, micromdm):
    full = {
        "serial_number": "C02EXAMPLE01",
        "udid": "U1",
        "enrollment_status": True,
        "last_seen": "2031-01-15T08:30:00.123456789Z",
        "dep_profile_status": "assigned",
    }
    never = {"serial_number": "C02EXAMPLE02", "udid": "", "last_seen": "0001-01-01T00:00:00Z"}
    junk = [None, 7, {}, {"serial_number": 7, "udid": None}, {"udid": "U3", "enrollment_status": "yes", "last_seen": 5}]
    far_end.steps = [answer(200, {"devices": [full, never, *junk]}), answer(200, {"devices": None}), answer(200, {})]

    listed = micromdm.devices()

    assert listed == [
        ListedDevice(
            serial_number="C02EXAMPLE01",
            udid="U1",
            enrollment_status=True,
            last_seen=datetime(2031, 1, 15, 8, 30, 0, 123456, UTC),
            dep_profile_status="assigned",
        ),
        ListedDevice(
            serial_number="C02EXAMPLE02", udid="", enrollment_status=False, last_seen=None, dep_profile_status=""
        ),
        ListedDevice(serial_number="", udid="U3", enrollment_status=False, last_seen=None, dep_profile_status=""),
    ]
    assert micromdm.devices() == []
    with pytest.raises(TransientError, match="not its documented answer"):
        micromdm.devices()
    assert {(arrival.method, arrival.path, arrival.body) for arrival in far_end.arrivals} == {
        ("POST", "/v1/devices", b"{}")
    }


def test_what_is_listed_under_the_name_of_a_user_is_no_device(far_end, micromdm):
    entry = {"serial_number": "C02", "enrollment_status": True, "last_seen": "", "dep_profile_status": ""}
    far_end.steps = [answer(200, {"devices": [{**entry, "udid": f"x:{USER_ID}"}, {**entry, "udid": "U1"}]})]

    assert [device.udid for device in micromdm.devices()] == ["U1"]
