"""The MDM servers behind our senders: which of them take commands, and what is missing where one does not."""

from clients.mdm import api_key_setting
from clients.micromdm import MicroMDM
from config.settings import Settings
from domain.errors import CannotSend
from domain.kinds import MDM_KINDS


def missing(settings: Settings, sender: str) -> str | None:
    """Which setting keeps the server behind a sender from taking commands, in words; None: it takes them."""
    known = settings.senders.get(sender)
    if known is None:
        return f"there is no sender {sender} in the configuration any more"
    if known.kind not in MDM_KINDS:
        return f"{sender} is no MDM server that takes commands, but {known.kind}"
    wanted = [setting for setting, is_set in _settings(settings, sender).items() if not is_set]
    return f"nobody says where the MDM server of {sender} is: set {' and '.join(wanted)}" if wanted else None


def micromdm_of(settings: Settings, sender: str) -> MicroMDM:
    """A client that looks into queues. Raises: CannotSend, when this is no MicroMDM that was told of."""
    problem = missing(settings, sender)
    if problem:
        raise CannotSend(problem)
    if settings.senders[sender].kind != "micromdm":
        raise CannotSend(
            f"{sender} is a NanoMDM, which has no way to look into a device's queue or to clear it; only MicroMDM has"
        )
    key = (settings.sender_api_key(sender).current() or b"").decode()
    return MicroMDM(settings.senders[sender].url or "", lambda: key, name=sender)


def _settings(settings: Settings, sender: str) -> dict[str, bool]:
    key_setting = api_key_setting(sender)
    return {
        f"{key_setting.removesuffix('API_KEY')}URL": bool(settings.senders[sender].url),
        key_setting: settings.sender_api_key(sender).current() is not None,
    }
