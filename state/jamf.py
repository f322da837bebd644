"""What Jamf Pro said, in a unit of work: told by its events, joined with what is stored."""

from sqlalchemy import Connection


class Jamf:
    """Everything of Jamf Pro's that a batch tells about."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def flush(self) -> None:
        """Write what was told, table by table in one order."""
