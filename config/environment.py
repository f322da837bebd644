"""Where settings come from besides the fields' own variables: the file's name, and senders spelled out in variables."""

import os
import re
from collections.abc import Mapping
from typing import Any

from pydantic_settings import PydanticBaseSettingsSource

PREFIX = "WINDFALL_"
_SENDER_FIELDS = (
    "KIND", "SECRETS", "SECRETS_FILE", "URL", "API_KEY", "API_KEY_FILE", "API", "DEVICE_LINK", "HEADER",
    "CLIENT_ID", "CLIENT_SECRET", "CLIENT_SECRET_FILE", "USERNAME", "PASSWORD", "PASSWORD_FILE", "ENRICH",
    "RECONCILE_EVERY",
    "SIGNATURE_HEADER", "SIGNATURE_ALGORITHM", "SIGNATURE_ENCODING", "SIGNATURE_PREFIX",
    "SCEP_CHALLENGE", "SCEP_CHALLENGE_FILE", "SCEP_URL", "SCEP_URL_FILE", "SCEP_TOKEN", "SCEP_TOKEN_FILE",
    "SCEP_TIMEOUT",
)  # fmt: skip


class SenderEnvironment(PydanticBaseSettingsSource):
    """Senders from `WINDFALL_SENDER_<NAME>_<FIELD>`, and the shorthand `WINDFALL_MICROMDM_URL` and its like."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - one source, one key
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        senders: dict[str, dict[str, str]] = {}
        for variable, value in os.environ.items():
            found = sender_variable(variable)
            if found and value:
                name, field = found
                senders.setdefault(name, {})[field] = value
        return {"senders": senders} if senders else {}


def sender_variable(variable: str) -> tuple[str, str] | None:
    """(`jamf-eu`, `url`) for `WINDFALL_SENDER_JAMF_EU_URL`; None for a variable that is not about a sender."""
    shorthand = re.fullmatch(rf"{PREFIX}(MICROMDM|NANOMDM)_(URL|API_KEY|API_KEY_FILE)", variable)
    if shorthand:
        return shorthand[1].lower(), shorthand[2].lower()
    full = re.fullmatch(rf"{PREFIX}SENDER_([A-Z0-9_]+?)_({'|'.join(_SENDER_FIELDS)})", variable)
    if full:
        return full[1].lower().replace("_", "-"), full[2].lower()
    return None


def config_file() -> str:
    """The file that `WINDFALL_CONFIG` names, else `windfall.toml` in the working directory."""
    return os.environ.get(f"{PREFIX}CONFIG") or "windfall.toml"


def set_variables(variables: Mapping[str, str]) -> None:
    """Set what settings are read from, for this process and for all that it starts."""
    os.environ.update(variables)
