"""The tables of the configuration that come more than once: senders, and what happens to apps."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, SecretStr


def as_list(value: object) -> object:
    """`"a,b"` → `["a", "b"]`: how a list of secrets is written in an environment variable."""
    if isinstance(value, str):
        return [part.strip() for part in re.split(r"[,\n]", value) if part.strip()]
    return value


class SenderSettings(BaseModel):
    """One `[senders.<name>]`: who may post to `/webhooks/<name>`, and where its server takes commands."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    # What posts here: `micromdm`, `nanomdm` (NanoHUB too), `apps-and-books` or `jamf`.
    kind: Literal["micromdm", "nanomdm", "apps-and-books", "jamf"]
    # Accepted secrets, the current one first. A sender without one is off.
    secrets: Annotated[tuple[SecretStr, ...], BeforeValidator(as_list)] = ()
    # The same from a file, one a line, read again within five seconds of a change.
    secrets_file: Path | None = None
    # Base URL of the MDM server (or Jamf Pro) behind this sender.
    url: str | None = None
    # Key of that server's API.
    api_key: SecretStr | None = None
    # The same from a file.
    api_key_file: Path | None = None
    # Which API a nanomdm server speaks: NanoMDM's own or NanoHUB's.
    api: Literal["nanomdm", "nanohub"] = "nanomdm"
    # Name of the header in which Jamf Pro sends its secret.
    header: str = "X-Windfall-Token"


class AppSettings(BaseModel):
    """One `[[apps]]`: what happens to an app when its licence comes or goes. The first that fits an app counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # Apple's id of the app; unset: every app.
    adam_id: str | None = None
    # The location; unset: every location.
    u_id: str | None = None
    # Install the app on the devices that get a licence.
    install: bool = True
    # Remove it from the devices that lose theirs.
    remove: bool = False
