"""Asking a phone for everything, as tests see it: what it is, what it was asked, and when it is due."""

from datetime import timedelta

from state.schema import commands
from tasks.inventory import PLACE_INTERVAL, moment, refresh
from tests.tasks.lab import Lab, rows

PHONE = {"ProductName": "iPhone15,2", "OSVersion": "18.2"}
INFORMATION, SECURITY = "DeviceInformation", "SecurityInfo"
PHONES_QUESTIONS = 10
DAY = timedelta(days=1)


def asked(lab: Lab) -> list[str]:
    """Request types of all questions, oldest first."""
    return [row["request_type"] for row in rows(lab.engine, commands)]


def place(lab: Lab) -> None:
    """Let the time come at which devices are given their moments."""
    lab.now += timedelta(seconds=PLACE_INTERVAL - lab.now.timestamp() % PLACE_INTERVAL)
    assert refresh(lab.at_work) == 0


def its_moment(lab: Lab) -> int:
    """Go to where the device is due; what is asked then."""
    place(lab)
    lab.now = moment(lab.udid, DAY, after=lab.now)
    return refresh(lab.at_work)
