"""Lists of managed apps: the proof that an install is done, whoever asked for the list."""

from datetime import datetime
from typing import Any

from domain.app_state import Progress, progress
from domain.clock import rfc3339
from domain.device_event import CONNECT, DeviceEvent
from domain.text import clipped, storable
from state.installs import Install
from state.unit_of_work import UnitOfWork
from tasks.following import first_check
from tasks.registry import on

EXPECTING = ("acknowledged", "stuck")
"""States of an install that go on with what a list says of its progress, once it was acknowledged."""

GIVEN_UP = ("failed", "stuck")
"""States that were never the last word: an app that is there is there, whatever was said before."""

LONGEST_STATUS = 100


@on(CONNECT)
def listed(event: DeviceEvent, uow: UnitOfWork) -> None:
    """Recognised by its content. Only what was acknowledged or sent before is proven by it, and only in that enrolment.

    A device that refused may not have named the app; others did.
    Source: https://developer.apple.com/documentation/devicemanagement/managedapplicationlistresponse
    """
    apps = event.payload.get("ManagedApplicationList")
    if event.channel_id is not None or event.status != "Acknowledged" or not isinstance(apps, dict):
        return
    named = {storable(name): app for name, app in apps.items() if isinstance(name, str) and isinstance(app, dict)}
    for install in uow.installs.of_device(event.device_id or ""):
        since = _since(install)
        if since is None or event.occurred_at < since:
            continue
        bundle_id = install.bundle_id or uow.installs.bundle_id_of(install.adam_id)
        app = named.get(bundle_id or "")
        if bundle_id is not None and app is not None:
            _apply(install, bundle_id, app, event, uow)


def _since(install: Install) -> datetime | None:
    """Lists from then on tell of this install; None when none does yet, or any more."""
    if install.state in EXPECTING and install.acknowledged_at is not None:
        return install.acknowledged_at
    if install.state in GIVEN_UP:
        return install.acknowledged_at or install.sent_at or install.changed_at
    return None


def _apply(install: Install, bundle_id: str, app: dict[str, Any], event: DeviceEvent, uow: UnitOfWork) -> None:
    said = app.get("Status")
    status = clipped(storable(said), LONGEST_STATUS) if isinstance(said, str) else None
    words = f"the device says {status}"
    # What failed, or was never acknowledged, goes on with nothing less than the app itself.
    goes_on = install.state in EXPECTING and install.acknowledged_at is not None
    match progress(status):
        # Whatever another list said before or after: it has been there.
        case Progress.FINISHED:
            install.change(
                uow.now,
                state="installed",
                reason=None,
                bundle_id=bundle_id,
                installed_at=event.occurred_at,
                installed_by=uow.event_id,
                installed_command_uuid=event.command_uuid,
                next_check_at=None,
            )
        case Progress.FAILED | Progress.UNMANAGED if goes_on:
            reason = f"{words} of {bundle_id}, at {rfc3339(event.occurred_at)}"
            install.change(uow.now, state="failed", reason=reason, next_check_at=None)
        case Progress.GOING_ON if goes_on and install.state == "stuck" and status is not None:
            _follow_again(install, bundle_id, words, event, uow)
        case _ if goes_on and install.reason != words:
            install.change(uow.now, reason=words)


def _follow_again(install: Install, bundle_id: str, words: str, event: DeviceEvent, uow: UnitOfWork) -> None:
    """A device that was away has taken it up: it has all its time again, from what it says here."""
    install.change(
        uow.now,
        state="acknowledged",
        reason=words,
        bundle_id=bundle_id,
        acknowledged_at=event.occurred_at,
        acknowledged_by=uow.event_id,
        next_check_at=first_check(uow.now),
        checks=0,
    )
