"""One post to the configured chat."""

from dataclasses import dataclass
from typing import ClassVar

from domain.json_types import JSONObject


@dataclass(frozen=True, slots=True, kw_only=True)
class PostChat:
    """A notice as a chat message; it is worded when it is posted."""

    kind: ClassVar[str] = "post_chat"

    notice: str
    facts: JSONObject

    @property
    def destination(self) -> str:
        return "chat"
