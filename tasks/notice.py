"""What people should hear of: decided with the state, and owed to each channel that is configured, or to none."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from domain.json_types import JSONObject
from tasks.actions.post_chat import PostChat
from tasks.actions.send_mail import SendMail
from tasks.owing import Owed
from tasks.setup import Setup


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """``name`` is its file in `tasks/notices/`, which words it from ``facts``; ``key`` names the occasion.

    People hear of an occasion once, ``after`` so many seconds; with ``long``, so many after the last time that it is
    told here before they do, and at most so ``long`` after the first.
    """

    name: str
    key: str
    facts: JSONObject = field(default_factory=dict)
    after: float = 0.0
    long: float | None = None


def owed_for(notice: Notice, setup: Setup) -> Iterator[Owed]:
    """One mail to all recipients, one post to the chat."""
    if setup.mail_to:
        mail = SendMail(notice=notice.name, facts=notice.facts, recipients=list(setup.mail_to))
        yield Owed(action=mail, key=f"mail:{notice.key}", after=notice.after, long=notice.long)
    if setup.chat:
        post = PostChat(notice=notice.name, facts=notice.facts)
        yield Owed(action=post, key=f"chat:{notice.key}", after=notice.after, long=notice.long)
