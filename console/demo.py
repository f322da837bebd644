"""`windfall up --demo`: everything on this machine, with simulated servers and devices at the other end of every wire.

The demo has a home, settings and secrets of its own, and does not start where anything real is configured.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from config.settings import Settings
from console.banner import local_url
from console.home import DEMO_FILE, StartError, make_private, make_secret, prefix_of_demo
from console.ports import free_ports, is_taken
from console.supervisor_config import Program, python_module

OUTWARD = ("redis_url", "database_url", "smtp_url", "chat_url", "sentry_dsn")
"""Settings that name something real, each of them also as a file."""

API_KEYS = {"micromdm": "micromdm-api-key", "nanomdm": "nanomdm-api-key"}
JAMF_CLIENT, JAMF_SECRET = "windfall-demo", "jamf-client-secret"
RECONCILE_EVERY = 300
"""Seconds; the least there is, as somebody looks for minutes."""

INVENTORY_AGE = 0.0105
"""Days: a quarter of an hour, in which each device is asked for everything once."""

MAIL_TO = "it@quillfeather.example"
RECEIVED = "received"
"""The folder of the demo's home in which the simulators keep mails and chat messages."""

CHAT_PATH = "/services/T00000000/B00000000/demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSettings:
    """What the demo is told: settings by key, and those of senders by name and key."""

    own: Mapping[str, str]
    senders: Mapping[str, Mapping[str, str]]

    def variables(self) -> dict[str, str]:
        """For processes: as environment variables, which win over everything else."""
        found = {f"WINDFALL_{key.upper()}": value for key, value in self.own.items()}
        for name, sender in self.senders.items():
            found |= {f"WINDFALL_SENDER_{name.upper()}_{key.upper()}": value for key, value in sender.items()}
        return found

    def toml(self) -> str:
        """For people, who give commands elsewhere: as a configuration file."""
        tables = {"": self.own, **{f"\n[senders.{name}]\n": sender for name, sender in self.senders.items()}}
        return "".join(
            head + "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in table.items())
            for head, table in tables.items()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """``variables`` make this process and its children the demo; ``program`` is the process of the simulators.

    ``prefix`` makes a command in another shell one of the demo: the variables that it needs, for a person to see.
    """

    devices: int
    variables: Mapping[str, str]
    program: Program
    prefix: Mapping[str, Path]


def prepare_demo(settings: Settings, devices: int) -> Demo:
    """Make its home, configuration file and keys, and find ports. Raises: StartError, when something real is set."""
    _refuse_what_is_real(settings)
    if find_spec("aiosmtpd") is None:
        raise StartError("the demo needs the package aiosmtpd: pip install 'windfall[demo]'")
    home = settings.home_path / "demo"
    for folder in (home, home / "secrets", home / RECEIVED):
        make_private(folder)
    for name in (*API_KEYS.values(), JAMF_SECRET):
        make_secret(home / "secrets" / name)
    binds = {name: _bind(settings, name) for name in ("ingest_bind", "console_bind")}
    wires = _wires()
    told = _settings(home, binds, wires)
    file = home / DEMO_FILE
    file.write_text(f"# Written by `windfall up --demo` at every start.\n{told.toml()}")
    return Demo(
        devices=devices,
        variables={"WINDFALL_CONFIG": str(file), **told.variables()},
        program=_simulators({"ingest": local_url(binds["ingest_bind"]), **wires}, devices),
        prefix=prefix_of_demo(settings),
    )


def _wires() -> dict[str, str]:
    """Where the simulators are to listen, under the names of their options."""
    micromdm, nanomdm, jamf, smtp, chat = map(str, free_ports(5))
    chat_url = f"http://127.0.0.1:{chat}{CHAT_PATH}"
    return {"micromdm": micromdm, "nanomdm": nanomdm, "jamf": jamf, "smtp": smtp, "chat": chat_url}


def _settings(home: Path, binds: Mapping[str, str], wires: Mapping[str, str]) -> DemoSettings:
    own = {
        "home": str(home),
        **binds,
        "smtp_url": f"smtp://127.0.0.1:{wires['smtp']}",
        "mail_to": MAIL_TO,
        "chat_url": wires["chat"],
        "chat_form": "slack",
        "inventory_age": str(INVENTORY_AGE),
    }
    # Who has an inventory links to that; here there is only the API.
    device_link = f"http://{binds['console_bind']}/api/devices/{{udid}}"
    servers = {
        kind: {
            "url": f"http://127.0.0.1:{wires[kind]}",
            "api_key_file": str(home / "secrets" / file),
            "device_link": device_link,
        }
        for kind, file in API_KEYS.items()
    }
    jamf = {
        "url": f"http://127.0.0.1:{wires['jamf']}",
        "client_id": JAMF_CLIENT,
        "client_secret_file": str(home / "secrets" / JAMF_SECRET),
        "enrich": "true",
        "reconcile_every": str(RECONCILE_EVERY),
    }
    return DemoSettings(own=own, senders={**servers, "jamf": jamf})


def _simulators(wires: Mapping[str, str], devices: int) -> Program:
    """Stopped first: who posts no more leaves nothing half said."""
    options = {"secrets": "../secrets", "received": f"../{RECEIVED}", "devices": str(devices), **wires}
    arguments = (word for name, value in options.items() for word in (f"--{name}", value))
    command = python_module("simulators.demo", *arguments)
    return Program(name="simulators", command=command, priority=60, stop_within=10, in_run_folder=True)


def _refuse_what_is_real(settings: Settings) -> None:
    """Commands, mails and devices that do not exist must reach nobody. Raises: StartError."""
    found = sorted(_real(settings))
    if found:
        raise StartError(
            f"the demo is for simulated servers only, and {', '.join(found)} {'is' if len(found) == 1 else 'are'} set:"
            " unset that, or start the demo in a folder without windfall.toml"
        )


def _real(settings: Settings) -> Iterator[str]:
    given = settings.model_fields_set
    yield from (name for name in OUTWARD if not given.isdisjoint((name, f"{name}_file")))
    for name, sender in settings.senders.items():
        yield from (f"senders.{name}.{field}" for field in sender.model_fields_set - {"kind"})


def _bind(settings: Settings, name: str) -> str:
    """What is configured, else the default, else a free port: a demo may run beside the real one."""
    bind: str = getattr(settings, name)
    if name not in settings.model_fields_set and is_taken(bind):
        return f"127.0.0.1:{free_ports(1)[0]}"
    return bind
