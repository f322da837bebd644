"""From settings to what effects are given: clients for every far end."""

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Engine

from clients.chat import Chat
from clients.jamf import JamfPro
from clients.jamf_token import Login
from clients.mail import Mailer
from clients.micromdm import MicroMDM
from clients.nanomdm import NanoMDM
from config.secret_file import Secrets
from config.settings import Settings
from tasks.outside import MdmServer, Outside
from tasks.setup import jamf_readable, setup_of


def outside_of(settings: Settings, engine: Engine) -> Outside:
    """Clients for every far end that is configured; nothing is connected yet."""
    setup = setup_of(settings)
    smtp, chat = settings.smtp_location, settings.chat_location
    return Outside(
        engine=engine,
        now=lambda: datetime.now(UTC),
        setup=setup,
        mdm={name: _mdm_server(settings, name) for name in setup.mdm_servers},
        jamf={name: _jamf(settings, name) for name in jamf_readable(settings)},
        mailer=Mailer(smtp, settings.mail_from) if smtp else None,
        chat=Chat(chat.__str__, form=settings.chat_form) if chat else None,
    )


def _jamf(settings: Settings, name: str) -> JamfPro:
    sender = settings.senders[name]
    login = Login(
        name=sender.account or "",
        secret=_current(sender.secret(sender.account_secret)),
        setting=f"WINDFALL_SENDER_{name.upper().replace('-', '_')}_{sender.account_secret.upper()}",
        is_user=sender.client_id is None,
    )
    return JamfPro(sender.url or "", login, name=name)


def _mdm_server(settings: Settings, name: str) -> MdmServer:
    sender, key = settings.senders[name], _api_key(settings, name)
    url = sender.url or ""
    if sender.kind == "nanomdm":
        return NanoMDM(url, key, sender.api, name=name)
    return MicroMDM(url, key, name=name)


def _api_key(settings: Settings, name: str) -> Callable[[], str]:
    return _current(settings.sender_api_key(name))


def _current(secrets: Secrets) -> Callable[[], str]:
    def current() -> str:
        return (secrets.current() or b"").decode()

    return current
