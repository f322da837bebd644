"""Lists of managed apps: the proof that an install is done, whoever asked for the list."""

from typing import Any

from domain.app_state import Progress, progress
from domain.clock import rfc3339
from domain.device_event import CONNECT, DeviceEvent
from domain.text import clipped, storable
from state.installs import Install
from state.unit_of_work import UnitOfWork
from tasks.registry import on

EXPECTING = ("acknowledged", "stuck")

LONGEST_STATUS = 100


@on(CONNECT)
def listed(event: DeviceEvent, uow: UnitOfWork) -> None:
    """Recognised by its content. Only what was acknowledged before is proven by it, and only in that enrolment.

    Source: https://developer.apple.com/documentation/devicemanagement/managedapplicationlistresponse
    """
    apps = event.payload.get("ManagedApplicationList")
    if event.channel_id is not None or event.status != "Acknowledged" or not isinstance(apps, dict):
        return
    named = {storable(name): app for name, app in apps.items() if isinstance(name, str) and isinstance(app, dict)}
    for install in uow.installs.of_device(event.device_id or ""):
        app = named.get(install.bundle_id or "")
        if app is not None and install.acknowledged_at is not None and event.occurred_at >= install.acknowledged_at:
            _apply(install, app, event, uow)


def _apply(install: Install, app: dict[str, Any], event: DeviceEvent, uow: UnitOfWork) -> None:
    said = app.get("Status")
    status = clipped(storable(said), LONGEST_STATUS) if isinstance(said, str) else None
    match progress(status):
        # Whatever another list said before or after: it has been there.
        case Progress.FINISHED if install.state in (*EXPECTING, "failed"):
            install.change(
                uow.now,
                state="installed",
                reason=None,
                installed_at=event.occurred_at,
                installed_by=uow.event_id,
                installed_command_uuid=event.command_uuid,
                next_check_at=None,
            )
        case Progress.FAILED | Progress.UNMANAGED if install.state in EXPECTING:
            reason = f"the device says {status} of {install.bundle_id}, at {rfc3339(event.occurred_at)}"
            install.change(uow.now, state="failed", reason=reason, next_check_at=None)
        case _ if install.state in EXPECTING and install.reason != f"the device says {status}":
            install.change(uow.now, reason=f"the device says {status}")
