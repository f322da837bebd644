"""Lists of managed apps: the proof that an install is done, whoever asked for the list."""

from typing import Any

from domain.app_state import Progress, progress
from domain.clock import rfc3339
from domain.device_event import CONNECT, DeviceEvent
from state.installs import Install
from state.unit_of_work import UnitOfWork
from tasks.registry import on

EXPECTING = ("acknowledged", "stuck")


@on(CONNECT)
def listed(event: DeviceEvent, uow: UnitOfWork) -> None:
    """Recognised by its content. Only what was acknowledged before is proven by it, and only in that enrolment.

    Source: https://developer.apple.com/documentation/devicemanagement/managedapplicationlistresponse
    """
    apps = event.payload.get("ManagedApplicationList")
    if event.channel_id is not None or event.status != "Acknowledged" or not isinstance(apps, dict):
        return
    for install in uow.installs.of_device(event.device_id or ""):
        app = apps.get(install.bundle_id)
        acknowledged_at = install.acknowledged_at
        if install.state not in EXPECTING or not isinstance(app, dict) or acknowledged_at is None:
            continue
        if event.occurred_at >= acknowledged_at:
            _apply(install, app, event, uow)


def _apply(install: Install, app: dict[str, Any], event: DeviceEvent, uow: UnitOfWork) -> None:
    status = app.get("Status")
    match progress(status if isinstance(status, str) else None):
        case Progress.FINISHED:
            install.change(
                uow.now,
                state="installed",
                reason=None,
                installed_at=event.occurred_at,
                installed_by=uow.event_id,
                installed_command_uuid=event.command_uuid,
                next_check_at=None,
            )
        case Progress.FAILED | Progress.UNMANAGED:
            reason = f"the device says {status} of {install.bundle_id}, at {rfc3339(event.occurred_at)}"
            install.change(uow.now, state="failed", reason=reason, next_check_at=None)
        case _:
            install.change(uow.now, reason=f"the device says {status}")
