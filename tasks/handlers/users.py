"""Registered users: created, updated, retired, and associated with an Apple Account."""

from domain.assignments import SUCCESS
from domain.notification import Notification
from state.unit_of_work import UnitOfWork
from state.users import ENDED
from tasks.registry import on


@on("USER_MANAGEMENT", "USER_ASSOCIATED")
def registered(event: Notification, uow: UnitOfWork) -> None:
    """A failed request changes nothing but what is told of its error, which the next success ends.

    Who is retired, or created, has neither the invite code nor the account of an earlier life; nor has who is created
    its address.

    Source: https://developer.apple.com/documentation/devicemanagement/subscribing-to-notifications
    """
    for user in event.users:
        known = uow.users.of(event.u_id or "", user.client_user_id)
        if event.topic == "USER_MANAGEMENT" and event.result != SUCCESS:
            error = {"change": event.change, "number": event.error_number, "message": event.error_message}
            known.learn({"error": error}, event.stamp)
            continue
        change = event.change if event.topic == "USER_MANAGEMENT" else None
        unsaid = ENDED if change in ("CREATE", "RETIRE") else None
        known.learn(
            {
                "error": ENDED,
                "status": user.status,
                "email": user.email or (ENDED if change == "CREATE" else None),
                "idHash": user.id_hash or unsaid,
                "inviteCode": user.invite_code or unsaid,
                "managedAppleId": user.managed_apple_id or unsaid,
            },
            event.stamp,
        )
