"""All settings: `windfall.toml`, environment variables over it, and secrets from files. See config.loading."""

import os
import re
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from config.environment import PREFIX, SenderEnvironment, config_file
from config.secret_file import Secrets
from config.sections import AppSettings, SenderSettings, as_list
from domain.kinds import KINDS

MEBIBYTE = 1024 * 1024
_TAKEN = ("api-token", "fingerprint-key")
_LONGEST_SOCKET_PATH = 100  # the kernel allows 107 bytes


def _bind(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}", value):
        raise ValueError(f"{value!r} is not HOST:PORT, for example 127.0.0.1:8000")
    return value


def _location(*schemes: str) -> BeforeValidator:
    """A URL of one of these schemes; what is wrong with it is said without repeating it, as it may hold a password."""

    def check(value: object) -> object:
        if isinstance(value, str) and not value.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            raise ValueError(f"the URL must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        return value

    return BeforeValidator(check)


Bind = Annotated[str, BeforeValidator(_bind)]


class Settings(BaseSettings):
    """All that Windfall can be told. Each key is also an environment variable: `WINDFALL_` and its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    # Folder of the database, the spool, the embedded Redis and generated secrets.
    home: Path = Path("var")
    # Redis or Valkey, 6.2 or newer. Unset: one of our own, embedded in `home`.
    redis_url: Annotated[SecretStr | None, _location("redis", "rediss", "unix")] = None
    # The same from a file.
    redis_url_file: Path | None = None
    # SQLAlchemy URL of PostgreSQL or SQLite. Unset: SQLite in `home`.
    database_url: Annotated[SecretStr | None, _location("postgresql", "postgres", "postgresql+psycopg", "sqlite")] = (
        None
    )
    # The same from a file.
    database_url_file: Path | None = None
    # Where webhooks are taken in.
    ingest_bind: Bind = "127.0.0.1:8000"
    # Where API and metrics are served; private.
    console_bind: Bind = "127.0.0.1:8001"
    # Processes that take webhooks in, on this machine.
    ingest_workers: int = Field(default=2, ge=1, le=64)
    # Requests that each of them stores at the same time; they share one fsync.
    ingest_threads: int = Field(default=8, ge=1, le=128)
    # Processes that work the event queues, on this machine.
    worker_processes: int = Field(default=2, ge=1, le=128)
    # Effects (commands, mails, chat messages) that are carried out at the same time, on this machine.
    effects_threads: int = Field(default=16, ge=1, le=256)
    # Bytes that the spool may hold while Redis is away.
    spool_max_bytes: int = Field(default=1024 * MEBIBYTE, ge=MEBIBYTE)
    # Days for which the bodies of events are kept, for search and replay.
    body_days: int = Field(default=30, ge=1, le=3650)
    # Days after which an MDM device that is there is asked for everything again, each at a time of its own; 0.5 is
    # twelve hours. Unset: only when somebody asks.
    inventory_age: float | None = Field(default=None, ge=0.01, le=365)
    # What is installed when a licence comes, and removed when it goes; by default everything and nothing.
    apps: tuple[AppSettings, ...] = ()
    # Who is told by mail that devices came or went, assignments failed or actions died. Nobody: no mails.
    mail_to: Annotated[tuple[str, ...], NoDecode, BeforeValidator(as_list)] = ()
    # From whom these mails are.
    mail_from: str = "windfall@localhost"
    # Mail server: `smtp://`, `smtp+starttls://` or `smtps://`, with user and password if it wants them.
    smtp_url: Annotated[SecretStr | None, _location("smtp", "smtp+starttls", "smtps")] = None
    # The same from a file.
    smtp_url_file: Path | None = None
    # Address of a chat's incoming webhook, which is told the same. Unset: no messages.
    chat_url: Annotated[SecretStr | None, _location("https", "http")] = None
    # The same from a file.
    chat_url_file: Path | None = None
    # What that webhook takes: `slack`, or plain `json`.
    chat_form: Literal["slack", "json"] = "slack"
    # Bearer token of the JSON API.
    api_token: SecretStr | None = None
    # The same from a file; unset: `secrets/api-token` in `home`.
    api_token_file: Path | None = None
    # Key of the fingerprints that stand for redacted secrets; the same on every machine.
    fingerprint_key: SecretStr | None = None
    # The same from a file; unset: `secrets/fingerprint-key` in `home`.
    fingerprint_key_file: Path | None = None
    # Sentry's address; unset: nothing is reported. (Environment: `SENTRY_DSN`.)
    sentry_dsn: SecretStr | None = Field(default=None, validation_alias="sentry_dsn")
    # The same from a file. (Environment: `SENTRY_DSN_FILE`.)
    sentry_dsn_file: Path | None = Field(default=None, validation_alias="sentry_dsn_file")
    # Who may post, by name.
    senders: dict[str, SenderSettings] = Field(default_factory=dict, validate_default=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        toml = TomlConfigSettingsSource(settings_cls, toml_file=config_file())
        return (init_settings, env_settings, SenderEnvironment(settings_cls), toml)

    @model_validator(mode="before")
    @classmethod
    def _senders_by_default(cls, values: dict[str, Any]) -> dict[str, Any]:
        """One sender a kind exists by default, named like its kind; what is configured comes on top."""
        senders = {kind: {"kind": kind} for kind in KINDS}
        for name, given in (values.get("senders") or {}).items():
            senders[name] = {**senders.get(name, {}), **given} if isinstance(given, dict) else given
        return {**values, "senders": senders}

    @field_validator("senders")
    @classmethod
    def _senders_are_named_well(cls, senders: dict[str, SenderSettings]) -> dict[str, SenderSettings]:
        for name in senders:
            if not re.fullmatch(r"[a-z0-9-]{1,100}", name):
                raise ValueError(f"{name!r}: a sender's name has only a-z, 0-9 and '-', at most 100 of them")
            if name in _TAKEN:
                raise ValueError(f"{name!r} is the name of another secret in `secrets/`; take another one")
        return senders

    @cached_property
    def home_path(self) -> Path:
        return self.home.absolute()

    @property
    def spool_path(self) -> Path:
        return self.home_path / "spool"

    @property
    def secrets_path(self) -> Path:
        return self.home_path / "secrets"

    @property
    def redis_is_embedded(self) -> bool:
        return self.redis_url is None and self.redis_url_file is None

    @cached_property
    def redis_socket(self) -> Path:
        """Socket of the embedded Redis: in `home`, or in a private temporary folder when that path is too long."""
        path = self.home_path / "redis" / "redis.sock"
        if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
            return path
        digest = sha256(os.fsencode(self.home_path)).hexdigest()[:16]
        return Path(gettempdir()) / f"windfall-{os.getuid()}-{digest}" / "redis.sock"

    @property
    def redis_location(self) -> str:
        """URL for redis-py; holds the password, never log it."""
        given = _text(self.redis_url, self.redis_url_file)
        return given or f"unix://{self.redis_socket}?db=0"

    @property
    def broker_location(self) -> str:
        """The same for Celery, which names sockets in its own way."""
        location = self.redis_location
        if location.startswith("unix://"):
            path, _, query = location.removeprefix("unix://").partition("?")
            database = query.removeprefix("db=") or "0"
            return f"redis+socket://{path}?virtual_host={database}"
        return location

    @property
    def database_location(self) -> str:
        """SQLAlchemy's URL; a plain `postgresql://` means the driver we ship, psycopg 3."""
        given = _text(self.database_url, self.database_url_file)
        if given is None:
            return f"sqlite:///{self.home_path / 'windfall.db'}"
        return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", given)

    @property
    def smtp_location(self) -> str | None:
        """URL of the mail server; may hold a password, never log it."""
        return _text(self.smtp_url, self.smtp_url_file)

    @property
    def chat_location(self) -> str | None:
        """The webhook's address, which is a secret."""
        return _text(self.chat_url, self.chat_url_file)

    def sender_api_key(self, name: str) -> Secrets:
        """The key of the API of the server behind a sender; none, when it has none."""
        return self.senders[name].secret("api_key")

    @property
    def sentry_location(self) -> str | None:
        return _text(self.sentry_dsn, self.sentry_dsn_file)

    def sender_secrets(self, name: str) -> Secrets:
        sender = self.senders[name]
        return _secrets(sender.secrets, sender.secrets_file, self.secrets_path / name)

    def api_tokens(self) -> Secrets:
        return _secrets(_one(self.api_token), self.api_token_file, self.secrets_path / "api-token")

    def fingerprint_keys(self) -> Secrets:
        return _secrets(_one(self.fingerprint_key), self.fingerprint_key_file, self.secrets_path / "fingerprint-key")


def _one(secret: SecretStr | None) -> tuple[SecretStr, ...]:
    return (secret,) if secret is not None else ()


def _text(value: SecretStr | None, path: Path | None) -> str | None:
    if value is not None:
        return value.get_secret_value()
    return path.read_text().strip() if path is not None else None


def _secrets(values: tuple[SecretStr, ...], path: Path | None, default_path: Path) -> Secrets:
    if values:
        return Secrets(tuple(value.get_secret_value().encode() for value in values))
    return Secrets(path=path or default_path)
