"""Where a sender posts and how it proves who it is, in each of the forms a sender of its kind can be set up with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit, urlunsplit

from simulators.delivery import basic

AUTHS: Mapping[str, tuple[str, ...]] = {
    "micromdm": ("basic", "path"),
    "nanomdm": ("hmac", "basic", "path"),
    "nanohub": ("hmac", "basic", "path"),
    "apps-and-books": ("bearer",),
    "jamf": ("basic", "header", "path"),
    "jamf-xml": ("basic", "header", "path"),
}
"""The forms each kind can send its secret in, its usual one first."""

JAMF_HEADER = "X-Windfall-Token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A URL, perhaps with credentials or a secret segment in it, and what else carries the secret. Never print one."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    hmac_key: str = ""
    bearer: str = ""


def address(kind: str, url: str, secret: str, *, auth: str = "") -> Address:
    """``url`` with ``secret`` in the form ``auth``, or in the usual one of this kind.

    Raises:
        ValueError: this kind of sender has no such form.
    """
    auth = auth or AUTHS[kind][0]
    if auth not in AUTHS[kind]:
        raise ValueError(f"{kind} cannot send its secret as {auth!r}, only as {', '.join(AUTHS[kind])}")
    match auth:
        case "path":
            return Address(url=f"{url.rstrip('/')}/{quote(secret, safe='')}")
        case "hmac":
            return Address(url=url, hmac_key=secret)
        case "bearer":
            return Address(url=url, bearer=secret)
        case "header":
            return Address(url=url, headers={JAMF_HEADER: secret})
    if kind.startswith("jamf"):
        return Address(url=url, headers={"Authorization": basic(kind, secret)})
    parts = urlsplit(url)
    return Address(url=urlunsplit(parts._replace(netloc=f"{kind}:{quote(secret, safe='')}@{parts.netloc}")))
