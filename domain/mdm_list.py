"""How asking a MicroMDM for its list of devices went: facts of its server, as of a round (domain.jamf_round)."""

from domain.facts import Stamp
from domain.jamf_round import told_of_round
from domain.json_types import JSONObject

LIST = "devices"
PARTS = (LIST,)


def told_of_list(error: str | None, stamp: Stamp) -> JSONObject:
    """The facts of a list that was asked for at the time of ``stamp``; ``error`` is fit to be shown, None when read."""
    return told_of_round({} if error is None else {LIST: error}, stamp, PARTS)
