"""Which devices were asked what they are, and when."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_INFORMATION = sa.text("request_type = 'DeviceInformation'")


def upgrade() -> None:
    op.create_index(
        "ix_commands_information",
        "commands",
        ["id", "device_id"],
        postgresql_where=_INFORMATION,
        sqlite_where=_INFORMATION,
    )
