"""Every far end that effects have, simulated, with clients for them and things to be owed to each."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from clients.chat import Chat
from clients.mail import Mailer
from clients.micromdm import MicroMDM
from clients.nanomdm import NanoMDM
from simulators.micromdm_api import MicroMDMApi
from simulators.nanomdm_api import NanoMDMApi
from simulators.serving import Server
from simulators.slack import Slack
from simulators.smtp import MailServer
from tasks.actions.post_chat import PostChat
from tasks.actions.send_mail import SendMail
from tasks.owing import Action
from tests.tasks.delivering import KEY, World, enrol, install, order

LONG = 15.0
"""Seconds in which a server that is well has answered."""

DESTINATIONS = ("mail", "chat", "mdm:micromdm", "mdm:nanomdm")


@dataclass(frozen=True, kw_only=True)
class Town:
    """The servers of all destinations."""

    mail: MailServer
    chat: Slack
    micromdm: MicroMDMApi
    nanomdm: NanoMDMApi

    def server(self, destination: str) -> Server:
        server: Server = getattr(self, destination.removeprefix("mdm:"))
        return server

    def connect(self, world: World, **deadlines: float) -> None:
        """Give the world clients; for how many seconds they wait for an answer may be said of each server."""

        def of(name: str) -> float:
            return deadlines.get(name, deadlines.get("all", LONG))

        world.connect(
            mailer=Mailer(self.mail.url, "windfall@example.org", deadline=of("mail")),
            chat=Chat(lambda: self.chat.hook_url, deadline=of("chat")),
            mdm={
                "micromdm": MicroMDM(self.micromdm.url, lambda: KEY, deadline=of("micromdm")),
                "nanomdm": NanoMDM(self.nanomdm.url, lambda: KEY, deadline=of("nanomdm")),
            },
        )

    def effects(self, destination: str, numbers: Sequence[int]) -> Counter[str]:
        """What the far end has taken, and how often, of what was owed under these numbers; notices are left out."""
        if destination == "mail":
            return Counter(mail.subject for mail in self.mail.mails if "Device enrolled" in mail.subject)
        if destination == "chat":
            posts = (str(message["text"]) for message in self.chat.messages)
            return Counter(text.splitlines()[0] for text in posts if "Device enrolled" in text)
        server = self.micromdm if destination == "mdm:micromdm" else self.nanomdm
        return Counter(device_of(n) for n in numbers for _ in server.queue(device_of(n)))


@contextmanager
def town() -> Iterator[Town]:
    with ExitStack() as open_ones:
        yield Town(
            mail=open_ones.enter_context(MailServer()),
            chat=open_ones.enter_context(Slack()),
            micromdm=open_ones.enter_context(MicroMDMApi(api_key=KEY)),
            nanomdm=open_ones.enter_context(NanoMDMApi(api_key=KEY)),
        )


def device_of(number: int) -> str:
    return f"A1B2C3D4-0000-5000-8000-{number:012}"


def effect(destination: str, number: int, where: Town) -> Action:
    """One effect at a destination, told apart from all others by its number."""
    facts = {"name": f"Device {number}"}
    if destination == "mail":
        return SendMail(notice="device_enrolled", facts=dict(facts), recipients=["a@example.org"])
    if destination == "chat":
        return PostChat(notice="device_enrolled", facts=dict(facts))
    enrol(where.nanomdm, device_of(number))
    return install(device_of(number), sender=destination.removeprefix("mdm:"))


def erase(number: int) -> Action:
    return order(device_of(number), "EraseDevice")
