"""Why Jamf Pro says no, out of its three kinds of error: its API's JSON, the Classic API's page, and a balancer's page.

Source: https://developer.jamf.com/jamf-pro/docs/jamf-pro-api-overview, and what clients of the Classic API read
(checked 2026-11).
"""

from dataclasses import replace
from html.parser import HTMLParser

from clients.answers import Answer
from domain.json_body import compact
from domain.json_types import JSONObject

MOST_ERRORS = 5

_UNSAID = {401: "INVALID_TOKEN", 403: "INVALID_PRIVILEGE", 404: "NOT_FOUND"}


def in_words(answer: Answer) -> Answer:
    """The same answer with its reason as `{"error": …}`, which is what `Answer.words` shows; else as it is."""
    document = answer.document()
    reason = _listed(document, answer.status) if document is not None else _on_page(answer.body)
    return replace(answer, body=compact({"error": reason})) if reason else answer


def _listed(document: JSONObject, status: int) -> str:
    errors = document.get("errors")
    if not isinstance(errors, list) or "httpStatus" not in document:
        return ""
    said = [
        " ".join(str(error[key]) for key in ("code", "field", "description") if error.get(key))
        for error in errors[:MOST_ERRORS]
        if isinstance(error, dict)
    ]
    return "; ".join(filter(None, said)) or _UNSAID.get(status, "")


def _on_page(body: bytes) -> str:
    """The first paragraph that says `Error: …`."""
    finder = _Paragraphs()
    finder.feed(body[: 64 * 1024].decode("utf-8", "replace"))
    return next((text for text in finder.texts if text.startswith("Error")), "")


class _Paragraphs(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's
        if tag == "p":
            self.texts.append("")
        self._inside = tag == "p"

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "p"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts[-1] += data.strip()
