"""Apps that go with their licence, as tests see them: the policy, the one install, and how its removal goes."""

from typing import Any

from tasks.setup import Policy, Setup
from tests.tasks.lab import REMOVE, SETUP, Lab

REMOVING = Setup(mdm_servers=SETUP.mdm_servers, policies=(Policy(remove=True),))
NOT_MANAGED = [{"ErrorCode": 12018, "ErrorDomain": "MCMDMErrorDomain", "LocalizedDescription": "not managed"}]
BACK = "the licence is back; the device has not answered yet the command to remove the app, which was sent before"


def removals(lab: Lab) -> list[str]:
    """States of the commands to remove an app, oldest first."""
    return [row["state"] for row in lab.commands(REMOVE)]


def only(lab: Lab) -> tuple[Any, Any]:
    """State and reason of the one install that there is."""
    (install,) = lab.installs()
    return install["state"], install["reason"]


def take_back(lab: Lab) -> None:
    """The licence goes, an hour later."""
    lab.wait(hours=1)
    lab.take_back()
