"""A notice as it reads: drafted once, and written as plain text, as HTML and for a chat.

What it is made from was written by strangers: names of devices, words of errors. Here it is made harmless.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape

from clients.answers import showable
from domain.json_types import JSONObject
from domain.text import clipped

MOST_SUBJECT = 120
MOST_IN_CHAT = 5
"""Sections that a chat message names."""

_CALLS = re.compile(r"@(?=(?:channel|here|all|everyone)\b)", re.IGNORECASE)
"""What calls everybody in Mattermost and others; Slack's own form has angle brackets, which the chat client escapes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worded:
    """A notice as it is sent: ``subject``, ``text`` and ``html`` as a mail, ``chat`` and ``facts`` to a chat."""

    subject: str
    text: str
    html: str
    chat: str
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Lines under a heading."""

    heading: str
    lines: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a notice says; any of it may be a stranger's but ``link``, which people can click.

    In a chat, ``opening``, headings and ``closing`` are the message and ``facts`` follow it.
    """

    subject: str
    opening: str
    facts: Mapping[str, str] = field(default_factory=dict)
    link: str | None = None
    sections: Sequence[Section] = ()
    closing: str = ""

    def worded(self) -> Worded:
        draft = self._harmless()
        facts = {**draft.facts, **({"Link": self.link} if self.link else {})}
        return Worded(
            subject=clipped(draft.subject, MOST_SUBJECT),
            text="\n\n".join("\n".join(block) for block in _blocks(draft, facts) if block) + "\n",
            html=f'<!DOCTYPE html>\n<html lang="en"><body>\n{"".join(_elements(draft))}</body></html>\n',
            chat=_calling_nobody("\n".join(_chat(draft))),
            facts={name: _calling_nobody(value) for name, value in facts.items()},
        )

    def _harmless(self) -> "Draft":
        """Each text of it on one line, of characters that can be seen, and no longer than people read."""
        return replace(
            self,
            subject=showable(self.subject),
            opening=showable(self.opening),
            facts={showable(name): showable(value) for name, value in self.facts.items()},
            sections=[
                Section(heading=showable(section.heading), lines=[showable(line) for line in section.lines])
                for section in self.sections
            ],
            closing=showable(self.closing),
        )


def text_of(facts: JSONObject, *names: str) -> str:
    """The first of these facts that says something, as it can be shown; empty when none does."""
    values = (facts.get(name) for name in names)
    return next(filter(None, (showable(str(value)) for value in values if isinstance(value, str | int))), "")


def _blocks(draft: Draft, facts: Mapping[str, str]) -> Iterator[list[str]]:
    yield [draft.opening]
    yield [f"{name}: {value}" for name, value in facts.items()]
    for section in draft.sections:
        yield [section.heading, *(f"  {line}" for line in section.lines)]
    yield [draft.closing] if draft.closing else []


def _elements(draft: Draft) -> Iterator[str]:
    yield f"<p>{escape(draft.opening)}</p>\n"
    cells = {escape(name): escape(value) for name, value in draft.facts.items()}
    if draft.link:
        cells["Link"] = f'<a href="{escape(draft.link)}">{escape(draft.link)}</a>'
    if cells:
        rows = (f'<tr><th align="left">{name}</th><td>{value}</td></tr>\n' for name, value in cells.items())
        yield f"<table>\n{''.join(rows)}</table>\n"
    for section in draft.sections:
        yield f"<p><b>{escape(section.heading)}</b></p>\n"
        if section.lines:
            yield "<ul>\n" + "".join(f"<li>{escape(line)}</li>\n" for line in section.lines) + "</ul>\n"
    if draft.closing:
        yield f"<p>{escape(draft.closing)}</p>\n"


def _chat(draft: Draft) -> Iterator[str]:
    yield draft.opening
    yield from (f"• {section.heading}" for section in draft.sections[:MOST_IN_CHAT])
    if len(draft.sections) > MOST_IN_CHAT:
        yield f"• and {len(draft.sections) - MOST_IN_CHAT} more"
    if draft.closing:
        yield draft.closing


def _calling_nobody(text: str) -> str:
    return _CALLS.sub("@\u200b", text)
