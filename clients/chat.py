"""Messages to a chat channel, or to any server that takes JSON."""

from collections.abc import Callable, Mapping
from typing import Literal
from urllib.parse import urlsplit

from clients.answers import Answer
from clients.caller import DEADLINE, Call, Caller
from domain.errors import PermanentError
from domain.json_body import compact
from domain.text import clipped

MOST_TEXT = 3_000
"""Characters of one message before escaping; Slack advises 4 000.
https://docs.slack.dev/reference/methods/chat.postMessage/#truncating (checked 2026-11)."""

MOST_FACT = 300

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
"""Source: https://docs.slack.dev/messaging/formatting-message-text/#escaping (checked 2026-11)."""


class Chat:
    """A channel's incoming webhook. ``url`` is asked before every message and is a secret as a whole.

    ``form`` is `slack`, which Mattermost and others read too, or `json`: ``{"text": …, "facts": {…}}``.
    """

    def __init__(
        self,
        url: Callable[[], str],
        form: Literal["slack", "json"] = "slack",
        *,
        name: str = "chat",
        deadline: float = DEADLINE,
    ) -> None:
        self._url = url
        self._form = form
        self._caller = Caller(name, deadline=deadline)

    def post(self, text: str, facts: Mapping[str, str]) -> None:
        """One message; ``facts`` follow as lines, or as an object of their own.

        Slack refuses for good with 400 (`invalid_payload`, `user_not_found`), 403 (`action_prohibited`), 404
        (`no_service`, `channel_not_found`) and 410 (`channel_is_archived`), asks for patience with 429 and
        `Retry-After`, and fails with 500 (`rollup_error`).
        Source: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/#handling_errors,
        https://docs.slack.dev/apis/web-api/rate-limits/ (checked 2026-11).

        Raises: TransientError, OutcomeUnknown, PermanentError.
        """
        url = self._url()
        call = Call(method="POST", url=url, body=self._message(text, facts), secrets=_secrets_of(url))
        answer = self._caller.call(call)
        if not self._is_taken(answer):
            if 200 <= answer.status < 300:
                said = self._caller.said(call, answer)
                raise PermanentError(f"{said} (not Slack's `ok`: is the URL right, and the form `{self._form}`?)")
            raise self._caller.refusal(call, answer)

    def _message(self, text: str, facts: Mapping[str, str]) -> bytes:
        if self._form == "json":
            return compact({"text": text, "facts": dict(facts)})
        lines = [text, *(f"• {name}: {clipped(value, MOST_FACT)}" for name, value in facts.items())]
        return compact({"text": clipped("\n".join(lines), MOST_TEXT).translate(_ESCAPES)})

    def _is_taken(self, answer: Answer) -> bool:
        if self._form == "slack":
            return answer.status == 200 and answer.body.strip() == b"ok"
        return 200 <= answer.status < 300


def _secrets_of(url: str) -> tuple[str, ...]:
    """What a server may quote of the URL in its answer."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return (url,)
    long_ones = (segment for segment in parts.path.split("/") if len(segment) >= 6)
    return (url, parts.path.strip("/"), parts.query, parts.password or "", *long_ones)
