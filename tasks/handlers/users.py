"""Registered users: created, updated, retired, and associated with an Apple Account."""

from domain.assignments import SUCCESS
from domain.notification import Notification
from state.unit_of_work import UnitOfWork
from tasks.registry import on


@on("USER_MANAGEMENT", "USER_ASSOCIATED")
def registered(event: Notification, uow: UnitOfWork) -> None:
    """A failed request changes nothing but what is told of its error.

    Source: https://developer.apple.com/documentation/devicemanagement/subscribing-to-notifications
    """
    for user in event.users:
        known = uow.users.of(event.u_id or "", user.client_user_id)
        if event.topic == "USER_MANAGEMENT" and event.result != SUCCESS:
            error = {"change": event.change, "number": event.error_number, "message": event.error_message}
            known.learn({"error": error}, event.stamp)
            continue
        known.learn(
            {
                "status": user.status,
                "email": user.email,
                "idHash": user.id_hash,
                "inviteCode": user.invite_code,
                "managedAppleId": user.managed_apple_id,
            },
            event.stamp,
        )
