"""When each device is asked for everything."""

import sqlalchemy as sa
from alembic import op

from state.moment import Moment

revision = "0005"
down_revision = "0004"

_WAITING = sa.text("waits_for IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "inquiries",
        sa.Column("id", sa.String(255), nullable=False),
        sa.Column("due_at", Moment),
        sa.Column("asked_at", Moment),
        sa.Column("waits_for", sa.String(32)),
        sa.PrimaryKeyConstraint("id", name="pk_inquiries"),
    )
    op.create_index("ix_inquiries_due_at", "inquiries", ["due_at"])
    op.create_index("ix_inquiries_asked_at", "inquiries", ["asked_at"])
    op.create_index(
        "ix_inquiries_waits_for", "inquiries", ["waits_for"], postgresql_where=_WAITING, sqlite_where=_WAITING
    )
