"""What `windfall up` tells people when all is up: where each sender posts, how to try it, where the console is."""

import socket
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import quote

from config.sections import SenderSettings
from config.settings import Settings
from console.curl import USER, curl_line, secret_file

_ANYWHERE = ("0.0.0.0", "[::]")  # noqa: S104 - compared with, not bound to


def local_address(bind: str) -> tuple[str, int]:
    """Host (without brackets) and port at which a process bound to ``bind`` is reached from this machine."""
    host, _, port = bind.rpartition(":")
    local = {"0.0.0.0": "127.0.0.1", "[::]": "::1"}.get(host, host.strip("[]"))  # noqa: S104
    return local, int(port)


def local_url(bind: str) -> str:
    host, port = local_address(bind)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def outside_url(bind: str) -> str:
    """The same for a sender on another machine, when we listen to those."""
    host, _, port = bind.rpartition(":")
    return f"http://{socket.gethostname()}:{port}" if host in _ANYWHERE else local_url(bind)


def banner(settings: Settings, *, show_secrets: bool, at: datetime) -> str:
    """With ``show_secrets`` (a terminal) the secrets themselves, else the files that hold them."""
    lines = ["Windfall is up.", ""]
    for name in sorted(settings.senders):
        lines += [*_sender(settings, name, show_secrets=show_secrets, at=at), ""]
    lines += [
        f"Console     {local_url(settings.console_bind)}/",
        f"            {_api_token(settings)}",
        f"Everything  {settings.home_path}  (database, spool, secrets, logs in log/)",
        "",
        "Ctrl-C stops everything. What was answered with 200 is on disk.",
    ]
    return "\n".join(lines)


def _sender(settings: Settings, name: str, *, show_secrets: bool, at: datetime) -> Iterator[str]:
    kind = settings.senders[name].kind
    path = f"/webhooks/{name}"
    url = outside_url(settings.ingest_bind) + path
    secret = settings.sender_secrets(name).current()
    title = name if name == kind else f"{name} ({kind})"
    yield f"{title}  {url}"
    if secret is None:
        yield f"  off: there is no secret in {secret_file(settings, name)}"
        return
    shown = secret.decode() if show_secrets else "SECRET"
    if show_secrets:
        yield f"  secret  {shown}"
    else:
        yield f"  SECRET  in {secret_file(settings, name) or 'the configuration'}"
    yield f"  set     {_instruction(settings.senders[name], url, shown)}"
    yield f"  try     {curl_line(settings, name, url=local_url(settings.ingest_bind) + path, at=at)}"


def _instruction(sender: SenderSettings, url: str, secret: str) -> str:
    """What to tell the sender, in its own words."""
    kind = sender.kind
    if kind == "micromdm":
        scheme, _, rest = url.partition("://")
        return f"-command-webhook-url '{scheme}://{USER}:{quote(secret, safe='')}@{rest}'"
    if kind == "nanomdm":
        return f"-webhook-url '{url}' -webhook-hmac-key '{secret}'"
    if kind == "apps-and-books":
        return f"notificationUrl {url} (Apple wants https: see README.md), notificationAuthToken {secret}"
    if sender.signature_header is not None:
        return f"Webhook URL {url}, authentication type HASH_SIGNATURE, {_signing(sender)}, secret {secret}"
    return f"Webhook URL {url}, authentication type Basic, user name {USER}, password {secret}"


def _signing(sender: SenderSettings) -> str:
    """How a signature has to look to be accepted."""
    form = f" in {sender.signature_encoding}" if sender.signature_encoding else ""
    prefix = f" after {sender.signature_prefix!r}" if sender.signature_prefix else ""
    return f"algorithm {sender.signature_algorithm}, header {sender.signature_header}{form}{prefix}"


def _api_token(settings: Settings) -> str:
    if settings.api_token is not None:
        return "API token as in the configuration"
    return f"API token in {settings.api_token_file or settings.secrets_path / 'api-token'}"
