"""Who used Jamf Pro's API for what, one row a call."""

from domain.clock import id_prefix
from domain.device_event import LONGEST_ID
from domain.jamf_event import JamfEvent
from domain.text import clipped
from state.unit_of_work import UnitOfWork
from tasks.registry import on

OPERATIONS = {
    "POST": "create",
    "CREATE": "create",
    "GET": "read",
    "READ": "read",
    "PUT": "update",
    "UPDATE": "update",
    "PATCH": "update",
    "DELETE": "delete",
}
"""What the types that servers send come to; another one comes to nothing, and is kept as it is."""

OF_KEY = 20
"""Characters of the event's key in an id, behind 12 of its time."""


@on("RestAPIOperation")
def record_api_operation(event: JamfEvent, uow: UnitOfWork) -> None:
    """Source: https://developer.jamf.com/developer-guide/docs/webhooks"""
    operation_type = event.text("restAPIOperationType")
    uow.jamf.add_api_operation(
        {
            "id": id_prefix(event.occurred_at) + event.key[:OF_KEY],
            "sender": event.sender,
            "occurred_at": event.occurred_at,
            "authorized_username": _short(event.text("authorizedUsername")),
            "operation_type": _short(operation_type),
            "operation": OPERATIONS.get((operation_type or "").upper()),
            "object_type_name": _short(event.text("objectTypeName")),
            "object_id": _short(event.text("objectID")),
            "object_name": event.text("objectName"),
            "successful": event.boolean("operationSuccessful"),
        }
    )


def _short(text: str | None) -> str | None:
    return None if text is None else clipped(text, LONGEST_ID)
