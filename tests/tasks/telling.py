"""People as tests need them: configured to be told, and what is owed to them."""

from dataclasses import replace

from sqlalchemy import Engine, select

from state.schema import actions
from tasks.services import Services
from tasks.setup import Setup

TOLD = Setup(mail_to=("a@example.org",), chat=True, jamf_urls={"jamf": "https://jamf.example:8443/"})


def telling(services: Services, setup: Setup = TOLD) -> Services:
    return replace(services, setup=setup)


def owed(engine: Engine, kind: str = "send_mail") -> list[tuple[str, dict[str, str]]]:
    """Name and facts of each notice that is owed, oldest first."""
    query = select(actions.c.arguments).where(actions.c.kind == kind).order_by(actions.c.id)
    with engine.connect() as connection:
        return [(arguments["notice"], arguments["facts"]) for arguments in connection.scalars(query)]
