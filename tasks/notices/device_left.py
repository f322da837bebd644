"""A device left management: it checked out, or Jamf Pro says that it un-enrolled."""

from domain.json_types import JSONObject
from tasks.about_device import draft_of
from tasks.drafting import Worded
from tasks.outside import Outside


def word(facts: JSONObject, outside: Outside) -> Worded:
    return draft_of("Device un-enrolled", facts, outside).worded()
