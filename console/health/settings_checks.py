"""Secrets and senders: is everything there that somebody must have set?"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from config.settings import Settings
from console.health.check import Check, fail, ok, span, warn
from console.mdm_servers import missing
from console.senders import is_on
from domain.kinds import MDM_KINDS
from state.queries.counts import Activity

_NOT_ASCII = "it has characters that are not ASCII, which do not come through an HTTP header"


def settings_checks(settings: Settings, active: Mapping[str, Activity] | None, now: datetime) -> Iterator[Check]:
    yield _api_token(settings)
    yield _fingerprint_key(settings)
    if not any(is_on(settings, name) for name in settings.senders):
        fix = f"Put a secret into {settings.secrets_path}/<sender>, or start with `windfall up`, which makes them."
        yield fail("senders", "none has a secret, so all are off and every webhook is answered 404", fix)
    for name in sorted(settings.senders):
        yield _sender(settings, name, active, now)
        if settings.senders[name].kind in MDM_KINDS and is_on(settings, name):
            yield _mdm_server(settings, name)


def _api_token(settings: Settings) -> Check:
    tokens = settings.api_tokens().accepted()
    if not all(token.isascii() for token in tokens):
        return warn("api_token", _NOT_ASCII, "Make a new API token of letters and digits.")
    if tokens:
        return ok("api_token", "set")
    fix = f"Put a token into {settings.secrets_path / 'api-token'}, or set WINDFALL_API_TOKEN."
    return warn("api_token", "there is none, so the API answers 401 to everybody", fix)


def _fingerprint_key(settings: Settings) -> Check:
    if settings.fingerprint_keys().accepted():
        return ok("fingerprint_key", "set")
    place = settings.secrets_path / "fingerprint-key"
    fix = f"Put a random text into {place}, or start with `windfall up`, which makes one."
    return fail("fingerprint_key", "there is none, and workers do not process events without", fix)


def _sender(settings: Settings, name: str, active: Mapping[str, Activity] | None, now: datetime) -> Check:
    check = f"sender:{name}"
    if not is_on(settings, name):
        return ok(check, f"off; a secret in {settings.secrets_path / name} switches it on")
    secrets = settings.sender_secrets(name).accepted()
    if settings.senders[name].kind == "apps-and-books" and not all(secret.isascii() for secret in secrets):
        return warn(
            check, _NOT_ASCII, f"Give {name} a secret of letters and digits, and tell Apple with a new client config."
        )
    if active is None:
        return ok(check, "on; its events are not known while the database is away")
    seen = active[name]
    if seen.last_event_at is None:
        return ok(check, f"on; nothing stored of it yet (try `windfall send {name}`)")
    numbers = ", ".join(f"{number} {status}" for status, number in sorted(seen.numbers.items()))
    ago = span(max(0.0, (now - seen.last_event_at).total_seconds()))
    return ok(check, f"on; last event {ago} ago; last day: {numbers or 'none'}")


def _mdm_server(settings: Settings, name: str) -> Check:
    """That no commands are sent is a choice; a server without its key, or a key without its server, is none."""
    problem, sender = missing(settings, name), settings.senders[name]
    if problem is None:
        return ok(f"mdm:{name}", "takes commands")
    seen = f"takes no commands, so installs wait: {problem}"
    if sender.url or settings.sender_api_key(name).current():
        return warn(f"mdm:{name}", seen, "Set both, or neither.")
    return ok(f"mdm:{name}", seen)
