"""Error reports to Sentry, with names and ids but never a body, a header or a secret in a URL.

The library is loaded when it is needed: without it each of our processes starts sooner and is smaller.
"""

import re
from typing import Any

_SECRET_SEGMENT = re.compile(r"(/webhooks/[^/?#\s]+/)[^/?#\s\"']+")


def without_path_secret(text: str) -> str:
    """`…/webhooks/jamf/[secret]` for a URL or path that ends in one."""
    return _SECRET_SEGMENT.sub(r"\1[secret]", text)


def _scrubbed(value: Any) -> Any:
    if isinstance(value, str):
        return without_path_secret(value)
    if isinstance(value, dict):
        return {name: _scrubbed(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_scrubbed(item) for item in value]
    return value


def scrub(event: Any, hint: Any) -> Any:  # noqa: ARG001 - the signature is Sentry's
    """The report as it may leave the house."""
    request = event.get("request")
    if request:
        event["request"] = {name: request[name] for name in ("url", "method") if name in request}
    event.pop("extra", None)
    return _scrubbed(event)


def start_reporting(dsn: str | None, *, process: str) -> None:
    """Report errors of this process, when there is a DSN. Call it after a fork: its threads do not survive one."""
    if not dsn:
        return
    import sentry_sdk  # noqa: PLC0415

    sentry_sdk.init(
        dsn=dsn,
        before_send=scrub,
        # Nothing is patched that we did not ask for: reports are made where errors are caught.
        auto_enabling_integrations=False,
        max_request_body_size="never",
        include_local_variables=False,
        max_breadcrumbs=0,
        traces_sample_rate=0.0,
        shutdown_timeout=2,
    )
    sentry_sdk.set_tag("process", process)


def report_error(problem: BaseException | str, **tags: str | None) -> None:
    """Send one report, with tags to find the event by; does nothing where reporting was not started."""
    import sentry_sdk  # noqa: PLC0415

    with sentry_sdk.new_scope() as scope:
        for name, value in tags.items():
            if value:
                scope.set_tag(name, value)
        if isinstance(problem, str):
            sentry_sdk.capture_message(problem, level="error")
        else:
            sentry_sdk.capture_exception(problem)
