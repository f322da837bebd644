"""The tables of the configuration that come more than once: senders, and what happens to apps."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from config.secret_file import Secrets
from domain.device_link import checked_template
from domain.kinds import MDM_KINDS


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
    # Page of a device of a micromdm or nanomdm sender, for notices: a URL with `{serial_number}` or `{udid}` in it.
    # Unset: its page in Jamf Pro, where one record, and no other, has its serial number.
    device_link: Annotated[str, AfterValidator(checked_template)] | None = None
    # Name of the header in which Jamf Pro sends its secret.
    header: str = "X-Windfall-Token"
    # Id of the API client with which Jamf Pro is read (Jamf Pro 10.49 or newer).
    client_id: str | None = Field(default=None, min_length=1)
    # Its secret.
    client_secret: SecretStr | None = None
    # The same from a file.
    client_secret_file: Path | None = None
    # Or, without an API client, the user with whom Jamf Pro is read.
    username: str | None = Field(default=None, min_length=1)
    # Its password.
    password: SecretStr | None = None
    # The same from a file.
    password_file: Path | None = None
    # Read a device's record in Jamf Pro after its inventory was updated, and the names of policies that ran.
    enrich: bool = False
    # Seconds between two reads of all records in Jamf Pro, for what its webhooks did not tell; unset: none.
    reconcile_every: int | None = Field(default=None, ge=300)
    # Name of the header in which Jamf Pro signs the body with a secret (HASH_SIGNATURE); then nothing else is accepted.
    signature_header: str | None = Field(default=None, min_length=1)
    # What it signs with.
    signature_algorithm: Literal["sha256", "sha512"] = "sha256"
    # How it writes the signature: `hex` or `base64`; unset: either.
    signature_encoding: Literal["hex", "base64"] | None = None
    # What it writes before the signature, such as `sha256=`.
    signature_prefix: str | None = None
    # The answer to Jamf Pro's `SCEPChallenge`. With neither this nor `scep_url` it is answered like any event.
    scep_challenge: SecretStr | None = Field(default=None, min_length=1)
    # The same from a file.
    scep_challenge_file: Path | None = None
    # Where that answer is asked for: the event is posted there as JSON, without its secrets.
    scep_url: SecretStr | None = None
    # The same from a file.
    scep_url_file: Path | None = None
    # Bearer token for `scep_url`.
    scep_token: SecretStr | None = None
    # The same from a file.
    scep_token_file: Path | None = None
    # Seconds in all for asking there; Jamf Pro must wait longer (its read timeout, 15 at the most).
    scep_timeout: float = Field(default=8.0, gt=0, le=15)

    def secret(
        self, field: Literal["api_key", "client_secret", "password", "scep_challenge", "scep_url", "scep_token"]
    ) -> Secrets:
        """What is in this field or in its file; none, when neither is set."""
        given: SecretStr | None = getattr(self, field)
        values = () if given is None else (given.get_secret_value().encode(),)
        return Secrets(values, path=getattr(self, f"{field}_file"))

    @property
    def account(self) -> str | None:
        """As whom Jamf Pro is read: an API client's id, or a user's name."""
        return self.client_id or self.username

    @property
    def account_secret(self) -> Literal["client_secret", "password"]:
        """The field of that account's secret."""
        return "password" if self.username else "client_secret"

    @property
    def reads_jamf(self) -> bool:
        """Whether anybody wants to read this Jamf Pro."""
        return self.enrich or self.reconcile_every is not None

    @property
    def asks_for_challenges(self) -> bool:
        """Whether the answer to a `SCEPChallenge` comes from another server."""
        return self.scep_url is not None or self.scep_url_file is not None

    @property
    def gives_challenges(self) -> bool:
        """Whether the answer to a `SCEPChallenge` is our own."""
        return self.scep_challenge is not None or self.scep_challenge_file is not None

    @model_validator(mode="after")
    def _only_mdm_is_linked_to(self) -> Self:
        if self.kind not in MDM_KINDS and self.device_link is not None:
            raise ValueError("`device_link` is for the kinds micromdm and nanomdm; for jamf, `url` makes the links")
        return self

    @model_validator(mode="after")
    def _only_jamf_is_read(self) -> Self:
        login = self.client_id or self.client_secret or self.client_secret_file
        user = self.username or self.password or self.password_file
        if self.kind != "jamf" and (login or user or self.reads_jamf):
            raise ValueError(
                "`client_…`, `username`, `password`, `enrich` and `reconcile_every` are for senders of the kind jamf"
            )
        if login and user:
            raise ValueError("either `client_id` with its secret, or `username` with its password")
        return self

    @model_validator(mode="after")
    def _only_jamf_signs_and_asks(self) -> Self:
        if self.kind != "jamf" and (self.signature_header or self.asks_for_challenges or self.gives_challenges):
            raise ValueError("`scep_…` and `signature_…` are for senders of the kind jamf")
        if self.asks_for_challenges and self.gives_challenges:
            raise ValueError("either `scep_challenge` or `scep_url`: one answer is sent")
        if self.scep_url is not None and not re.match("https?://", self.scep_url.get_secret_value()):
            raise ValueError("`scep_url` must begin with https:// or http://")
        return self


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
