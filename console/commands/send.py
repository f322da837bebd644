"""`windfall send`: post an event to our own front door, as its sender would."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import BinaryIO

import click

from clients.webhook import Answer, post
from config.sections import SenderSettings
from config.settings import Settings
from console.banner import local_url
from console.samples import sample, type_named
from console.senders import webhook_path
from console.terminal import clean_text, json_option, open_stores, print_json
from domain.kinds import TYPES

USER = b"windfall"
"""User name of Basic credentials; any will do."""


_TYPES = "\n\n".join(f"{kind}: {', '.join(types)}" for kind, types in TYPES.items())


@click.command(epilog=f"The types, by the kind of the sender:\n\n{_TYPES}")
@click.argument("sender")
@click.argument("event_type", metavar="TYPE", required=False)
@click.option("--file", "file", type=click.File("rb"), help="Send this file instead of a sample (- is standard input).")
@click.option("--url", help="Where ingest answers, without /webhooks/...; default: as configured, on this machine.")
@json_option
def command(sender: str, event_type: str | None, file: BinaryIO | None, url: str | None, as_json: bool) -> None:
    """Post a sample event to a sender. TYPE is the vendor's word (mdm. may be left out), or `unknown`: one of tomorrow.

    The request shows the sender's current secret as the sender itself would. Exits 1 unless it is answered 200.
    """
    with open_stores() as stores:
        settings = stores.settings
        body = _body(settings, sender, event_type, file)
        to = (url or local_url(settings.ingest_bind)).rstrip("/") + webhook_path(sender)
        answer = post(to, body, _headers(settings, sender, body))
    _print(to, answer, as_json=as_json)
    if answer.status != 200:
        raise SystemExit(1)


def _body(settings: Settings, sender: str, event_type: str | None, file: BinaryIO | None) -> bytes:
    if sender not in settings.senders:
        raise click.ClickException(f"there is no sender {sender!r}; there are {', '.join(sorted(settings.senders))}")
    if file is not None:
        return file.read()
    kind = settings.senders[sender].kind
    if event_type is None:
        raise click.UsageError(f"say which TYPE to send, or give a --file; {kind} has {', '.join(TYPES[kind])}")
    return sample(kind, type_named(kind, event_type), sender=sender, at=datetime.now(UTC))


def _headers(settings: Settings, sender: str, body: bytes) -> Mapping[str, bytes]:
    """The secret in the form its kind of sender prefers."""
    secret = settings.sender_secrets(sender).current()
    if secret is None:
        raise click.ClickException(f"{sender} is off: there is no secret in {settings.secrets_path / sender}")
    basic = ("Authorization", b"Basic " + base64.b64encode(USER + b":" + secret))
    proof = {
        "micromdm": basic,
        "nanomdm": ("X-Hmac-Signature", base64.b64encode(hmac.digest(secret, body, hashlib.sha256))),
        "apps-and-books": ("Authorization", b"Bearer " + secret),
        "jamf": _signature(settings.senders[sender], secret, body) or basic,
    }
    name, value = proof[settings.senders[sender].kind]
    return {"Content-Type": b"application/json", "User-Agent": b"windfall-send", name: value}


def _signature(settings: SenderSettings, secret: bytes, body: bytes) -> tuple[str, bytes] | None:
    """As Jamf Pro signs, for a sender that takes nothing else."""
    if settings.signature_header is None:
        return None
    digest = hmac.digest(secret, body, settings.signature_algorithm)
    text = base64.b64encode(digest) if settings.signature_encoding == "base64" else binascii.hexlify(digest)
    return settings.signature_header, (settings.signature_prefix or "").encode() + text


def _print(url: str, answer: Answer, *, as_json: bool) -> None:
    if as_json:
        print_json({"url": url, "status": answer.status, "body": answer.body})
    else:
        click.echo(f"{answer.status} {answer.reason} from {url}\n{clean_text(answer.body.rstrip())}")
