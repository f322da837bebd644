"""What `windfall up --demo` tells people when all is up: what this is, and how to look at it."""

import sys
from pathlib import Path

from config.settings import Settings
from console.banner import local_url
from console.demo import RECEIVED, Demo
from console.home import short_path


def demo_banner(settings: Settings, demo: Demo) -> str:
    """Commands to try among it."""
    prefix = " ".join(f"{name}={short_path(path)}" for name, path in demo.prefix.items())
    windfall = short_path(Path(sys.executable).with_name("windfall"))
    console = local_url(settings.console_bind)
    return "\n".join(
        [
            "Windfall is up, as a demo.",
            "",
            "All that it talks to is simulated: MicroMDM, NanoMDM, Apple, Jamf Pro, a mail server and a chat.",
            f"{demo.devices} devices enrol now, Apple assigns them apps, and Windfall has these installed.",
            "Then devices are wiped, leave and come back, and licences come and go. Within a quarter of an hour each",
            "device is asked for everything; Jamf Pro is read after its events. In another terminal, try:",
            "",
            f"  {prefix} {windfall} devices",
            f"  {prefix} {windfall} devices show ID",
            f"  {prefix} {windfall} jamf devices",
            f"  {prefix} {windfall} actions",
            f'  curl -sS -H "Authorization: Bearer {_token(settings)}" {console}/api/installs',
            "",
            f"Console      {console}/",
            f"Front door   {local_url(settings.ingest_bind)}",
            f"Simulators   tail -f {short_path(settings.home_path / 'log' / 'simulators.log')}",
            f"Mails, chat  {short_path(settings.home_path / RECEIVED)}  (the newest, as .eml and .json)",
            f"Everything   {settings.home_path}  (delete it to begin anew)",
            "",
            "Ctrl-C stops everything.",
        ]
    )


def _token(settings: Settings) -> str:
    """How a shell gets at the API token; where it is configured, people know it."""
    if settings.api_token is not None:
        return "$TOKEN"
    return f"$(cat {short_path(settings.api_token_file or settings.secrets_path / 'api-token')})"
