"""Links to a device in the pages of its MDM server: a URL with places for what the device is called by."""

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

LONGEST = 300
"""Characters of a link; a chat message clips what is longer."""

LONGEST_TEMPLATE = 200

_EXAMPLE = "for example https://mdm.example/devices/{serial_number}"
_KNOWN = ("serial_number", "udid")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def checked_template(template: str) -> str:
    """The template itself. Raises: ValueError for one that makes no link, with what helps; it repeats no password."""
    authority = re.split(r"[/?#\\]", template.partition("://")[2] or template, maxsplit=1)[0]
    if "@" in authority:
        raise ValueError("must hold no user or password, as all who are told would read it: leave out what ends in '@'")
    if len(template) > LONGEST_TEMPLATE:
        raise ValueError(f"must have at most {LONGEST_TEMPLATE} characters")
    if not re.match(r"https?://[^/?#\\]", template, re.IGNORECASE):
        raise ValueError(f"{template!r} must begin with https:// or http:// and a host, {_EXAMPLE}")
    if " " in template or not template.isprintable():
        raise ValueError(f"{template!r} has spaces or what cannot be seen: write it percent-encoded, a space as %20")
    _check_placeholders(template, authority)
    try:
        _ = urlsplit(template).port
    except ValueError as exc:
        raise ValueError(f"{template!r} is no URL: {exc}") from exc
    return template


def _check_placeholders(template: str, authority: str) -> None:
    unknown = next((name for name in _PLACEHOLDER.findall(template) if name not in _KNOWN), None)
    if unknown is not None:
        raise ValueError(f"there is no placeholder '{{{unknown}}}': use {{serial_number}} or {{udid}}, {_EXAMPLE}")
    if set("{}") & set(_PLACEHOLDER.sub("", template)):
        raise ValueError(f"{template!r} has a brace of no pair: close it, or write it as %7B or %7D")
    if set("{}") & set(authority):
        raise ValueError(f"{template!r} lets a device say the host: use placeholders after it only, {_EXAMPLE}")


def device_link(template: str, named: Mapping[str, str]) -> str | None:
    """The link to the device of this `serial_number` and `udid`; None when it needs one that is missing or is none.

    Devices say these themselves: each is percent-encoded whole, and one of dots only, which browsers take for a way up,
    makes no link, as does one that makes it longer than `LONGEST`.
    """
    if not all(named.get(name, "").strip(".") for name in _PLACEHOLDER.findall(template)):
        return None
    link = _PLACEHOLDER.sub(lambda found: quote(named[found[1]], safe=""), template)
    return link if len(link) <= LONGEST else None
