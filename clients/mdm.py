"""What the clients of MicroMDM and NanoMDM have in common: device ids in a path, and whose API key it is."""

from collections.abc import Callable
from urllib.parse import quote

from clients.answers import showable
from domain.errors import PermanentError, TransientError

_SHORT = frozenset({"micromdm", "nanomdm"})
"""Senders whose settings have a short name too."""


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
