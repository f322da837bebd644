"""From settings to what decisions and effects are given: whose server takes commands, clients for every far end."""

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Engine

from clients.chat import Chat
from clients.mail import Mailer
from clients.micromdm import MicroMDM
from clients.nanomdm import NanoMDM
from config.settings import Settings
from domain.kinds import MDM_KINDS
from tasks.outside import MdmServer, Outside
from tasks.setup import Policy, Setup


def setup_of(settings: Settings) -> Setup:
    """What people configured that decisions depend on."""
    senders = settings.senders.items()
    return Setup(
        mdm_servers={name: sender.kind for name, sender in senders if sender.kind in MDM_KINDS and sender.url},
        jamf_urls={name: sender.url for name, sender in senders if sender.kind == "jamf" and sender.url},
        policies=tuple(Policy(**app.model_dump()) for app in settings.apps),
        mail_to=settings.mail_to if settings.smtp_location else (),
        chat=settings.chat_location is not None,
    )


def outside_of(settings: Settings, engine: Engine) -> Outside:
    """Clients for every far end that is configured; nothing is connected yet."""
    setup = setup_of(settings)
    smtp, chat = settings.smtp_location, settings.chat_location
    return Outside(
        engine=engine,
        now=lambda: datetime.now(UTC),
        setup=setup,
        mdm={name: _mdm_server(settings, name) for name in setup.mdm_servers},
        mailer=Mailer(smtp, settings.mail_from) if smtp else None,
        chat=Chat(chat.__str__, form=settings.chat_form) if chat else None,
    )


def _mdm_server(settings: Settings, name: str) -> MdmServer:
    sender, key = settings.senders[name], _api_key(settings, name)
    url = sender.url or ""
    if sender.kind == "nanomdm":
        return NanoMDM(url, key, sender.api, name=name)
    return MicroMDM(url, key, name=name)


def _api_key(settings: Settings, name: str) -> Callable[[], str]:
    secrets = settings.sender_api_key(name)

    def current() -> str:
        return (secrets.current() or b"").decode()

    return current
