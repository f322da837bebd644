"""A MicroMDM whose events reach us or do not, and whose list of devices is asked for."""

from datetime import timedelta
from typing import Any

from clients.micromdm import MicroMDM
from simulators.devices import Message
from simulators.http_server import HttpServer
from simulators.micromdm_api import MicroMDMApi
from state.schema import devices
from tasks.outside import Outside
from tasks.resync import SETTLED, resync
from tests.deliveries import check_in
from tests.tasks.delivering import KEY
from tests.tasks.lab import Lab, only_row


def ask(lab: Lab, server: HttpServer, *, api_key: str = KEY, sender: str = "micromdm") -> int:
    """One resync; how many records it changed. ``lab.woken`` are the destinations that it woke."""
    client = MicroMDM(server.url, lambda: api_key)
    outside = Outside(engine=lab.engine, now=lambda: lab.now, setup=lab.setup, mdm={"micromdm": client})
    lab.woken = []
    return resync(sender, outside, lab.woken.append)


def heard(lab: Lab, server: MicroMDMApi, *messages: Message) -> None:
    """The server receives these and relays them to us."""
    for message in messages:
        server.receive(message)
        what = message.topic.partition(".")[2]
        lab.hear(lab.said(check_in(what, at=message.at, udid=lab.udid, **{**message.content, "MessageType": what})))


def missed(server: MicroMDMApi, *messages: Message) -> None:
    """The server receives these, and we do not."""
    for message in messages:
        server.receive(message)


def settled(lab: Lab) -> None:
    """So late that what was heard is not too fresh to be corrected."""
    lab.now += SETTLED + timedelta(seconds=1)


def the_device(lab: Lab) -> tuple[Any, Any]:
    """Serial number of the only device, and whether it is enrolled."""
    row = only_row(lab.engine, devices)
    return row["serial_number"], row["enrolled"]
