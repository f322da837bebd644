"""Smart groups of Jamf Pro: who entered and who left."""

from domain.clock import rfc3339
from domain.jamf_event import JamfEvent
from domain.jamf_group import KINDS
from state.unit_of_work import UnitOfWork
from tasks.registry import on


@on(*KINDS)
def record_group_change(event: JamfEvent, uow: UnitOfWork) -> None:
    """Those in both lists are members.

    Source: https://developer.jamf.com/developer-guide/docs/webhooks
    """
    group = event.group
    if group is None:
        return
    news = {
        "name": group.name,
        "smartGroup": event.boolean("smartGroup"),
        "changed_at": rfc3339(event.occurred_at) if group.added or group.removed else None,
    }
    uow.jamf.tell_group(event.sender, group.kind, group.group_id, news, event.stamp)
    which = (event.sender, group.kind, group.group_id)
    uow.jamf.memberships.entered(which, group.added, event.occurred_at)
    uow.jamf.memberships.left(which, group.removed, event.occurred_at)
