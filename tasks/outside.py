"""The world as effects see it: clients for every far end, made once per process and handed in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Engine

from clients.chat import Chat
from clients.jamf import JamfPro
from clients.mail import Mailer
from clients.micromdm import MicroMDM
from clients.nanomdm import NanoMDM
from tasks.setup import Setup

MdmServer: TypeAlias = MicroMDM | NanoMDM


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """``mdm`` is by sender, as is ``jamf``. No mailer, no chat: none is configured."""

    engine: Engine
    now: Callable[[], datetime]
    setup: Setup = field(default_factory=Setup)
    mdm: Mapping[str, MdmServer] = field(default_factory=dict)
    jamf: Mapping[str, JamfPro] = field(default_factory=dict)
    mailer: Mailer | None = None
    chat: Chat | None = None
