"""The other ends of every wire, and a small fleet, for `windfall up --demo`, which starts this process.

It posts to the front door it is told, and answers on 127.0.0.1; nothing else is ever contacted.
"""

import random
import signal
import sys
import threading
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
import requests

from simulators.demo_life import TICK, Life
from simulators.demo_received import keep_mails, keep_messages
from simulators.demo_world import Place, World, open_world

REPORT_EVERY = 15.0
"""Seconds between two lines, and between two times of forgetting: what is done is kept no longer."""

Written = TypeVar("Written")


@dataclass(slots=True, kw_only=True)
class Tally:
    """What happened since the last line."""

    events: int = 0
    unanswered: int = 0
    installs: int = 0
    mails: int = 0
    posts: int = 0


def collect(world: World, received: Path) -> Tally:
    """Count what everybody wrote down, and throw it away: a run has no end, and memory has.

    The newest mails and chat messages stay, as files in the folder ``received``.
    """
    tally = Tally()
    for sender in world.senders:
        tally.unanswered += sum(result.status != 200 for result in sender.results)
        tally.events += len(shed(sender.results))
    for server in world.servers:
        shed(server.pushed)
        shed(server.calls)
    shed(world.chat.calls)
    shed(world.jamf_server.calls)
    tally.installs = sum(member.forget() for _, member in world.members())
    mails, messages = shed(world.mail.mails), shed(world.chat.messages)
    keep_mails(received, mails)
    keep_messages(received, messages)
    tally.mails, tally.posts = len(mails), len(messages)
    return tally


def shed(written: list[Written]) -> list[Written]:
    """Empty a list that others append to meanwhile; what was in it."""
    taken = written[:]
    del written[: len(taken)]
    return taken


def line(world: World, tally: Tally, at: datetime) -> str:
    """What there is, and what happened since the last line, for people."""
    members = [member for _, member in world.members()]
    enrolled = sum(member.enrolled for member in members)
    apps = sum(len(member.installed) for member in members)
    trouble = f" ({tally.unanswered} not answered 200)" if tally.unanswered else ""
    return (
        f"{at:%H:%M:%S}  devices enrolled: {enrolled} of {len(members)}, apps on them: {apps}. Since the last line: "
        f"events posted {tally.events}{trouble}, installs asked of devices {tally.installs}, "
        f"mails {tally.mails}, chat messages {tally.posts}"
    )


def live(world: World, received: Path, stop: threading.Event) -> None:
    """Go on until we are to stop, and say now and then, and in the end, what happened."""
    life = Life(world, rng=random.Random())
    ticks = 0
    while not stop.wait(TICK):
        life.tick()
        ticks += 1
        if ticks % round(REPORT_EVERY / TICK) == 0:
            report(world, received)
    report(world, received)


def report(world: World, received: Path) -> None:
    """One line in the log."""
    click.echo(line(world, collect(world, received), datetime.now(UTC)))
    sys.stdout.flush()


def wait_until_ready(ingest: str, stop: threading.Event) -> bool:
    """True when events can be taken in, False when we were stopped before."""
    with closing(requests.Session()) as session:
        session.trust_env = False
        while not stop.is_set():
            try:
                if session.get(f"{ingest}/readyz", timeout=2).status_code == 200:
                    return True
            except requests.RequestException:
                """It is still starting, or has gone."""
            stop.wait(0.2)
    return False


@click.command()
@click.option("--ingest", required=True, help="URL of Windfall's front door.")
@click.option("--secrets", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--received", required=True, type=click.Path(path_type=Path), help="Folder for mails and chat messages.")
@click.option("--devices", type=click.IntRange(4, 10_000), default=200, show_default=True)
@click.option("--micromdm", type=int, default=0, help="Port of the MicroMDM server.")
@click.option("--nanomdm", type=int, default=0, help="Port of the NanoMDM server.")
@click.option("--jamf", type=int, default=0, help="Port of Jamf Pro.")
@click.option("--smtp", type=int, default=0, help="Port of the mail server.")
@click.option("--chat", default="http://127.0.0.1:0/demo", help="Address of the chat's incoming webhook.")
def main(*, devices: int, received: Path, **asked: Any) -> None:
    """Run MicroMDM, NanoMDM, Apple, Jamf Pro, a mail server, a chat and a fleet, all simulated, until stopped."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    place = Place(**asked)
    try:
        with open_world(place, devices) as world:
            if wait_until_ready(place.ingest, stop):
                live(world, received, stop)
    except (OSError, ValueError) as exc:
        raise click.ClickException(str(exc)) from exc


if __name__ == "__main__":
    main()
