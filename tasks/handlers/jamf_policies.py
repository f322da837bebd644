"""Policies and patch policies of Jamf Pro, and how they ended on each computer."""

from domain.clock import rfc3339
from domain.jamf_event import JamfEvent
from domain.json_types import JSONObject
from state.unit_of_work import UnitOfWork
from tasks.registry import on

POLICY, PATCH_POLICY = "policy", "patch_policy"


@on("ComputerPolicyFinished")
def record_policy_result(event: JamfEvent, uow: UnitOfWork) -> None:
    """Source: https://developer.jamf.com/developer-guide/docs/webhooks"""
    _record(event, uow, (POLICY, event.identifier("policyId")), {}, {})


@on("ComputerPatchPolicyCompleted")
def record_patch_policy_result(event: JamfEvent, uow: UnitOfWork) -> None:
    """Source: https://developer.jamf.com/developer-guide/docs/webhooks"""
    actions = event.fields.get("eventActions")
    of_policy = {
        "name": event.fields.get("patchPolicyName"),
        "softwareTitleId": event.identifier("softwareTitleId"),
        "softwareTitleName": event.fields.get("softwareTitleName"),
    }
    of_result = {
        "deployedVersion": event.fields.get("deployedVersion"),
        "actions": actions["action"] if isinstance(actions, dict) else None,
    }
    _record(event, uow, (PATCH_POLICY, event.identifier("patchPolicyId")), of_policy, of_result)


def _record(
    event: JamfEvent, uow: UnitOfWork, policy: tuple[str, str | None], of_policy: JSONObject, of_result: JSONObject
) -> None:
    """A policy without a number is none of which results could be kept."""
    kind, policy_id = policy
    if policy_id is None:
        return
    at, successful = rfc3339(event.occurred_at), event.boolean("successful")
    uow.jamf.tell_policy(event.sender, kind, policy_id, {**of_policy, "finished_at": at}, event.stamp)
    if event.device is None:
        return
    ended = {True: "succeeded_at", False: "failed_at"}.get(successful) if successful is not None else None
    news = {**of_result, "successful": successful, "finished_at": at, **({ended: at} if ended else {})}
    uow.jamf.tell_policy_result(event.sender, (kind, policy_id), event.device, news, event.stamp)
