"""Patch titles that Jamf Pro watches, and their latest versions."""

from domain.clock import rfc3339
from domain.jamf_event import JamfEvent
from state.unit_of_work import UnitOfWork
from tasks.registry import on


@on("PatchSoftwareTitleUpdated")
def record_patch_title(event: JamfEvent, uow: UnitOfWork) -> None:
    """`jssID` is the title's number here. Older servers send one `reportUrl` for the list.

    Source: https://developer.jamf.com/developer-guide/docs/webhooks
    """
    title_id = event.identifier("jssID")
    if title_id is None:
        return
    one = event.text("reportUrl")
    news = {
        **{name: event.fields.get(name) for name in ("name", "latestVersion", "lastUpdate")},
        "reportUrls": event.texts("reportUrls") or ([one] if one else None),
        "told_at": rfc3339(event.occurred_at),
    }
    uow.jamf.tell_patch_title(event.sender, title_id, news, event.stamp)
