"""How willing a simulated device is: what it does with the apps it is told to install, and with commands at all."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What becomes of one InstallApplication."""

    INSTALLS = "installs"
    NO_LICENSE_YET = "no license yet"
    """Error 12064 over 9610, as right after an assignment; a later try succeeds."""
    REFUSED = "refused"
    """Error with State Failed and a RejectionReason, every time."""
    NAMELESS = "nameless"
    """Acknowledged without Identifier, and installed."""
    REJECTED = "rejected"
    """Acknowledged; then the person says no, and the list says UserRejected, once."""
    FAILED = "failed"
    """Acknowledged; then the download fails, and the list says Failed, once."""
    NOT_NOW = "not now"
    """NotNow, and installed when it is offered again."""
    SILENT = "silent"
    """The command is taken and the connection ends; no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Temper:
    """Shares are 0 to 1. Those of installs are of apps per enrolment, except for ``silent_share``, of commands.

    ``licensed`` is asked with serial number and store id, if given: without a licence an install is an Error 12064.
    ``rejection_reason`` empty: Other on Macs, which know no better, NotSupported elsewhere.
    Of commands that ask or change what is on the device, ``error_share`` end in an Error. ``missing_share`` is of keys
    that Apple calls optional: such a one is left out of an answer, and of no other in the same enrolment.
    ``own_apps``: so many apps, at most, people installed before; it counts when the device is made, and not later.
    An app is ``Installing`` for so many ManagedApplicationLists and so many seconds, whichever takes longer.
    """

    install_error_share: float = 0.0
    install_error_tries: int = 1
    refused_share: float = 0.0
    rejection_reason: str = ""
    nameless_share: float = 0.0
    rejected_share: float = 0.0
    failed_share: float = 0.0
    silent_share: float = 0.0
    silent_offers: float = math.inf
    not_now_share: float = 0.0
    not_now_times: int = 1
    not_now_poll_s: float = 0.05
    repeat_share: float = 0.0
    error_share: float = 0.0
    missing_share: float = 0.0
    own_apps: int = 0
    installing_polls: int = 1
    installing_s: float = 0.0
    licensed: Callable[[str, str], bool] | None = None

    def draw_fate(self, rng: random.Random) -> Outcome:
        """What an app meets on a device in one enrolment."""
        fates = {
            Outcome.NO_LICENSE_YET: self.install_error_share,
            Outcome.REFUSED: self.refused_share,
            Outcome.NAMELESS: self.nameless_share,
            Outcome.REJECTED: self.rejected_share,
            Outcome.FAILED: self.failed_share,
        }
        drawn = rng.random()
        for fate, share in fates.items():
            if drawn < share:
                return fate
            drawn -= share
        return Outcome.INSTALLS
