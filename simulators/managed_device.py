"""A simulated device under management: it enrols, fetches its commands when it is pushed, and reports."""

import plistlib
import random
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from simulators.apps import Apps
from simulators.devices import Device, Message
from simulators.identities import Kind
from simulators.inventory import Inventory
from simulators.lives import enrolment
from simulators.mdm_server import MDMServer
from simulators.nanomdm import enrollment_ids
from simulators.responding import ReceivedInstall, Responder
from simulators.temper import Outcome, Temper
from simulators.truth import Truth

Later = Callable[[float, bool], None]
"""Asks for a connect of this device in so many seconds, True: of its user."""


class ManagedDevice:
    """Every method may be called from any thread; one thing happens at a time.

    ``answers``: what it reported to commands, repetitions too. ``commands``: (command UUID, request type) of all it
    got, each time it did.
    """

    def __init__(
        self, device: Device, server: MDMServer, *, temper: Temper, rng: random.Random, later: Later | None = None
    ) -> None:
        self.device = device
        self.enrolled = False
        self.commands: list[tuple[str, str]] = []
        self.answers: list[Message] = []
        self._responder = Responder(device, temper=temper, rng=rng)
        self._server = server
        self._rng = rng
        self._later = later or (lambda *_: None)
        self._lock = threading.RLock()

    @property
    def device_id(self) -> str:
        """UDID, or EnrollmentID where there is none."""
        return self.device.identity.udid or self.device.identity.enrollment_id

    @property
    def serial_number(self) -> str:
        """As on its case; the server of a User Enrollment never learns it."""
        return self.device.identity.serial_number

    @property
    def user_ids(self) -> frozenset[str]:
        """The ids under which servers push to its user; none when there is none.

        MicroMDM takes the bare UserID, which all users of all Shared iPads have in common, and is heard by none.
        """
        identity = self.device.identity
        if not identity.user:
            return frozenset()
        ids = {enrollment_ids({"UDID": identity.udid, "EnrollmentID": identity.enrollment_id, **identity.user})["id"]}
        return frozenset(ids if identity.kind is Kind.SHARED_IPAD else ids | {identity.user.get("UserID", "")} - {""})

    @property
    def channel_id(self) -> str:
        """Its user as NanoMDM names it; empty when there is none."""
        return max(self.user_ids, key=len, default="")

    @property
    def inventory(self) -> Inventory:
        """What is on it, to be changed at will; apps that MDM installed are not among it."""
        return self._responder.inventory

    @property
    def truth(self) -> Truth:
        """All that is on it at present, those apps too."""
        with self._lock:
            return self._responder.truth

    @property
    def temper(self) -> Temper:
        """How willing it is; may be set at any time."""
        return self._responder.temper

    @temper.setter
    def temper(self, temper: Temper) -> None:
        self._responder.temper = temper

    @property
    def plan(self) -> deque[Outcome]:
        """Outcomes for the next InstallApplications, taken before any is drawn."""
        return self._responder.plan

    @property
    def enrolments(self) -> int:
        """How often it enrolled."""
        return self._responder.enrolment

    @property
    def received(self) -> list[ReceivedInstall]:
        """Every InstallApplication it got, each time it did."""
        return self._responder.received

    @property
    def installs(self) -> list[ReceivedInstall]:
        """The InstallApplications it got, each at its first offer."""
        return [one for one in self.received.copy() if one.offer == 1]

    @property
    def installed(self) -> set[str]:
        """Store ids of the apps that are on it."""
        with self._lock:
            return self._responder.apps.installed

    def forget(self) -> int:
        """Drop the books on what it got and said, as a run without an end must; how many installs were in them."""
        with self._lock:
            self.commands.clear()
            self.answers.clear()
            return self._responder.forget()

    def enrol(self) -> None:
        """Authenticate, TokenUpdate and what follows, then fetch what waits. Again: a new enrolment, apps kept."""
        with self._lock:
            self._responder.begin()
            self.enrolled = True
            for message in enrolment(self.device):
                if "MessageType" in message.content:
                    self._server.receive(message)
                else:
                    self._converse(message)

    def wipe(self) -> None:
        """Erased and enrolled anew, without a word of goodbye."""
        with self._lock:
            self._responder.apps = Apps()
            self._responder.inventory.wipe()
            self.enrol()

    def check_out(self) -> None:
        """The profile is removed, and the apps with it; pushes go unheard from here on."""
        with self._lock:
            self._server.receive(self.device.check_out())
            self._leave()

    def connect(self, *, user: bool = False) -> None:
        """Ask for commands and answer them until there are no more, as after a push. Not enrolled: nothing.

        ``user``: over the user channel, where it has one.
        """
        with self._lock:
            if self.enrolled:
                self._converse(self.device.idle(user=user), user=user)

    def step_away(self) -> None:
        """Its user lets another one at the console: from now on the user channel says NotNow to everything."""
        with self._lock:
            self.device.on_console = False

    def come_back(self) -> None:
        """Its user is at the console again, and the user channel asks for what waits."""
        with self._lock:
            self.device.on_console = True
            if self.device.identity.user:
                self.connect(user=True)

    def _leave(self) -> None:
        self.enrolled = False
        self._responder.apps = Apps()
        self._responder.inventory.leave()

    def _converse(self, message: Message | None, *, user: bool = False) -> None:
        """Report, take the next command, and so on. After a last word of NotNow it comes back by itself.

        Who is not on console does not before then.
        """
        status = ""
        while message is not None:
            status = message.content["Status"]
            command = self._tell(message)
            message = self._respond(command, user) if command and self.enrolled else None
        if status == "NotNow" and (self.device.on_console or not user):
            self._later(self.temper.not_now_poll_s, user)

    def _respond(self, command: bytes, user: bool) -> Message | None:
        document = plistlib.loads(command)
        self.commands.append((document["CommandUUID"], document["Command"]["RequestType"]))
        return self._responder.respond(document, user=user)

    def _tell(self, message: Message) -> bytes | None:
        """Report; now and then the server's reply is lost, and the device reports again."""
        command = self._server.receive(message)
        if message.content["Status"] == "Idle":
            return command
        self.answers.append(message)
        if self._rng.random() < self.temper.repeat_share:
            again = replace(message, at=self.device.clock())
            self.answers.append(again)
            command = self._server.receive(again)
        if self._responder.erased:
            self._leave()
            self._responder.inventory.wipe()
        return command
