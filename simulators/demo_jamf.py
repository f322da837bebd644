"""What the demo's Jamf Pro has on record of its devices, and what its policies are called."""

from collections.abc import Sequence
from datetime import UTC, datetime

from simulators.devices import Device
from simulators.jamf_api import JamfApi
from simulators.jamf_events import JamfEvent, computer, mobile
from simulators.jamf_shapes import Record
from simulators.jamf_tokens import Account

CLIENT_ID, SECRET_FILE = "windfall-demo", "jamf-client-secret"
"""The API client, and the file of its secret, among the secrets."""

POLICIES = range(1, 900)
_VERBS = ("Install", "Update", "Repair", "Remove")
_THINGS = ("Inkwell", "the printers of floor 2", "Wi-Fi “Büro”", "fonts", "VPN", "the login window", "Chart <Pro>")


class JamfRecords:
    """Keeps the records of a server as its devices are. Numbers are those of `jamf_traffic`: from 1, by family."""

    def __init__(self, server: JamfApi, devices: Sequence[Device]) -> None:
        self._catalog = server.catalog
        self._macs = [device for device in devices if device.identity.kind.is_mac]
        self._mobiles = [device for device in devices if not device.identity.kind.is_mac]
        for number in range(1, 1 + len(self._macs)):
            self._write_computer(number)
        for number in range(1, 1 + len(self._mobiles)):
            self._write_mobile(number)
        for number in POLICIES:
            verb, thing = _VERBS[number % len(_VERBS)], _THINGS[number % len(_THINGS)]
            self._catalog.policies[number] = f"{verb} {thing} ({number})"

    def follow(self, event: JamfEvent) -> None:
        """Write down anew whom an inventory event is about, before it goes out."""
        if event.name == "ComputerInventoryCompleted":
            self._write_computer(int(event.event["jssID"]))
        elif event.name == "MobileDeviceInventoryCompleted":
            self._write_mobile(int(event.event["jssID"]))

    def _write_computer(self, number: int) -> None:
        device, now = self._macs[number - 1], datetime.now(UTC)
        fields = computer(
            device.identity, name=device.name, os_version=device.os_version, os_build=device.build, jss_id=number
        )
        self._catalog.computers[number] = Record(fields=fields, contact_at=now, report_at=now)

    def _write_mobile(self, number: int) -> None:
        device, now = self._mobiles[number - 1], datetime.now(UTC)
        fields = mobile(
            device.identity, name=device.name, os_version=device.os_version, os_build=device.build, jss_id=number
        )
        self._catalog.mobiles[number] = Record(fields=fields, contact_at=now, report_at=now)


def account(secret: str) -> Account:
    return Account(name=CLIENT_ID, secret=secret)
