"""The `curl` line that posts a new event to a sender: the first thing people try."""

import json
import shlex
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from config.sections import SenderSettings
from config.settings import Settings
from console.samples import sample

USER = "windfall"
"""User name of Basic credentials; any will do."""

FIRST_TYPES: Mapping[str, str] = {
    "micromdm": "mdm.Authenticate",
    "nanomdm": "mdm.Authenticate",
    "apps-and-books": "TEST_NOTIFICATION",
    "jamf": "ComputerCheckIn",
}
"""What each kind of sender says first, or most."""


def curl_line(settings: Settings, name: str, *, url: str, at: datetime) -> str:
    """A command that posts an event that was never sent before. It reads the secret from its file and shows none."""
    kind = settings.senders[name].kind
    body = json.dumps(json.loads(sample(kind, FIRST_TYPES[kind], sender=name, at=at)), separators=(",", ":"))
    secret = _shell_secret(settings, name)
    proof = f'-H "Authorization: Bearer {secret}"' if kind == "apps-and-books" else f'-u "{USER}:{secret}"'
    proof = _signature(settings.senders[name], secret, body) or proof
    return f"curl -sS {proof} -H 'Content-Type: application/json' -d {shlex.quote(body)} {shlex.quote(url)}"


def _signature(settings: SenderSettings, secret: str, body: str) -> str | None:
    """How a shell signs the body, for a Jamf Pro sender that takes nothing else."""
    if settings.signature_header is None:
        return None
    mac = f'openssl dgst -{settings.signature_algorithm} -hmac "{secret}"'
    encode = "-binary | openssl base64 -A" if settings.signature_encoding == "base64" else "| sed 's/.* //'"
    head = shlex.quote(f"{settings.signature_header}: {settings.signature_prefix or ''}")
    return f'-H {head}"$(printf %s {shlex.quote(body)} | {mac} {encode})"'


def secret_file(settings: Settings, name: str) -> Path | None:
    """Where a sender's secrets are, None when they are in the configuration itself."""
    sender = settings.senders[name]
    if sender.secrets:
        return None
    return sender.secrets_file.absolute() if sender.secrets_file else settings.secrets_path / name


def _shell_secret(settings: Settings, name: str) -> str:
    """How a shell gets at the current secret; the first line of a file that people wrote, which may have several."""
    path = secret_file(settings, name)
    if path is None:
        return "$SECRET"
    reader = "cat" if settings.senders[name].secrets_file is None else "head -n 1"
    return f"$({reader} {shlex.quote(str(path))})"
