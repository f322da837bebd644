"""What NanoMDM's answers mean, device by device, from a server that gives each of them."""

import base64

import pytest

from clients.nanomdm import MOST_IDS, NO_RESULT, NanoMDM
from domain.errors import OutcomeUnknown, PermanentError, TransientError
from tests.clients.far_end import answer, hang_up

A, B = "A1B2C3D4-0000-5000-8000-00000000AAAA", "A1B2C3D4-0000-5000-8000-00000000AAAB"
USER = f"{A}:5E6F7A8B-0000-4000-8000-00000000BBBB"
PAYLOAD = b"<plist>a command</plist>"
COMMAND = {"command_uuid": "C1", "request_type": "InstallApplication"}
PUSHED, NOT_PUSHED = {"push_result": "8B16D295"}, {"push_error": "push data missing for id"}
KEY = "Zm9v-the-key"


@pytest.fixture
def nanomdm(far_end):
    return NanoMDM(far_end.url, lambda: KEY)


def enqueue(far_end, nanomdm, status, document, ids=(A, B)):
    far_end.steps = [answer(status, document)]
    return nanomdm.enqueue(ids, PAYLOAD)


@pytest.mark.parametrize(("api", "prefix"), [("nanomdm", "/v1"), ("nanohub", "/api/v1/nanomdm")])
def test_one_command_goes_to_all_ids_in_one_call(far_end, api, prefix):
    far_end.steps = [answer(200, {"status": {A: PUSHED, USER: PUSHED}, **COMMAND})]

    enqueued = NanoMDM(far_end.url + "/", lambda: KEY, api).enqueue([A, USER, "x@y z", A], PAYLOAD)

    [arrival] = far_end.arrivals
    assert (arrival.method, arrival.path, arrival.body) == ("PUT", f"{prefix}/enqueue/{A},{USER},x@y%20z", PAYLOAD)
    assert base64.b64decode(arrival.headers["Authorization"].removeprefix("Basic ")).decode() == f"{api}:{KEY}"
    assert enqueued.queued == {A, USER, "x@y z"}


def test_all_queued_and_pushed(far_end, nanomdm):
    enqueued = enqueue(far_end, nanomdm, 200, {"status": {A: PUSHED, B: PUSHED}, **COMMAND})

    assert (enqueued.queued, enqueued.refused, enqueued.push_errors, enqueued.already) == ({A, B}, {}, {}, False)


@pytest.mark.parametrize("status", [207, 500])
def test_a_failed_push_does_not_undo_the_enqueue(far_end, nanomdm, status):
    enqueued = enqueue(far_end, nanomdm, status, {"status": {A: PUSHED, B: NOT_PUSHED}, **COMMAND})

    assert (enqueued.queued, enqueued.refused) == ({A, B}, {})
    assert enqueued.push_errors == {B: "push data missing for id"}


def test_a_push_that_failed_as_a_whole_does_not_undo_the_enqueue_either(far_end, nanomdm):
    enqueued = enqueue(far_end, nanomdm, 500, {"push_error": "no push certificate", **COMMAND})

    assert enqueued.queued == {A, B}
    assert enqueued.push_errors == dict.fromkeys((A, B), "no push certificate")


def test_a_device_of_whose_push_nothing_is_said_was_not_pushed_to(far_end, nanomdm):
    enqueued = enqueue(far_end, nanomdm, 200, {"status": {A: PUSHED}, **COMMAND})

    assert (enqueued.queued, enqueued.push_errors) == ({A, B}, {B: NO_RESULT})


def test_a_server_that_is_set_not_to_push_has_no_push_errors(far_end, nanomdm):
    assert enqueue(far_end, nanomdm, 200, {"no_push": True, **COMMAND}).push_errors == {}


def test_a_device_that_is_refused_is_not_queued_whatever_its_push_says(far_end, nanomdm):
    refused = {"command_error": "disk full", **PUSHED}

    enqueued = enqueue(far_end, nanomdm, 207, {"status": {A: PUSHED, B: refused}, **COMMAND})

    assert (enqueued.queued, enqueued.refused, enqueued.push_errors) == ({A}, {B: "disk full"}, {})


def test_an_error_under_another_name_may_be_anybodys(far_end, nanomdm):
    status = {A: PUSHED, B: PUSHED, "C1": {"command_error": "enqueue for C1: disk full"}}

    enqueued = enqueue(far_end, nanomdm, 207, {"status": status, **COMMAND})

    assert enqueued.queued == frozenset()
    assert enqueued.refused == dict.fromkeys((A, B), "enqueue for C1: disk full")


@pytest.mark.parametrize(
    "error",
    [
        "command already exists: C1",
        "Error 1062 (23000): Duplicate entry 'C1' for key 'commands.PRIMARY'",
        'pq: duplicate key value violates unique constraint "commands_pkey"',
        "UNIQUE constraint failed: commands.command_uuid",
    ],
)
def test_a_command_sent_before_is_queued_already_and_not_pushed(far_end, nanomdm, error):
    enqueued = enqueue(far_end, nanomdm, 500, {"command_error": error, **COMMAND})

    assert (enqueued.queued, enqueued.refused, enqueued.push_errors, enqueued.already) == ({A, B}, {}, {}, True)


@pytest.mark.parametrize(
    "error",
    [
        'pq: insert or update on table "enrollment_queue" violates foreign key constraint "enrollment_queue_id_fkey"',
        "Error 1452 (23000): Cannot add or update a child row: a foreign key constraint fails",
        "decoding command: plist: no version",
        "nil error",
    ],
)
def test_a_refusal_of_the_whole_call_is_definite_so_that_a_part_may_be_tried(far_end, nanomdm, error):
    with pytest.raises(TransientError, match="queued nothing: ") as caught:
        enqueue(far_end, nanomdm, 500, {"command_error": error, "status": {A: NOT_PUSHED}})

    assert (type(caught.value), caught.value.down) == (TransientError, False)


def test_a_body_that_the_server_could_not_read_was_not_queued(far_end, nanomdm):
    with pytest.raises(TransientError, match="queued nothing: nil API result") as caught:
        enqueue(far_end, nanomdm, 500, {"command_error": "nil API result", "push_error": "nil API result"})

    assert type(caught.value) is TransientError


@pytest.mark.parametrize(
    ("step", "kind", "down", "words"),
    [
        (hang_up, OutcomeUnknown, True, "did not answer in full"),
        (answer(200, b"<html>"), OutcomeUnknown, True, "not its documented answer"),
        (answer(200, {"ok": True}), OutcomeUnknown, True, "not its documented answer"),
        (answer(201, COMMAND), OutcomeUnknown, True, "not its documented answer"),
        (answer(500, b"<html>"), OutcomeUnknown, False, "an HTML page"),
        (answer(500, {"error": "proxy"}), OutcomeUnknown, False, "500: proxy"),
        (answer(504), OutcomeUnknown, True, "504"),
        (answer(503, retry_after="5"), TransientError, True, "503"),
        (answer(401, b"Unauthorized\n"), TransientError, True, "look at WINDFALL_NANOMDM_API_KEY"),
        (answer(404, b"404 page not found\n"), TransientError, True, "`api` nanomdm or nanohub"),
        (answer(414, b"<html>"), TransientError, False, "fewer devices"),
        (answer(301, location="/login"), TransientError, True, "redirects"),
        (answer(403, b"<html>"), TransientError, True, "is a proxy in the way"),
    ],
)
def test_what_is_not_the_servers_own_report_is_raised(far_end, nanomdm, step, kind, down, words):
    far_end.steps = [step]

    with pytest.raises((PermanentError, TransientError), match=words) as caught:
        nanomdm.enqueue([A], PAYLOAD)

    assert (type(caught.value), getattr(caught.value, "down", None)) == (kind, down)
    assert KEY not in str(caught.value)


def test_ids_that_a_list_in_a_path_cannot_carry_are_refused_and_do_not_stop_the_rest(far_end, nanomdm):
    bad = ["", ".", "..", "a,b", "a/b", "\ud800"]
    enqueued = enqueue(far_end, nanomdm, 200, {"status": {A: PUSHED}, **COMMAND}, ids=[*bad, A])
    none = nanomdm.enqueue(bad, PAYLOAD)

    assert (enqueued.queued, set(enqueued.refused)) == ({A}, set(bad))
    assert (none.queued, set(none.refused), set(nanomdm.push(bad))) == (frozenset(), set(bad), set(bad))
    assert len(far_end.arrivals) == 1


def test_a_call_as_long_as_may_be_fits_the_request_line_of_a_proxy(far_end, nanomdm):
    ids = [f"{USER[:-3]}{n:03}" for n in range(MOST_IDS)]

    enqueue(far_end, nanomdm, 200, {"status": dict.fromkeys(ids, PUSHED), **COMMAND}, ids=ids)

    [arrival] = far_end.arrivals
    assert len(f"PUT {arrival.path} HTTP/1.1\r\n") < 8_000
    with pytest.raises(ValueError, match="101 devices in one call"):
        nanomdm.enqueue([*ids, A], PAYLOAD)


def test_an_empty_command_would_only_push(far_end, nanomdm):
    with pytest.raises(PermanentError, match="empty command"):
        nanomdm.enqueue([A], b"")

    assert far_end.arrivals == []


@pytest.mark.parametrize(
    ("status", "document", "errors"),
    [
        (200, {"status": {A: PUSHED, B: PUSHED}}, {}),
        (207, {"status": {A: PUSHED, B: NOT_PUSHED}}, {B: "push data missing for id"}),
        (200, {"status": {A: {}, B: {}}}, {}),
        (500, {"push_error": "no certificate"}, dict.fromkeys((A, B), "no certificate")),
        (
            500,
            {"push_error": "nil API result", "command_error": "nil API result"},
            dict.fromkeys((A, B), "nil API result"),
        ),
        (500, {"push_error": "for one topic", "status": {A: PUSHED}}, {B: "for one topic"}),
        (200, {"no_push": True}, {}),
    ],
)
def test_a_push_tells_who_was_not_reached(far_end, nanomdm, status, document, errors):
    far_end.steps = [answer(status, document)]

    assert nanomdm.push([A, B]) == errors
    assert [(arrival.method, arrival.path) for arrival in far_end.arrivals] == [("GET", f"/v1/push/{A},{B}")]


def test_a_push_without_an_answer_is_a_failure_like_any_other(far_end, nanomdm):
    far_end.steps = [hang_up]

    with pytest.raises(TransientError) as caught:
        nanomdm.push([A])

    assert type(caught.value) is TransientError
