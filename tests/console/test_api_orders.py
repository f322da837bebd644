"""What the API takes orders for: commands to devices and another try of an action; and the lists that show them."""

import base64
import json
from dataclasses import replace

import pytest

from config.contract import EFFECTS
from state.schema import actions
from tasks.process import process
from tests.console.conftest import with_token
from tests.databases import BOTH_DATABASES
from tests.deliveries import MINUTE, NOON, UDID, check_in, envelope
from tests.deliveries import answer as told
from tests.owed import APP, MDM, SETUP, apple, assigned, attempt, enrol

SECRET = "987654"


@pytest.fixture
def services(services):
    return replace(services, setup=SETUP)


@pytest.fixture
def client(open_app, make_settings, database_location):
    senders = {
        "micromdm": {"kind": "micromdm", "url": "https://mdm.example", "api_key": "k"},
        "elsewhere": {"kind": "nanomdm", "url": "https://mdm.example"},
    }
    return with_token(open_app(make_settings(database_url=database_location, senders=senders)))


@pytest.fixture
def woken(redis_client):
    """Destinations that the effects processes were told of."""

    def read():
        messages = redis_client.lrange(f"windfall:celery:{EFFECTS}", 0, -1)
        # Celery's message: arguments, keywords and the rest, as base64.
        return [json.loads(base64.b64decode(json.loads(message)["body"]))[0][0] for message in messages]

    return read


def everything_stored(engine):
    with engine.connect() as connection:
        return connection.execute(actions.select()).mappings().all()


@BOTH_DATABASES
def test_a_command_is_owed_and_somebody_is_told(client, services, woken):
    enrol(services)
    body = {"device_id": UDID, "request_type": "device_lock", "arguments": {"PIN": SECRET, "message": "Lost"}}

    answer = client.post("/api/commands", json=body)

    assert answer.status_code == 202
    assert {**answer.json, "id": None, "command_uuid": None} == {
        "id": None,
        "command_uuid": None,
        "device_id": UDID,
        "request_type": "DeviceLock",
        "state": "pending",
        "advice": [],
    }
    assert woken() == [MDM]
    (command,) = client.get(f"/api/commands?device_id={UDID}").json["items"]
    (action,) = client.get("/api/actions?state=pending").json["items"]
    assert command["id"] == action["id"] == answer.json["id"]
    assert command["command_uuid"] == answer.json["command_uuid"]
    told = [client.get(f"/api/{name}/{action['id']}").text for name in ("commands", "actions")]
    assert not any(SECRET in text for text in (*told, client.get("/api/commands").text, answer.text))
    (row,) = everything_stored(services.engine)
    assert row["arguments"]["arguments"] == {"PIN": SECRET, "Message": "Lost"}


@BOTH_DATABASES
@pytest.mark.parametrize("name", [{"udid": UDID}, {"serial_number": "c02xyz"}])
def test_a_device_is_named_in_one_of_three_ways(client, services, name):
    enrol(services)

    assert client.post("/api/commands", json={**name, "request_type": "ProfileList"}).json["device_id"] == UDID


@BOTH_DATABASES
def test_of_two_devices_with_a_serial_number_the_enrolled_one_is_meant(client, services):
    enrol(services)
    enrol(services, udid="B", at=NOON + MINUTE)
    body = {"serial_number": "C02XYZ", "request_type": "ProfileList"}

    both = client.post("/api/commands", json=body)
    process([envelope(check_in("CheckOut", at=NOON + 2 * MINUTE))], services)
    one = client.post("/api/commands", json=body)

    assert both.status_code == 409
    assert UDID in both.json["error"]
    assert one.json["device_id"] == "B"


@BOTH_DATABASES
@pytest.mark.parametrize("header", [True, False])
def test_the_same_key_owes_the_same_command_once(client, services, header):
    enrol(services)
    body = {"udid": UDID, "request_type": "DeviceLock", "arguments": {"PIN": SECRET}}
    more = {"headers": {"Idempotency-Key": "order-1"}} if header else {}
    if not header:
        body["idempotency_key"] = "order-1"

    first, again = (client.post("/api/commands", json=body, **more) for _ in range(2))
    other = client.post("/api/commands", json={**body, "request_type": "EraseDevice"}, **more)

    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json == again.json
    assert other.status_code == 409
    assert "another command" in other.json["error"]
    assert len(everything_stored(services.engine)) == 1


def test_what_is_worth_knowing_of_a_command_is_said(client, services):
    process([envelope(check_in("CheckOut"))], services)

    answer = client.post("/api/commands", json={"udid": UDID, "request_type": "EraseDevice"})

    assert ["PIN" in hint or "not enrolled" in hint for hint in answer.json["advice"]] == [True, True]


COMMAND = {"device_id": UDID, "request_type": "ProfileList"}


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"request_type": "ProfileList"}, 400, "device_id, udid, serial_number"),
        ({**COMMAND, "udid": UDID}, 400, "one of device_id"),
        ({"device_id": 5, "request_type": "ProfileList"}, 400, "as text"),
        ({"device_id": UDID}, 400, "request_type is missing"),
        ({**COMMAND, "arguments": []}, 400, "arguments is an object"),
        ({**COMMAND, "unchecked": "yes"}, 400, "true or false"),
        ({**COMMAND, "idempotency_key": ""}, 400, "1 to 200"),
        ({**COMMAND, "command_uuid": "C", "manifest_url": "x"}, 400, "'command_uuid', 'manifest_url'; the fields are"),
        ({**COMMAND, "manifest_url": "x"}, 400, "goes into `arguments`"),
        ({**COMMAND, "arguments": {"Colour": 1, "ManagedOnly": "perhaps"}}, 400, "Colour"),
        ({**COMMAND, "arguments": {"Colour": 1, "ManagedOnly": "perhaps"}}, 400, "ManagedOnly"),
        ({**COMMAND, "request_type": "ProfileLst"}, 400, "did you mean ProfileList?"),
        ({"device_id": "M", "request_type": "DeviceLock", "arguments": {"PIN": "12"}}, 400, '"unchecked": true'),
        ({"device_id": "none", "request_type": "ProfileList"}, 404, "no device with the id none"),
        ({"serial_number": "none", "request_type": "ProfileList"}, 404, "serial number none"),
        ({"device_id": "E", "request_type": "ProfileList"}, 409, "set WINDFALL_SENDER_ELSEWHERE_API_KEY"),
        ({"device_id": "N", "request_type": "ProfileList"}, 409, "WINDFALL_NANOMDM_URL and WINDFALL_NANOMDM_API_KEY"),
        ({"device_id": "G", "request_type": "ProfileList"}, 409, "no sender gone"),
    ],
)
def test_a_command_that_cannot_be_sent_says_why_and_is_not_owed(client, services, body, status, words):
    enrol(services)
    for udid, sender in (("E", "elsewhere"), ("N", "nanomdm"), ("G", "gone")):
        enrol(services, udid=udid, serial_number=udid, sender=sender)
    process([envelope(check_in("Authenticate", udid="M", ProductName="Mac15,12"))], services)

    answer = client.post("/api/commands", json=body)

    assert answer.status_code == status
    assert words in answer.json["error"]
    assert everything_stored(services.engine) == []


def test_a_body_that_is_no_object_is_refused_without_repeating_it(client):
    for body in (b'{"PIN": 987654', b"[]"):
        answer = client.post("/api/commands", data=body)
        assert answer.status_code == 400
        assert SECRET not in answer.text
    assert client.post("/api/commands", data=b"{" + b" " * 9 * 2**20 + b"}").status_code == 413


@BOTH_DATABASES
def test_a_dead_action_is_tried_again(client, services, woken):
    enrol(services)
    identifier = client.post("/api/commands", json=COMMAND).json["id"]
    attempt(services, "dead", error="no")

    answer = client.post(f"/api/actions/{identifier}/retry")

    assert (answer.status_code, answer.json) == (202, {"id": identifier, "destination": MDM, "state": "pending"})
    assert client.get(f"/api/actions/{identifier}").json["attempts"] == 0
    assert woken() == [MDM, MDM]


def test_what_may_have_happened_is_tried_again_only_when_somebody_says_so(client, services):
    enrol(services)
    identifier = client.post("/api/commands", json={**COMMAND, "request_type": "EraseDevice"}).json["id"]
    attempt(services, "dead", error="outcome unknown: nobody knows")

    refused = client.post(f"/api/actions/{identifier}/retry", json={})
    allowed = client.post(f"/api/actions/{identifier}/retry", json={"again": True})

    assert refused.status_code == 409
    assert '{"again": true}' in refused.json["error"]
    assert allowed.status_code == 202


def test_a_command_that_its_device_does_not_answer_may_be_sent_again(client, services):
    enrol(services)
    identifier = client.post("/api/commands", json=COMMAND).json["id"]
    attempt(services, "done")

    answer = client.post(f"/api/actions/{identifier}/retry", json={})

    assert (answer.status_code, answer.json["state"]) == (202, "pending")
    assert answer.json["note"].startswith("the command goes out under the same UUID")
    assert client.get(f"/api/actions/{identifier}").json["state"] == "pending"


def test_an_install_that_its_device_refused_is_tried_again(client, services, woken):
    enrol(services)
    process([assigned("C02XYZ")], services)
    (identifier,) = attempt(services, "done")
    (install,) = client.get("/api/installs").json["items"]
    process([envelope(told("Error", command_uuid=install["command_uuid"]))], services)

    answer = client.post(f"/api/actions/{identifier}/retry")

    assert (answer.status_code, answer.json) == (202, {"id": identifier, "destination": MDM, "install": "waiting"})
    (install,) = client.get("/api/installs").json["items"]
    assert (install["state"], install["reason"]) == ("waiting", None)
    assert install["command_uuid"] is not None
    assert woken() == [MDM]


def test_an_install_that_nobody_wants_any_more_is_not_tried_again(open_app, make_settings, database_location, services):
    enrol(services)
    process([assigned("C02XYZ")], services)
    (identifier,) = attempt(services, "done")
    sender = {"kind": "micromdm", "url": "https://mdm.example", "api_key": "k"}
    unwanted = {"apps": [{"adam_id": APP, "install": False}], "senders": {"micromdm": sender}}
    client = with_token(open_app(make_settings(database_url=database_location, **unwanted)))
    (install,) = client.get("/api/installs").json["items"]
    process([envelope(told("Error", command_uuid=install["command_uuid"]))], services)

    answer = client.post(f"/api/actions/{identifier}/retry")

    (install,) = client.get("/api/installs").json["items"]
    assert (answer.status_code, install["state"]) == (409, "released")
    assert "by policy: install = false" in answer.json["error"]


def test_a_retry_that_cannot_be_says_why(client, services):
    enrol(services)
    ordered = client.post("/api/commands", json=COMMAND).json
    identifier = ordered["id"]
    attempt(services, "done")
    process([envelope(told("Acknowledged", command_uuid=ordered["command_uuid"]))], services)

    for path, body, status, words in (
        (f"/api/actions/{identifier}/retry", {}, 409, "it is done"),
        ("/api/actions/none/retry", {}, 404, "none"),
        (f"/api/actions/{identifier}/retry", {"again": "yes"}, 400, "true or false"),
        (f"/api/actions/{identifier}/retry", {"agian": True}, 400, "agian"),
    ):
        answer = client.post(path, json=body)
        assert answer.status_code == status
        assert words in answer.json["error"]


@BOTH_DATABASES
def test_every_list_has_its_items(client, services):
    enrol(services)
    user = {"clientUserId": "u1", "status": "Registered"}
    process(
        [
            assigned("C02XYZ"),
            apple("ASSET_COUNT", adamId=APP, pricingParam="STDQ", countDelta=1),
            apple("USER_MANAGEMENT", users=[user], type="CREATE", result="SUCCESS", eventId="e"),
        ],
        services,
    )

    for name in ("assets", "assignments", "users", "installs", "commands", "actions"):
        (item,) = client.get(f"/api/{name}").json["items"]
        alone = client.get(f"/api/{name}/{item['id']}").json
        assert {field: alone[field] for field in item} == item
        assert client.get(f"/api/{name}/none").status_code == 404
        assert client.get(f"/api/{name}?colour=red").status_code == 400
