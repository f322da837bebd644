"""What tests say of licences and of what is owed: Apple's notifications, devices that enrol, attempts that end."""

from datetime import timedelta

from state.calls import begin_call
from state.outbox import Settlement, claim, settle
from tasks.process import process
from tasks.setup import Setup
from tests.deliveries import APP, LOCATION, NOON, SECOND, UDID, check_in, envelope, said_by_apple

SETUP = Setup(mdm_servers={"micromdm": "micromdm", "nanomdm": "nanomdm"})
MDM = "mdm:micromdm"


def apple(notification_type, *, at=NOON, **content):
    """A notification of Apple's as the door stores it."""
    return said_by_apple(notification_type, content, at=at, u_id=LOCATION)


def assigned(*serial_numbers, adam_id=APP, change="ASSOCIATE", event_id="apple-event", at=NOON, **more):
    pairs = [{"adamId": adam_id, "pricingParam": "STDQ", "serialNumber": number} for number in serial_numbers]
    outcome = {"type": change, "result": "SUCCESS", "eventId": event_id, **more}
    return apple("ASSET_MANAGEMENT", at=at, assignments=pairs, **outcome)


def enrol(services, *, udid=UDID, serial_number="C02XYZ", sender="micromdm", at=NOON):
    messages = (
        check_in("Authenticate", udid=udid, at=at, SerialNumber=serial_number),
        check_in("TokenUpdate", udid=udid, at=at + SECOND, Token=b"t", PushMagic="m"),
    )
    process([envelope(message, kind="micromdm", sender=sender) for message in messages], services)


def attempt(services, state, *, error=None, destination=MDM, seconds=60.0, happened=None):
    """All that is due at a destination is tried, goes out if it is a command, and ends so; which actions they were."""
    now = services.now()
    claimed = claim(services.engine, destination, now=now, until=now + timedelta(minutes=4), limit=100)
    ids = [one.id for one in claimed]
    begin_call(services.engine, ids, now)
    at = now + timedelta(seconds=seconds) if state == "retryable" else None
    ends = [
        Settlement(id=one.id, attempt=one.attempt, until=one.until, state=state, error=error, at=at, happened=happened)
        for one in claimed
    ]
    settle(services.engine, ends, now)
    return ids
