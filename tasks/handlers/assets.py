"""Purchases, transfers and refunds: differences of an asset's count, each applied once."""

from domain.notification import Notification
from state.assets import Delta
from state.unit_of_work import UnitOfWork
from tasks.registry import on


@on("ASSET_COUNT")
def counted(event: Notification, uow: UnitOfWork) -> None:
    """Source: https://developer.apple.com/documentation/devicemanagement/subscribing-to-notifications"""
    if event.adam_id is not None and event.pricing_param is not None and event.count_delta is not None:
        uow.assets.add(
            Delta(
                key=event.key,
                u_id=event.u_id or "",
                adam_id=event.adam_id,
                pricing_param=event.pricing_param,
                count=event.count_delta,
                received_at=event.occurred_at,
            )
        )
