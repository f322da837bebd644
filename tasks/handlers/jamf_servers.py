"""Jamf Pro's servers and their nodes: where they are, and when they started and stopped."""

from domain.clock import rfc3339
from domain.device_event import LONGEST_ID
from domain.jamf_event import JamfEvent
from domain.json_types import JSONObject
from state.unit_of_work import UnitOfWork
from tasks.registry import on

OF_SERVER = ("jssUrl", "institution")
OF_NODE = ("isClusterMaster", "webApplicationPath", "jssUrl")


@on("JSSStartup", "JSSShutdown")
def record_jamf_server(event: JamfEvent, uow: UnitOfWork) -> None:
    """A node that crashed says nothing, and a start may come without a stop before it.

    Source: https://developer.jamf.com/developer-guide/docs/webhooks
    """
    started = event.topic == "JSSStartup"
    when: JSONObject = {"started_at" if started else "stopped_at": rfc3339(event.occurred_at)}
    of_server = {name: event.fields.get(name) for name in OF_SERVER}
    uow.jamf.tell_server(event.sender, {**of_server, **when}, event.stamp)
    host_address = event.text("hostAddress")
    if host_address and len(host_address) <= LONGEST_ID:
        of_node = {name: event.fields.get(name) for name in OF_NODE}
        uow.jamf.tell_node(event.sender, host_address, {**of_node, **when, "running": started}, event.stamp)
