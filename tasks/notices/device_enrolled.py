"""A device enrolled, in an MDM server or in Jamf Pro."""

from domain.json_types import JSONObject
from tasks.about_device import draft_of
from tasks.drafting import Worded
from tasks.outside import Outside


def word(facts: JSONObject, outside: Outside) -> Worded:
    return draft_of("Device enrolled", facts, outside).worded()
