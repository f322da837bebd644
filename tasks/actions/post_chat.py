"""One post to the configured chat."""

from dataclasses import dataclass
from typing import ClassVar

from domain.errors import PermanentError
from domain.json_types import JSONObject
from tasks.effects import Needless
from tasks.outside import Outside
from tasks.wording import NOTHING_TO_TELL, word


@dataclass(frozen=True, slots=True, kw_only=True)
class PostChat:
    """A notice as a chat message; it is worded when it is posted."""

    kind: ClassVar[str] = "post_chat"

    notice: str
    facts: JSONObject

    @property
    def destination(self) -> str:
        return "chat"

    def perform(self, outside: Outside, *, action_id: str) -> str | Needless | None:  # noqa: ARG002 - chats have no message ids
        """Raises: PermanentError without a chat; what `Chat.post` raises."""
        if outside.chat is None:
            raise PermanentError("no chat is configured: set WINDFALL_CHAT_URL")
        worded = word(self.notice, self.facts, outside)
        if worded is None:
            return NOTHING_TO_TELL
        outside.chat.post(worded.chat, worded.facts)
        return None
