"""What devices answered about themselves, in a unit of work: lists that replace each other, facts that are joined."""

from sqlalchemy import Connection


class Inventory:
    """The answers of a batch."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def flush(self) -> None:
        """Write what was answered, table by table in one order."""
