"""Which keys hold secrets, and a cheap look at raw bytes for them, so that the many bodies without any cost little."""

import binascii
import re
from functools import lru_cache
from itertools import chain

from domain import binary_plist
from domain.errors import MalformedPayload

_CHECK_IN = """
    token pushmagic pushtoken devicepushtoken unlocktoken bootstraptoken
    digestresponse authtoken securitytoken tokendata wifiprofiledata mdmprofiledata
"""
"""Push credentials, escrowed tokens, a user channel's log-in, profiles handed out for return to service."""

_COMMANDS = """
    fdepersonalrecoverykeycms fdepersonalrecoverykeycms64 fdepersonalrecoverykey personalrecoverykey
    institutionalrecoverykey individualrecoverykey recoverykey newrecoverykey encryptednewrecoverykey rotateresult
    filevaultunlock privatekeyexport activationlockbypasscode bypasscode devicebypasscode userbypasscode
    pin unlockpin passcode unlockcode redemptioncode unusedredemptioncode applecaretoken
    escrowkeybag escrowkeybagdata
"""
"""Recovery keys, locks and codes in commands and their answers."""

_PROFILES_AND_SERVERS = """
    challenge scepchallenge psk presharedkey pkcs12 identitydata
    stoken accesstoken refreshtoken idtoken bearertoken apitoken apikey
    authorization credential credentials cookie sessionid
"""

_NAMES = frozenset(f"{_CHECK_IN} {_COMMANDS} {_PROFILES_AND_SERVERS}".split())
"""Keys in lower case without `_` and `-`. Jamf's and MicroMDM's own included.

Source: https://github.com/apple/device-management/tree/release/mdm (checked 2026-11).
"""

_ENDINGS = ("password", "passwordhash", "passphrase", "passwd", "secret", "privatekey")
"""What a key of the same form may also end in: NewPassword, SharedSecret, …"""

_STEMS = tuple(name.encode() for name in sorted({*_NAMES, *_ENDINGS}))

_SEPARATORS = str.maketrans("", "", "_-")
_JSON_KEY = re.compile(rb'"([^"\\]*+)"\s*+:')
_PLIST_KEY = re.compile(rb"<key[^<>]*>([^<]*)<")
_ELEMENT = re.compile(rb"<(?:[^\s<>/:]+:)?([\w.-]+)")
_RAW_PAYLOAD = re.compile(rb'"raw_payload"\s*:\s*"([^"]*)"')
_VEILS = (b"&#", b"<![", b"<!--")
"""XML by which a key's name may be written so that its bytes do not show it."""


@lru_cache(maxsize=4096)
def is_secret(key: str | bytes) -> bool:
    """True for a key whose value must not be stored, in any case and with any `_`, `-` or outer white space."""
    text = key.decode("iso-8859-1") if isinstance(key, bytes) else key
    name = text.strip().lower().translate(_SEPARATORS)
    return name in _NAMES or name.endswith(_ENDINGS)


def mentions_secret(body: bytes) -> bool:
    """False when no key in a JSON, XML or plist body, nor in a ``raw_payload`` in it, can be a secret one.

    True is only a suspicion: a key written with an escape, or one whose value is empty.
    """
    text = body.replace(b"\x00", b"") if b"\x00" in body else body
    if b"\\u" in text or any(map(is_secret, set(_JSON_KEY.findall(text)))):
        return True
    if b"<" in text and any(map(is_secret, chain(_PLIST_KEY.findall(text), _ELEMENT.findall(text)))):
        return True
    payloads = _RAW_PAYLOAD.findall(text) if b"raw_payload" in text else ()
    # An escape in it (a relay may wrap its lines) is not undone here: such a payload is looked into.
    return any(b"\\" in payload or payload_mentions_secret(payload_bytes(payload)) for payload in payloads)


def payload_mentions_secret(data: bytes) -> bool:
    """The same of one plist: the keys of an XML one, any secret name at all in a binary or damaged one.

    NUL is left out first, so that UTF-16 text reads as ASCII.
    """
    text = data.replace(b"\x00", b"") if b"\x00" in data else data
    if not binary_plist.is_binary(text) and b"<key" in text:
        return any(map(is_secret, _PLIST_KEY.findall(text))) or any(veil in text for veil in _VEILS)
    plain = text.lower().translate(None, b"_-")
    return any(stem in plain for stem in _STEMS) and _has_secret_text(data)


def _has_secret_text(data: bytes) -> bool:
    """False when no text of a sound binary plist is a secret key; ``TokenUpdate`` only contains one."""
    try:
        return not binary_plist.is_binary(data) or any(map(is_secret, binary_plist.texts(data)))
    except (MalformedPayload, IndexError):
        return True


def payload_bytes(text: bytes) -> bytes:
    """What base64 stands for; of damaged base64 all that can be made of it, and never an error."""
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error:
        return b"".join(map(_quads, re.split(rb"=+", re.sub(rb"[^A-Za-z0-9+/=_-]", b"", text))))


def _quads(text: bytes) -> bytes:
    """The bytes of unpadded base64, either alphabet; a last lonely character is dropped."""
    if len(text) % 4 == 1:
        text = text[:-1]
    return binascii.a2b_base64(text.translate(bytes.maketrans(b"-_", b"+/")) + b"=" * (-len(text) % 4))
