"""What MicroMDM's and NanoMDM's clients have in common: device ids in a path, whose API key it is, foreign answers."""

from collections.abc import Callable
from urllib.parse import quote

from clients.answers import Answer, showable
from clients.caller import Call, Caller
from domain.errors import ActionError, PermanentError, TransientError

_SHORT = frozenset({"micromdm", "nanomdm"})
"""Senders whose settings have a short name too."""

TOO_LONG = frozenset({413, 414, 431})
"""A proxy takes no request of this size: others may pass."""


def api_key_setting(sender: str) -> str:
    """The setting people look at when a sender's API key is refused."""
    name = sender.upper().replace("-", "_")
    return f"WINDFALL_{name}_API_KEY" if sender in _SHORT else f"WINDFALL_SENDER_{name}_API_KEY"


def current_key(api_key: Callable[[], str], sender: str) -> str:
    """The key as it is now. Raises: TransientError, when there is none yet."""
    key = api_key()
    if not key:
        raise TransientError(f"{sender} has no API key: set {api_key_setting(sender)}", down=True)
    return key


def segment(device_id: str, *, safe: str = "") -> str:
    """A device id as one part of a path. Raises: PermanentError, for what a path cannot carry."""
    if device_id not in ("", ".", "..") and "/" not in device_id:
        try:
            return quote(device_id, safe=safe)
        except UnicodeError:  # half a surrogate pair
            pass
    raise PermanentError(f"{showable(device_id)!r} is no device id that a URL can carry")


def foreign_refusal(caller: Caller, call: Call, answer: Answer) -> ActionError:
    """The error that an answer stands for which the MDM server itself never gives.

    A proxy before it refuses (a maintenance page, a list of who may ask), or the URL is another server's: people mend
    that, and until then commands wait. It says nothing of the command.
    """
    if answer.status in TOO_LONG:
        return TransientError(f"{caller.said(call, answer)} (a proxy before it takes less)")
    error = caller.refusal(call, answer)
    if isinstance(error, PermanentError):
        return TransientError(f"{error} (not its own answer: is a proxy in the way, or the URL another's?)", down=True)
    return error
