"""Licences, and what is owed: assets, assignments, users, actions, commands, installs."""

import sqlalchemy as sa
from alembic import op

from state.moment import Moment

revision = "0002"
down_revision = "0001"

_OPEN = sa.text("state IN ('pending', 'running', 'retryable')")
_PUSHED = sa.text("next_push_at IS NOT NULL")
_SENT = sa.text("state = 'command_sent'")
_CHECKED = sa.text("next_check_at IS NOT NULL")


def upgrade() -> None:
    _create_licences()
    _create_outbox()
    _create_installs()
    op.add_column("devices", sa.Column("serial_key", sa.String(255)))
    op.add_column("devices", sa.Column("generation", sa.String(32)))
    op.create_index("ix_devices_serial_key", "devices", ["serial_key"])
    op.execute("UPDATE devices SET serial_key = nullif(upper(trim(serial_number)), '')")


def _create_licences() -> None:
    op.create_table(
        "assets",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("u_id", sa.String(255), nullable=False),
        sa.Column("adam_id", sa.String(255), nullable=False),
        sa.Column("pricing_param", sa.String(255), nullable=False),
        sa.Column("total_count", sa.BigInteger),
        sa.Column("available_count", sa.BigInteger),
        sa.Column("count_known", sa.Boolean, nullable=False),
        sa.Column("net_delta", sa.BigInteger, nullable=False),
        sa.Column("unlimited", sa.Boolean, nullable=False),
        sa.Column("read_at", Moment),
        sa.Column("changed_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_assets"),
    )
    op.create_index("ix_assets_adam_id", "assets", ["adam_id"])
    op.create_table(
        "asset_deltas",
        sa.Column("key", sa.LargeBinary(32), nullable=False),
        sa.Column("asset_id", sa.String(32), nullable=False),
        sa.Column("delta", sa.BigInteger, nullable=False),
        sa.Column("received_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_asset_deltas"),
    )
    op.create_index("ix_asset_deltas_asset_id", "asset_deltas", ["asset_id"])
    op.create_index("ix_asset_deltas_received_at", "asset_deltas", ["received_at"])
    op.create_table(
        "assignments",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("u_id", sa.String(255), nullable=False),
        sa.Column("adam_id", sa.String(255), nullable=False),
        sa.Column("pricing_param", sa.String(255), nullable=False),
        sa.Column("serial_number", sa.String(255)),
        sa.Column("serial_key", sa.String(255)),
        sa.Column("client_user_id", sa.String(255)),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("changed_at", Moment, nullable=False),
        sa.Column("event_id", sa.String(255)),
        sa.Column("error_number", sa.Integer),
        sa.Column("error_message", sa.Text),
        sa.Column("results", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_assignments"),
    )
    op.create_index("ix_assignments_client_user_id", "assignments", ["client_user_id"])
    op.create_index("ix_assignments_serial_key", "assignments", ["serial_key"])
    op.create_index("ix_assignments_u_id_adam_id", "assignments", ["u_id", "adam_id"])
    op.create_table(
        "assignment_failures",
        sa.Column("u_id", sa.String(255), nullable=False),
        sa.Column("event_id", sa.String(255), nullable=False),
        sa.Column("assignment_id", sa.String(32), nullable=False),
        sa.Column("error_number", sa.Integer),
        sa.Column("error_message", sa.Text),
        sa.Column("received_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("u_id", "event_id", "assignment_id", name="pk_assignment_failures"),
    )
    op.create_index("ix_assignment_failures_received_at", "assignment_failures", ["received_at"])
    op.create_table(
        "users",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("u_id", sa.String(255), nullable=False),
        sa.Column("client_user_id", sa.String(255), nullable=False),
        sa.Column("status", sa.String(255)),
        sa.Column("email", sa.String(255)),
        sa.Column("changed_at", Moment),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
    )
    op.create_index("ix_users_client_user_id", "users", ["client_user_id"])
    op.create_table(
        "locks", sa.Column("name", sa.String(265), nullable=False), sa.PrimaryKeyConstraint("name", name="pk_locks")
    )


def _create_outbox() -> None:
    op.create_table(
        "actions",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("destination", sa.String(120), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", Moment, nullable=False),
        sa.Column("arguments", sa.JSON, nullable=False),
        sa.Column("device_id", sa.String(511)),
        sa.Column("error", sa.Text),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("settled_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_actions"),
    )
    op.create_index("ix_actions_device_id_id", "actions", ["device_id", "id"])
    op.create_index(
        "ix_actions_due",
        "actions",
        ["destination", "next_attempt_at", "id"],
        postgresql_where=_OPEN,
        sqlite_where=_OPEN,
    )
    op.create_index("ix_actions_state_id", "actions", ["state", "id"])
    op.create_index("uq_actions_key", "actions", ["key"], unique=True)
    op.create_table(
        "commands",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("command_uuid", sa.String(255), nullable=False),
        sa.Column("device_id", sa.String(511), nullable=False),
        sa.Column("sender", sa.String(100), nullable=False),
        sa.Column("request_type", sa.String(100), nullable=False),
        sa.Column("arguments", sa.JSON, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("called_at", Moment),
        sa.Column("sent_at", Moment),
        sa.Column("answered_at", Moment),
        sa.Column("answer_id", sa.String(32)),
        sa.Column("next_push_at", Moment),
        sa.Column("pushes", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_commands"),
    )
    op.create_index("ix_commands_device_id_id", "commands", ["device_id", "id"])
    op.create_index(
        "ix_commands_next_push_at", "commands", ["next_push_at"], postgresql_where=_PUSHED, sqlite_where=_PUSHED
    )
    op.create_index("uq_commands_command_uuid_device_id", "commands", ["command_uuid", "device_id"], unique=True)
    op.create_table(
        "destinations",
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("paused_until", Moment),
        sa.Column("error", sa.Text),
        sa.Column("failed_at", Moment),
        sa.PrimaryKeyConstraint("name", name="pk_destinations"),
    )


def _create_installs() -> None:
    op.create_table(
        "installs",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("device_id", sa.String(255), nullable=False),
        sa.Column("serial_number", sa.String(255), nullable=False),
        sa.Column("adam_id", sa.String(255), nullable=False),
        sa.Column("generation", sa.String(32), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("command_id", sa.String(32)),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("bundle_id", sa.String(255)),
        sa.Column("licensed_by", sa.String(255)),
        sa.Column("sent_at", Moment),
        sa.Column("acknowledged_at", Moment),
        sa.Column("acknowledged_by", sa.String(32)),
        sa.Column("installed_at", Moment),
        sa.Column("installed_by", sa.String(32)),
        sa.Column("installed_command_uuid", sa.String(255)),
        sa.Column("next_check_at", Moment),
        sa.Column("checks", sa.Integer, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("changed_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_installs"),
    )
    op.create_index("ix_installs_adam_id", "installs", ["adam_id"])
    op.create_index("ix_installs_command_id", "installs", ["command_id"])
    op.create_index(
        "ix_installs_next_check_at", "installs", ["next_check_at"], postgresql_where=_CHECKED, sqlite_where=_CHECKED
    )
    op.create_index("ix_installs_sent_at", "installs", ["sent_at"], postgresql_where=_SENT, sqlite_where=_SENT)
    op.create_index("ix_installs_serial_number", "installs", ["serial_number"])
    op.create_index("ix_installs_state_id", "installs", ["state", "id"])
    op.create_index(
        "uq_installs_device_id_adam_id_generation", "installs", ["device_id", "adam_id", "generation"], unique=True
    )
