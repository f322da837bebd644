"""What is known of MDM servers themselves, by the senders they are."""

from collections.abc import Mapping

from sqlalchemy import Engine

from domain.facts import Stamp
from domain.json_types import JSON
from state.engine import write_transaction
from state.gathered import Gathered
from state.schema import mdm_servers


def tell_mdm_server(engine: Engine, sender: str, news: Mapping[str, JSON], stamp: Stamp) -> None:
    """Facts of a server, in a transaction of their own."""
    with write_transaction(engine) as connection:
        told = Gathered(connection, mdm_servers, lambda _: {})
        told.tell(sender, {}, news, stamp)
        told.flush()
