"""Drives a running receiver with a fleet, and says what was sent, what was acknowledged and what must be known.

python -m simulators.fleet --kind micromdm --url http://127.0.0.1:8000/webhooks/micromdm --secret-file secret
"""

import itertools
import json
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import click

from domain.json_types import JSONObject
from simulators.address import AUTHS, Address, address
from simulators.apple import Apple, Habits
from simulators.apple_notifications import Location, Notification
from simulators.books import Books, Pace, drive
from simulators.devices import Clock, Message
from simulators.expectation import expected_assignments, expected_count_deltas, expected_devices, expected_jamf_devices
from simulators.jamf import Form, Jamf
from simulators.jamf_events import JamfEvent
from simulators.lives import increasing, jamf_traffic, licence_traffic, make_devices, mdm_traffic
from simulators.micromdm import MicroMDM
from simulators.nanomdm import Flavour, NanoMDM, Setup
from simulators.sending import Sender

U_ID = "2049000000000001"
"""The location that all licences of a run belong to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A run as asked for; the same ``seed`` makes the same devices and, but for times, the same events."""

    kind: str
    address: Address
    devices: int
    events: int
    seed: int
    pace: Pace
    drain_s: float = 60.0
    retry_s: float = 60.0
    clock: Clock = lambda: datetime.now(UTC)


def run(plan: Plan) -> tuple[Books[Any], JSONObject]:
    """Carry the plan out: the books, and what the receiver must know (devices, or assignments and counts)."""
    rng = random.Random(plan.seed)
    clock = increasing(plan.clock)
    devices = make_devices(plan.devices, rng=rng, clock=clock)
    traffic: Iterator[Any]
    expect: Callable[[Iterable[Any]], JSONObject]
    match plan.kind:
        case "apps-and-books":
            owned = [device.identity for device in devices if not device.identity.kind.is_user_enrollment]
            serials = [identity.serial_number for identity in owned]
            traffic, expect = licence_traffic(Location(U_ID, rng=rng), serials, rng), _licences
        case "jamf" | "jamf-xml":
            traffic, expect = jamf_traffic(devices, rng, clock), _jamf_devices
        case _:
            traffic, expect = mdm_traffic(devices, rng), _mdm_devices
    with make_sender(plan, rng) as sender:
        books = drive(sender, itertools.islice(traffic, plan.events), pace=plan.pace, drain_s=plan.drain_s)
    return books, expect(books.acknowledged.values())


def make_sender(plan: Plan, rng: random.Random) -> Sender[Any]:
    """The sender of the plan's kind, set up for its address."""
    to = plan.address
    match plan.kind:
        case "micromdm":
            return MicroMDM(to.url, rng=rng)
        case "nanomdm" | "nanohub":
            return NanoMDM(to.url, setup=Setup(flavour=Flavour(plan.kind), hmac_key=to.hmac_key), rng=rng)
        case "apps-and-books":
            return Apple(to.url, token=to.bearer, habits=Habits(interval_s=plan.retry_s), rng=rng)
        case "jamf" | "jamf-xml":
            return Jamf(to.url, headers=to.headers, form=Form(xml=plan.kind == "jamf-xml"), rng=rng)
    raise ValueError(f"no such kind: {plan.kind!r}")


def _mdm_devices(messages: Iterable[Message]) -> JSONObject:
    return {"devices": {key: device.document() for key, device in expected_devices(messages).items()}}


def _jamf_devices(events: Iterable[JamfEvent]) -> JSONObject:
    return {"devices": {key: device.document() for key, device in expected_jamf_devices(events).items()}}


def _licences(notifications: Iterable[Notification]) -> JSONObject:
    notifications = list(notifications)
    pairs = ("u_id", "adam_id", "pricing_param", "serial_number", "state")
    counts = ("u_id", "adam_id", "pricing_param", "count_delta")
    return {
        "assignments": [
            dict(zip(pairs, (*key, state), strict=True)) for key, state in expected_assignments(notifications).items()
        ],
        "count_deltas": [
            dict(zip(counts, (*key, delta), strict=True)) for key, delta in expected_count_deltas(notifications).items()
        ],
    }


@click.command()
@click.option("--url", required=True, help="Where the webhooks go; nothing else is ever contacted.")
@click.option("--kind", type=click.Choice(sorted(AUTHS)), default="micromdm", show_default=True)
@click.option("--secret-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="File of the secret.")
@click.option(
    "--auth", default="", help="How the secret travels: basic, path, hmac, bearer, header. [default: as usual]"
)
@click.option("--devices", type=click.IntRange(1, 1_000_000), default=50, show_default=True)
@click.option("--events", type=click.IntRange(1, 10_000_000), default=1000, show_default=True)
@click.option(
    "--rate", type=click.FloatRange(0), default=100.0, show_default=True, help="Events a second; 0: no limit."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same devices.")
@click.option("--drain", type=click.FloatRange(0, 3600), default=60.0, show_default=True, help="Seconds for the rest.")
@click.option("--retry", type=click.FloatRange(0, 300), default=60.0, show_default=True, help="Apple's interval (s).")
@click.option("--results", type=click.File("w"), help="Every attempt, one JSON line each.")
@click.option("--expected", type=click.File("w"), help="What the receiver must know in the end, as JSON.")
@click.pass_context
def main(
    context: click.Context,
    /,
    *,
    secret_file: Path | None,
    results: TextIO | None,
    expected: TextIO | None,
    **asked: Any,
) -> None:
    """Send the webhooks of a simulated fleet to a running receiver, and say in JSON what became of them.

    Ends with 1 unless every event was answered 200.
    """
    secret = secret_file.read_text().strip() if secret_file else ""
    if secret_file and not secret:
        raise click.BadParameter("the file is empty", param_hint="--secret-file")
    if asked["kind"].startswith("jamf") and asked["devices"] < 3:
        raise click.BadParameter("Jamf needs at least 3, for a Mac and a mobile device", param_hint="--devices")
    try:
        to = address(asked["kind"], asked["url"], secret, auth=asked["auth"]) if secret else Address(url=asked["url"])
    except ValueError as exc:
        raise click.BadParameter(str(exc), param_hint="--auth") from exc
    plan = Plan(
        kind=asked["kind"],
        address=to,
        devices=asked["devices"],
        events=asked["events"],
        seed=asked["seed"],
        pace=Pace(rate=asked["rate"]),
        drain_s=asked["drain"],
        retry_s=asked["retry"],
    )
    books, expectation = run(plan)
    if results:
        results.writelines(json.dumps(asdict(result)) + "\n" for result in books.results)
    if expected:
        json.dump(expectation, expected, indent=2, default=str)
    click.echo(json.dumps(books.summary(), indent=2))
    context.exit(0 if len(books.acknowledged) == len(books.sent) else 1)


if __name__ == "__main__":
    main()
