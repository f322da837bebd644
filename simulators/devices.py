"""A simulated device: the check-in and result plists it sends to its MDM server, as bytes and as what they say.

Source: https://developer.apple.com/documentation/devicemanagement/check-in
Source: https://github.com/apple/device-management/tree/release/mdm
"""

import plistlib
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from simulators.identities import Identity, draw_uuid

Clock = Callable[[], datetime]
"""Gives the present moment, aware."""

PUSH_TOPIC = "com.apple.mgmt.External.00000000-1111-2222-3333-444444444444"
FACTS_QUERIED = ("UDID", "SerialNumber", "DeviceName", "OSVersion", "BuildVersion", "Model", "ModelName", "ProductName")
HIDDEN_FROM_USER_ENROLLMENT = frozenset({"UDID", "SerialNumber", "IMEI", "MEID", "WiFiMAC", "IsSupervised"})
"""What a personally owned device does not tell, even when asked."""

NOT_UNDERSTOOD = (
    {
        "ErrorCode": 12021,
        "ErrorDomain": "MCMDMErrorDomain",
        "LocalizedDescription": "“Frobnicate” is not a valid request type.",
        "USEnglishDescription": "“Frobnicate” is not a valid request type.",
    },
)
NO_LICENSE = (
    {
        "ErrorCode": 12064,
        "ErrorDomain": "MDMErrorDomain",
        "LocalizedDescription": "Could not retrieve licence for the app with iTunes Store ID 361309726.",
        "USEnglishDescription": "Could not retrieve licence for the app with iTunes Store ID 361309726.",
    },
    {"ErrorCode": 9610, "ErrorDomain": "ASDServerErrorDomain", "LocalizedDescription": "License not found"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One request of a device to its server: what the plist says, its bytes, and when the server received it.

    ``url_params`` is the query of the URL it came to.
    """

    content: Mapping[str, Any]
    raw: bytes
    at: datetime
    url_params: Mapping[str, str] = field(default_factory=dict)

    @property
    def topic(self) -> str:
        """The webhook topic: results and polls are ``mdm.Connect``, check-ins go by their MessageType."""
        return f"mdm.{self.content.get('MessageType', 'Connect')}"

    @property
    def device_id(self) -> str:
        """UDID, or EnrollmentID where there is none; the device's also for messages of a user."""
        return str(self.content.get("UDID") or self.content["EnrollmentID"])

    @property
    def of_user(self) -> bool:
        """Whether it came over a user channel."""
        return "UserID" in self.content or "EnrollmentUserID" in self.content


class Device:
    """A device and what it remembers. A method that gives a message sends it; ``user=True``: on its user channel.

    ``on_console``: its user is the one in front of it.
    """

    def __init__(self, identity: Identity, *, rng: random.Random, clock: Clock, binary: bool = False) -> None:
        self.identity = identity
        self._rng = random.Random(rng.getrandbits(64))
        self.clock = clock
        self._format = plistlib.FMT_BINARY if binary else plistlib.FMT_XML
        self.name = f"{identity.model_name} {self._rng.randrange(1000)} “<R&D>”"
        self.major, self.minor = (15, 3) if identity.kind.is_mac else (18, 2)
        self.build = self._draw_build()
        self.on_console = True
        self._tokens: dict[bool, tuple[bytes, str]] = {}
        self._unlock_token_due = True

    @property
    def os_version(self) -> str:
        """What it runs at present."""
        return f"{self.major}.{self.minor}"

    def upgrade(self) -> None:
        """Install the next minor version; the server hears of it when it asks, or at the next enrolment."""
        self.minor += 1
        self.build = self._draw_build()

    def authenticate(self) -> Message:
        """Begin an enrolment: tokens of a former one are forgotten."""
        self._tokens.clear()
        self._unlock_token_due = True
        identity = self.identity
        facts = {
            "BuildVersion": self.build,
            "OSVersion": self.os_version,
            "ProductName": identity.product_name,
            "SerialNumber": "" if identity.kind.is_user_enrollment else identity.serial_number,
            "DeviceName": self.name,
            "Model": identity.model,
            "ModelName": identity.model_name,
            "IMEI": identity.imei,
            "MEID": identity.meid,
            "Challenge": b"apple" if identity.kind.is_mac else b"",
        }
        return self._check_in("Authenticate", {key: value for key, value in facts.items() if value})

    def token_update(self, *, user: bool = False, renew: bool = False) -> Message:
        """Tell the push token, a new one with ``renew``; the first of an iOS enrolment brings the unlock token too."""
        if renew or user not in self._tokens:
            self._tokens[user] = (self._rng.randbytes(32), draw_uuid(self._rng))
        token, magic = self._tokens[user]
        content: dict[str, Any] = {"Token": token, "PushMagic": magic, "NotOnConsole": False}
        if not user:
            content["AwaitingConfiguration"] = False
            if self._unlock_token_due and not self.identity.kind.is_mac and not self.identity.kind.is_user_enrollment:
                content["UnlockToken"] = self._rng.randbytes(96)
            self._unlock_token_due = False
        return self._check_in("TokenUpdate", content, user=user)

    def set_bootstrap_token(self) -> Message:
        """Hand the server the key that lets it authorise what an administrator would."""
        return self._check_in(
            "SetBootstrapToken", {"BootstrapToken": self._rng.randbytes(64), "AwaitingConfiguration": False}
        )

    def get_bootstrap_token(self) -> Message:
        """Ask for that key back."""
        return self._check_in("GetBootstrapToken", {})

    def check_out(self) -> Message:
        """The profile was removed."""
        return self._check_in("CheckOut", {})

    def user_authenticate(self) -> Message:
        """A network user logs in."""
        return self._check_in("UserAuthenticate", {}, user=True)

    def declarative_management(self, endpoint: str = "tokens", payload: bytes = b"") -> Message:
        """Fetch declarations, or report status with ``payload`` (JSON)."""
        return self._check_in("DeclarativeManagement", {"Endpoint": endpoint} | ({"Data": payload} if payload else {}))

    def get_token(self, service: str = "com.apple.maid") -> Message:
        """Ask the server for a token of ``service``."""
        return self._check_in("GetToken", {"TokenServiceType": service})

    def idle(self, *, user: bool = False) -> Message:
        """Nothing to report; is there work?"""
        return self._result("Idle", {}, user=user)

    def acknowledged(
        self, command_uuid: str, content: Mapping[str, Any] | None = None, *, user: bool = False
    ) -> Message:
        """A command was processed; ``content`` holds the keys of its answer."""
        return self._result("Acknowledged", {"CommandUUID": command_uuid, **(content or {})}, user=user)

    def error(
        self,
        command_uuid: str,
        chain: Sequence[Mapping[str, Any]] = NO_LICENSE,
        content: Mapping[str, Any] | None = None,
        *,
        user: bool = False,
    ) -> Message:
        """A command failed; the first of ``chain`` is the top error, the rest its causes."""
        errors = [dict(link) for link in chain]
        return self._result("Error", {"CommandUUID": command_uuid, "ErrorChain": errors, **(content or {})}, user=user)

    def not_now(self, command_uuid: str, *, user: bool = False) -> Message:
        """Ask again later."""
        return self._result("NotNow", {"CommandUUID": command_uuid}, user=user)

    def command_format_error(self, command_uuid: str) -> Message:
        """The command makes no sense to this device."""
        chain = [dict(link) for link in NOT_UNDERSTOOD]
        return self._result("CommandFormatError", {"CommandUUID": command_uuid, "ErrorChain": chain})

    def device_information(self, command_uuid: str, queries: Iterable[str] = FACTS_QUERIED) -> Message:
        """Answer DeviceInformation: only what was asked, is known and may be told."""
        asked = set(queries)
        hidden = HIDDEN_FROM_USER_ENROLLMENT if self.identity.kind.is_user_enrollment else frozenset()
        told = {key: value for key, value in self.facts().items() if key in asked - hidden}
        return self.acknowledged(command_uuid, {"QueryResponses": told})

    def facts(self) -> dict[str, Any]:
        """What it knows of itself, told or not."""
        identity = self.identity
        facts = {
            "UDID": identity.udid,
            "SerialNumber": identity.serial_number,
            "DeviceName": self.name,
            "OSVersion": self.os_version,
            "BuildVersion": self.build,
            "Model": identity.model,
            "ModelName": identity.model_name,
            "ProductName": identity.product_name,
            "IMEI": identity.imei,
            "MEID": identity.meid,
            "WiFiMAC": "8a:21:0f:3c:5b:e0",
            "DeviceCapacity": 245.11,
            "AvailableDeviceCapacity": 101.5,
            "BatteryLevel": -1.0 if identity.kind.is_mac else 0.75,
            "IsSupervised": not identity.kind.is_user_enrollment,
        }
        if identity.kind.is_mac:
            facts |= {"HostName": "mac.example", "IsAppleSilicon": True}
        return {key: value for key, value in facts.items() if value != ""}

    def _draw_build(self) -> str:
        darwin = self.major + (9 if self.identity.kind.is_mac else 4)
        return f"{darwin}{chr(65 + self.minor % 26)}{self._rng.randrange(100, 999)}"

    def _check_in(self, message_type: str, content: Mapping[str, Any], *, user: bool = False) -> Message:
        return self._message({"MessageType": message_type, "Topic": PUSH_TOPIC, **content}, user=user)

    def _result(self, status: str, content: Mapping[str, Any], *, user: bool = False) -> Message:
        return self._message({"Status": status, **content}, user=user)

    def _message(self, content: dict[str, Any], *, user: bool) -> Message:
        if self.identity.udid:
            content["UDID"] = self.identity.udid
        else:
            content["EnrollmentID"] = self.identity.enrollment_id
        if user:
            if not self.identity.user:
                raise ValueError(f"a {self.identity.kind} has no user channel")
            content |= {"NotOnConsole": not self.on_console, **self.identity.user}
        return Message(content=content, raw=plistlib.dumps(content, fmt=self._format), at=self.clock())
