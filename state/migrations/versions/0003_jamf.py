"""Jamf Pro: servers, computers and mobile devices, groups, policies, patch titles, API operations."""

import sqlalchemy as sa
from alembic import op

from state.moment import Moment

revision = "0003"
down_revision = "0002"

_IS_MEMBER = "entered_at IS NOT NULL AND (left_at IS NULL OR entered_at >= left_at)"


def upgrade() -> None:
    _say_of_which_record_events_are()
    _create_servers()
    _create_devices()
    _create_groups()
    _create_policies()
    _create_the_rest()


def _say_of_which_record_events_are() -> None:
    op.add_column("events", sa.Column("jamf_device_id", sa.String(32)))
    of_jamf = sa.text("jamf_device_id IS NOT NULL")
    op.create_index(
        "ix_events_jamf_device_id_id",
        "events",
        ["jamf_device_id", "id"],
        postgresql_where=of_jamf,
        sqlite_where=of_jamf,
    )


def _create_servers() -> None:
    op.create_table(
        "jamf_servers",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("sender", sa.String(100), nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("institution", sa.Text),
        sa.Column("version", sa.String(255)),
        sa.Column("started_at", Moment),
        sa.Column("stopped_at", Moment),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_jamf_servers"),
    )
    op.create_table(
        "jamf_nodes",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("sender", sa.String(100), nullable=False),
        sa.Column("host_address", sa.String(255), nullable=False),
        sa.Column("running", sa.Boolean),
        sa.Column("is_cluster_master", sa.Boolean),
        sa.Column("web_application_path", sa.Text),
        sa.Column("started_at", Moment),
        sa.Column("stopped_at", Moment),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_jamf_nodes"),
    )
    op.create_index("ix_jamf_nodes_sender", "jamf_nodes", ["sender"])


def _create_devices() -> None:
    op.create_table(
        "jamf_devices",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("sender", sa.String(100), nullable=False),
        sa.Column("family", sa.String(20), nullable=False),
        sa.Column("jamf_id", sa.String(255)),
        sa.Column("serial_number", sa.String(255)),
        sa.Column("serial_key", sa.String(255)),
        sa.Column("udid", sa.String(255)),
        sa.Column("management_id", sa.String(255)),
        sa.Column("name", sa.Text),
        sa.Column("model", sa.Text),
        sa.Column("os_version", sa.String(255)),
        sa.Column("enrolled", sa.Boolean),
        sa.Column("checked_in_at", Moment),
        sa.Column("inventory_at", Moment),
        sa.Column("push_capability_changed_at", Moment),
        sa.Column("first_seen_at", Moment),
        sa.Column("last_seen_at", Moment),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_jamf_devices"),
    )
    op.create_index("ix_jamf_devices_jamf_id", "jamf_devices", ["jamf_id"])
    op.create_index("ix_jamf_devices_management_id", "jamf_devices", ["management_id"])
    op.create_index("ix_jamf_devices_serial_key", "jamf_devices", ["serial_key"])
    op.create_index("ix_jamf_devices_udid", "jamf_devices", ["udid"])


def _create_groups() -> None:
    op.create_table(
        "jamf_groups",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("sender", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("group_id", sa.String(255), nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("changed_at", Moment),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_jamf_groups"),
    )
    op.create_index("ix_jamf_groups_group_id", "jamf_groups", ["group_id"])
    op.create_table(
        "jamf_memberships",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("sender", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("group_id", sa.String(255), nullable=False),
        sa.Column("member_id", sa.String(255), nullable=False),
        sa.Column("entered_at", Moment),
        sa.Column("left_at", Moment),
        sa.Column("is_member", sa.Boolean, sa.Computed(_IS_MEMBER)),
        sa.PrimaryKeyConstraint("id", name="pk_jamf_memberships"),
    )
    op.create_index("ix_jamf_memberships_group_id", "jamf_memberships", ["group_id", "kind", "sender"])
    op.create_index("ix_jamf_memberships_member_id", "jamf_memberships", ["member_id", "kind", "sender"])


def _create_policies() -> None:
    op.create_table(
        "jamf_policies",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("sender", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("policy_id", sa.String(255), nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("title_id", sa.String(255)),
        sa.Column("finished_at", Moment),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_jamf_policies"),
    )
    op.create_index("ix_jamf_policies_policy_id", "jamf_policies", ["policy_id"])
    op.create_table(
        "jamf_policy_results",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("sender", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("policy_id", sa.String(255), nullable=False),
        sa.Column("device_id", sa.String(32), nullable=False),
        sa.Column("successful", sa.Boolean),
        sa.Column("succeeded_at", Moment),
        sa.Column("failed_at", Moment),
        sa.Column("finished_at", Moment),
        sa.Column("deployed_version", sa.String(255)),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_jamf_policy_results"),
    )
    op.create_index("ix_jamf_policy_results_device_id", "jamf_policy_results", ["device_id"])
    op.create_index("ix_jamf_policy_results_policy_id", "jamf_policy_results", ["policy_id", "kind", "sender"])


def _create_the_rest() -> None:
    op.create_table(
        "jamf_patch_titles",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("sender", sa.String(100), nullable=False),
        sa.Column("title_id", sa.String(255), nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("latest_version", sa.String(255)),
        sa.Column("last_update_at", Moment),
        sa.Column("told_at", Moment),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_jamf_patch_titles"),
    )
    op.create_index("ix_jamf_patch_titles_title_id", "jamf_patch_titles", ["title_id"])
    op.create_table(
        "jamf_ade_devices",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("sender", sa.String(100), nullable=False),
        sa.Column("instance_id", sa.String(255)),
        sa.Column("serial_key", sa.String(255), nullable=False),
        sa.Column("serial_number", sa.String(255)),
        sa.Column("model", sa.Text),
        sa.Column("description", sa.Text),
        sa.Column("asset_tag", sa.String(255)),
        sa.Column("assigned_at", Moment),
        sa.Column("told_at", Moment),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_jamf_ade_devices"),
    )
    op.create_index("ix_jamf_ade_devices_serial_key", "jamf_ade_devices", ["serial_key"])
    op.create_table(
        "jamf_api_operations",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("sender", sa.String(100), nullable=False),
        sa.Column("occurred_at", Moment, nullable=False),
        sa.Column("authorized_username", sa.String(255)),
        sa.Column("operation_type", sa.String(255)),
        sa.Column("operation", sa.String(20)),
        sa.Column("object_type_name", sa.String(255)),
        sa.Column("object_id", sa.String(255)),
        sa.Column("object_name", sa.Text),
        sa.Column("successful", sa.Boolean),
        sa.PrimaryKeyConstraint("id", name="pk_jamf_api_operations"),
    )
    op.create_index("ix_jamf_api_operations_authorized_username", "jamf_api_operations", ["authorized_username", "id"])
    op.create_index("ix_jamf_api_operations_object_type_name", "jamf_api_operations", ["object_type_name", "object_id"])
