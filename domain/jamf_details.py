"""What is worth showing of a Jamf Pro event without opening its body."""

from domain.jamf_event import JamfEvent
from domain.json_types import JSONObject
from domain.text import clipped

LONGEST = 255

SHOWN = {
    "trigger": "trigger",
    "policyId": "policy_id",
    "patchPolicyId": "patch_policy_id",
    "patchPolicyName": "patch_policy_name",
    "deployedVersion": "deployed_version",
    "successful": "successful",
    "hostAddress": "host_address",
    "institution": "institution",
    "name": "name",
    "latestVersion": "latest_version",
    "authorizedUsername": "authorized_username",
    "restAPIOperationType": "operation_type",
    "objectTypeName": "object_type_name",
    "objectID": "object_id",
    "objectName": "object_name",
    "operationSuccessful": "operation_successful",
    "deviceEnrollmentProgramInstanceId": "instance_id",
    "mdmCommand": "mdm_command",
    "payloadIdentifier": "payload_identifier",
}
"""Fields of the event, and what they are called in its details."""


def jamf_details(event: JamfEvent) -> JSONObject:
    """The device, the group with how many entered and left, and what else the event says; nothing that it does not."""
    found: JSONObject = {SHOWN[name]: event.fields[name] for name in SHOWN if name in event.fields}
    if event.device:
        device = event.device
        found |= {
            "family": device.family,
            "jamf_id": device.jamf_id,
            "serial_number": device.serial_number,
            "udid": device.udid,
            "management_id": device.management_id,
            "device_name": device.facts.get("deviceName"),
        }
    elif event.topic == "DeviceAddedToDEP":
        found["serial_number"] = event.text("serialNumber")
    if event.group:
        group = event.group
        found |= {"group_id": group.group_id, "added": len(group.added), "removed": len(group.removed)}
    return {name: _short(value) for name, value in found.items() if value is not None}


def _short(value: object) -> object:
    return clipped(value, LONGEST) if isinstance(value, str) else value
