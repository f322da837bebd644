"""How far a device has got with a managed app: the words of `ManagedApplicationList` and of an install's answer.

Source: https://developer.apple.com/documentation/devicemanagement/managed-application-list-command (checked 2026-11)
"""

from enum import StrEnum

FINISHED = frozenset({"Managed"})

FAILED = frozenset({"UserRejected", "UpdateRejected", "ManagementRejected", "Failed"})
"""Said once and then forgotten by the device: who misses the answer never hears it again."""

GONE = frozenset({"ManagedButUninstalled"})
"""The user removed it. So says also an app that is being installed again, until that begins."""

UNMANAGED = frozenset({"UserInstalledApp"})
"""The user was faster than the install: the app is there and not ours. Said once."""

ALREADY_UNDER_WAY = frozenset({"AppAlreadyInstalled", "AppAlreadyQueued"})
"""Rejection reasons that are no failure: the app is there or on its way, and ManagedApplicationList tells which.

One that is there may be the user's own, and then is in no such list.
"""


class Progress(StrEnum):
    """What an app's status means for an install that waits for it."""

    GOING_ON = "going_on"
    FINISHED = "finished"
    FAILED = "failed"
    GONE = "gone"
    UNMANAGED = "unmanaged"


def progress(status: str | None) -> Progress:
    """A status nobody knows, or none, is going on: time decides about it, not a word that Apple added."""
    if status in FINISHED:
        return Progress.FINISHED
    if status in FAILED:
        return Progress.FAILED
    if status in GONE:
        return Progress.GONE
    return Progress.UNMANAGED if status in UNMANAGED else Progress.GOING_ON
