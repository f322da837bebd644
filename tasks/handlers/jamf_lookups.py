"""After some events of Jamf Pro its API knows more than they said: that is worth reading, where people want it."""

from collections.abc import Iterator

from domain.jamf_event import JamfEvent
from state.unit_of_work import UnitOfWork
from tasks.jamf_lookup import JamfLookup, What
from tasks.registry import on


@on("ComputerInventoryCompleted", "MobileDeviceInventoryCompleted")
def look_up_record(event: JamfEvent, uow: UnitOfWork) -> Iterator[JamfLookup]:  # noqa: ARG001
    """The record was just updated; the event repeats a part of it."""
    what: What = "computer" if event.topic.startswith("Computer") else "mobile_device"
    if event.device is not None and event.device.jamf_id is not None:
        yield JamfLookup(sender=event.sender, what=what, jamf_id=event.device.jamf_id, at=event.occurred_at)


@on("ComputerPolicyFinished")
def look_up_policy(event: JamfEvent, uow: UnitOfWork) -> Iterator[JamfLookup]:  # noqa: ARG001
    """The event names the policy by its number only."""
    policy_id = event.identifier("policyId")
    if policy_id is not None:
        yield JamfLookup(sender=event.sender, what="policy", jamf_id=policy_id, at=event.occurred_at)


@on("JSSStartup")
def look_up_version(event: JamfEvent, uow: UnitOfWork) -> Iterator[JamfLookup]:  # noqa: ARG001
    """A server that starts may have been updated. Only the configured address is asked, whatever `jssUrl` says."""
    yield JamfLookup(sender=event.sender, what="version", jamf_id="", at=event.occurred_at)
