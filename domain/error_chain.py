"""Why a device could not do what it was asked, from the `ErrorChain` of its answer. Codes are Apple's and diagnostic:
they may change between releases, so only the few that decide something have a name here.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from domain.text import clipped, storable

LICENSE_NOT_THERE_YET = frozenset({9610, 12064})
"""The store does not find a licence that Apple has just confirmed; it usually does some minutes later.

Sources: https://github.com/fleetdm/fleet/issues/36724, https://github.com/fleetdm/fleet/issues/31971 and
https://developer.apple.com/documentation/devicemanagement/interpreting-error-codes (checked 2026-11).
"""

_DUPLICATE_INSTALL = (506, "ASDErrorDomain")
"""Source: https://github.com/fleetdm/fleet/issues/25132 (checked 2026-11)."""

MAX_WORDS = 500
_MAX_LINKS = 16
_MAX_DOMAIN = 100
_CODES = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorLink:
    """One error of a chain; ``domain`` and ``text`` are empty when the device did not say."""

    code: int | None
    domain: str
    text: str


def read_chain(value: Any) -> tuple[ErrorLink, ...]:
    """The links of a decoded `ErrorChain`, the top error first; junk is left out, and all of it gives ``()``."""
    items = value if isinstance(value, list) else [value]
    links = (_link(item) for item in items if isinstance(item, dict))
    return tuple(islice((link for link in links if link.code is not None or link.domain or link.text), _MAX_LINKS))


def _link(item: dict[Any, Any]) -> ErrorLink:
    english = _text(item.get("USEnglishDescription"), MAX_WORDS)
    return ErrorLink(
        code=_code(item.get("ErrorCode")),
        domain=_text(item.get("ErrorDomain"), _MAX_DOMAIN),
        text=english or _text(item.get("LocalizedDescription"), MAX_WORDS),
    )


def _code(value: Any) -> int | None:
    if isinstance(value, str) and len(value) < 20:
        try:
            value = int(value)
        except ValueError:
            return None
    return value if type(value) is int and value in _CODES else None


def _text(value: Any, limit: int) -> str:
    return clipped(" ".join(storable(value[: 4 * limit]).split()), limit) if isinstance(value, str) else ""


def in_words(chain: Iterable[ErrorLink], rejection_reason: str | None = None) -> str:
    """``NotSupported: 12064 MDMErrorDomain: …; caused by …``, at most `MAX_WORDS` characters; empty for no error.

    The reason `Other` says nothing and is left out where the chain says more.
    """
    errors = "; caused by ".join(dict.fromkeys(map(_words, chain)))
    reason = _text(rejection_reason, _MAX_DOMAIN)
    parts = [reason, errors] if reason != "Other" or not errors else [errors]
    return clipped(": ".join(filter(None, parts)), MAX_WORDS)


def _words(link: ErrorLink) -> str:
    name = " ".join(filter(None, ("" if link.code is None else str(link.code), link.domain)))
    return ": ".join(filter(None, (name, link.text)))


def says(chain: Iterable[ErrorLink], codes: Collection[int]) -> bool:
    """True when any link, not only the top one, has one of the codes, whatever its domain."""
    return any(link.code in codes for link in chain if link.code is not None)


def is_duplicate_install(chain: Iterable[ErrorLink]) -> bool:
    """True when macOS refuses an install because it has the same one under way; the app may be installed all the same.

    Not a failure: ManagedApplicationList tells.
    """
    return any((link.code, link.domain) == _DUPLICATE_INSTALL for link in chain)
