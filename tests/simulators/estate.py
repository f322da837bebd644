"""Devices that are asked what is on them, and what the truth says that they should answer."""

import plistlib
import uuid
from datetime import UTC, datetime

import requests

from simulators.managed_fleet import make_fleet
from simulators.reporting import NOT_TOLD_BY_USERS
from simulators.temper import Temper

ASKED = (
    *("DeviceInformation", "SecurityInfo", "ProfileList", "ProvisioningProfileList", "CertificateList"),
    *("InstalledApplicationList", "ManagedApplicationList", "UserList", "AvailableOSUpdates", "OSUpdateStatus"),
)


class Estate:
    """A server and its fleets; ``ask`` gives what the device's answer says, read from its bytes."""

    def __init__(self, api):
        self.api = api
        self.fleets = []
        self.session = requests.Session()
        self.session.auth = ("nanomdm", "k")

    def fleet(self, size, kinds, *, seed=1, **temper):
        fleet = make_fleet(self.api, size, kinds=kinds, temper=Temper(not_now_poll_s=0.01, **temper), seed=seed)
        self.fleets.append(fleet)
        return fleet.enrol()

    def one(self, kind, **options):
        return next(iter(self.fleet(1, [kind], **options)))

    def order(self, ids, kind, **command):
        command_uuid = str(uuid.uuid4())
        body = plistlib.dumps({"CommandUUID": command_uuid, "Command": {"RequestType": kind, **command}})
        answer = self.session.put(f"{self.api.url}/v1/enqueue/{','.join(ids)}", data=body, timeout=60)
        assert answer.status_code == 200
        assert all(fleet.settle() for fleet in self.fleets)
        return command_uuid

    def said(self, member, command_uuid):
        """Each answer to a command, NotNow too."""
        answers = [message for message in member.answers if message.content["CommandUUID"] == command_uuid]
        return [plistlib.loads(message.raw) for message in answers]

    def ask(self, member, kind, *, user=False, **command):
        id_ = member.channel_id if user else member.device_id
        return self.said(member, self.order([id_], kind, **command))[-1]

    def close(self):
        for fleet in self.fleets:
            fleet.close()
        self.session.close()


def error(answer):
    assert answer["Status"] == "Error"
    return answer["ErrorChain"][0]["ErrorCode"]


def plain(value):
    """As plists have it: times are UTC and do not say so."""
    match value:
        case datetime():
            return value.astimezone(UTC).replace(tzinfo=None)
        case dict():
            return {key: plain(child) for key, child in value.items()}
        case list():
            return [plain(child) for child in value]
    return value


def keys(entries):
    return plain([dict(entry.keys) for entry in entries])


def expected(truth, *, user=False):
    """What each command gets, by the truth."""
    hidden = NOT_TOLD_BY_USERS if user else ()
    information = {key: value for key, value in truth.information.items() if key not in hidden}
    answers = {
        "DeviceInformation": {"QueryResponses": plain(information)},
        "SecurityInfo": {"SecurityInfo": plain(dict(truth.user_security if user else truth.security))},
        "ProfileList": {"ProfileList": keys(truth.user_profiles if user else truth.profiles)},
        "ProvisioningProfileList": {"ProvisioningProfileList": keys(truth.provisioning_profiles)},
        "CertificateList": {"CertificateList": keys(truth.user_certificates if user else truth.certificates)},
        "InstalledApplicationList": {"InstalledApplicationList": keys(truth.apps)},
        "ManagedApplicationList": {"ManagedApplicationList": {} if user else plain(dict(truth.managed_apps))},
        "UserList": {"Users": keys(truth.accounts)},
        "AvailableOSUpdates": {"AvailableOSUpdates": keys(truth.updates)},
        "OSUpdateStatus": {"OSUpdateStatus": keys(truth.update_statuses)},
    }
    supports = truth.user_supports if user else truth.supports
    return {kind: answers[kind] for kind in ASKED if kind in supports}


def asking(kind, truth):
    return {"Queries": list(truth.information)} if kind == "DeviceInformation" else {}


def content(answer):
    envelope = {"Status", "CommandUUID", "RequestType", "UDID", "EnrollmentID", "NotOnConsole", "UserID"}
    envelope |= {"UserShortName", "UserLongName", "EnrollmentUserID"}
    return {key: value for key, value in answer.items() if key not in envelope}
