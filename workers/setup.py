"""From settings to what decisions and effects are given: whose server takes commands, clients for every far end."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from clients.chat import Chat
from clients.jamf import JamfPro
from clients.jamf_token import Login
from clients.mail import Mailer
from clients.micromdm import MicroMDM
from clients.nanomdm import NanoMDM
from config.secret_file import Secrets
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
        jamf_enriched=frozenset(name for name in jamf_readable(settings) if settings.senders[name].enrich),
        jamf_accounts={name: settings.senders[name].account or "" for name in jamf_readable(settings)},
        policies=tuple(Policy(**app.model_dump()) for app in settings.apps),
        mail_to=settings.mail_to if settings.smtp_location else (),
        chat=settings.chat_location is not None,
        inventory_age=timedelta(days=settings.inventory_age) if settings.inventory_age is not None else None,
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
        jamf={name: _jamf(settings, name) for name in jamf_readable(settings)},
        mailer=Mailer(smtp, settings.mail_from) if smtp else None,
        chat=Chat(chat.__str__, form=settings.chat_form) if chat else None,
    )


def jamf_readable(settings: Settings) -> list[str]:
    """Senders whose Jamf Pro somebody wants to read, and says where it is and as whom."""
    senders = settings.senders.items()
    return [name for name, sender in senders if sender.reads_jamf and sender.url and sender.account]


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
