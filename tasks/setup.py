"""What people configured that decisions depend on: which servers take commands, what is installed, who is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta


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

    ``jamf_enriched`` are the senders whose Jamf Pro is read after events, ``jamf_accounts`` as whom, by sender.

    ``inventory_age``: how old what devices said may become before they are asked again; None: as old as it will."""

    mdm_servers: Mapping[str, str] = field(default_factory=dict)
    jamf_urls: Mapping[str, str] = field(default_factory=dict)
    jamf_enriched: frozenset[str] = frozenset()
    jamf_accounts: Mapping[str, str] = field(default_factory=dict)
    policies: tuple[Policy, ...] = ()
    mail_to: tuple[str, ...] = ()
    chat: bool = False
    inventory_age: timedelta | None = None

    def policy(self, u_id: str, adam_id: str) -> Policy:
        """By default an app is installed when its licence comes, and stays when it goes."""
        return next((policy for policy in self.policies if policy.fits(u_id, adam_id)), Policy())
