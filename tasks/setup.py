"""What people configured that decisions depend on: which servers take commands, what is installed, who is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from config.settings import Settings
from domain.kinds import MDM_KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What happens to one app, or all (None), of one location, or all. The first that fits counts."""

    adam_id: str | None = None
    u_id: str | None = None
    install: bool = True
    remove: bool = False

    def fits(self, u_id: str, adam_id: str) -> bool:
        return self.adam_id in (None, adam_id) and self.u_id in (None, u_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """``mdm_servers`` are the senders (name → kind) whose server takes commands; ``jamf_urls`` by sender too.

    ``device_links`` are templates of domain.device_link, by sender.

    ``jamf_enriched`` are the senders whose Jamf Pro is read after events, ``jamf_accounts`` as whom, by sender.

    ``inventory_age``: how old what devices said may become before they are asked again; None: as old as it will."""

    mdm_servers: Mapping[str, str] = field(default_factory=dict)
    jamf_urls: Mapping[str, str] = field(default_factory=dict)
    device_links: Mapping[str, str] = field(default_factory=dict)
    jamf_enriched: frozenset[str] = frozenset()
    jamf_accounts: Mapping[str, str] = field(default_factory=dict)
    policies: tuple[Policy, ...] = ()
    mail_to: tuple[str, ...] = ()
    chat: bool = False
    inventory_age: timedelta | None = None

    def policy(self, u_id: str, adam_id: str) -> Policy:
        """By default an app is installed when its licence comes, and stays when it goes."""
        return next((policy for policy in self.policies if policy.fits(u_id, adam_id)), Policy())


def setup_of(settings: Settings) -> Setup:
    """What people configured that decisions depend on."""
    senders = settings.senders.items()
    return Setup(
        mdm_servers={name: sender.kind for name, sender in senders if sender.kind in MDM_KINDS and sender.url},
        jamf_urls={name: sender.url for name, sender in senders if sender.kind == "jamf" and sender.url},
        device_links={name: sender.device_link for name, sender in senders if sender.device_link},
        jamf_enriched=frozenset(name for name in jamf_readable(settings) if settings.senders[name].enrich),
        jamf_accounts={name: settings.senders[name].account or "" for name in jamf_readable(settings)},
        policies=tuple(Policy(**app.model_dump()) for app in settings.apps),
        mail_to=settings.mail_to if settings.smtp_location else (),
        chat=settings.chat_location is not None,
        inventory_age=timedelta(days=settings.inventory_age) if settings.inventory_age is not None else None,
    )


def jamf_readable(settings: Settings) -> list[str]:
    """Senders whose Jamf Pro somebody wants to read, and says where it is and as whom."""
    senders = settings.senders.items()
    return [name for name, sender in senders if sender.reads_jamf and sender.url and sender.account]
