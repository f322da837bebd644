"""What Jamf Pro says: its servers, its records of devices, groups, policies, patch titles, and the use of its API.

Where there is a column `facts`, those beside the ones that an id is made from repeat facts (see domain.facts), to be
searched by.
"""

from sqlalchemy import JSON, Boolean, Column, Computed, Index, String, Table, Text

from state.moment import Moment
from state.schema.metadata import DIGEST, LONGEST_ID, metadata

jamf_servers = Table(
    "jamf_servers",
    metadata,
    Column("id", String(DIGEST), primary_key=True),
    Column("sender", String(100), nullable=False),
    Column("url", Text),
    Column("institution", Text),
    # No event tells it; who asks the server does.
    Column("version", String(LONGEST_ID)),
    # The last start and stop of any node.
    Column("started_at", Moment),
    Column("stopped_at", Moment),
    Column("facts", JSON, nullable=False),
)

jamf_nodes = Table(
    "jamf_nodes",
    metadata,
    Column("id", String(DIGEST), primary_key=True),
    Column("sender", String(100), nullable=False),
    Column("host_address", String(LONGEST_ID), nullable=False),
    # False after a clean stop; a crash tells nobody.
    Column("running", Boolean),
    Column("is_cluster_master", Boolean),
    Column("web_application_path", Text),
    Column("started_at", Moment),
    Column("stopped_at", Moment),
    Column("facts", JSON, nullable=False),
    Index("ix_jamf_nodes_sender", "sender"),
)

jamf_devices = Table(
    "jamf_devices",
    metadata,
    # Of sender, family and number of the record; where an event tells no number, of the first id that it does tell.
    Column("id", String(DIGEST), primary_key=True),
    Column("sender", String(100), nullable=False),
    # computer, mobile_device or unknown.
    Column("family", String(20), nullable=False),
    Column("jamf_id", String(LONGEST_ID)),
    Column("serial_number", String(LONGEST_ID)),
    # As in devices.
    Column("serial_key", String(LONGEST_ID)),
    Column("udid", String(LONGEST_ID)),
    Column("management_id", String(LONGEST_ID)),
    Column("name", Text),
    Column("model", Text),
    Column("os_version", String(LONGEST_ID)),
    # None: no event told.
    Column("enrolled", Boolean),
    Column("checked_in_at", Moment),
    Column("inventory_at", Moment),
    Column("push_capability_changed_at", Moment),
    Column("first_seen_at", Moment),
    Column("last_seen_at", Moment),
    Column("facts", JSON, nullable=False),
    Index("ix_jamf_devices_serial_key", "serial_key"),
    Index("ix_jamf_devices_udid", "udid"),
    Index("ix_jamf_devices_management_id", "management_id"),
    Index("ix_jamf_devices_jamf_id", "jamf_id"),
)

jamf_groups = Table(
    "jamf_groups",
    metadata,
    Column("id", String(DIGEST), primary_key=True),
    Column("sender", String(100), nullable=False),
    # computers, mobile_devices or users.
    Column("kind", String(20), nullable=False),
    Column("group_id", String(LONGEST_ID), nullable=False),
    Column("name", Text),
    Column("changed_at", Moment),
    Column("facts", JSON, nullable=False),
    Index("ix_jamf_groups_group_id", "group_id"),
)

jamf_memberships = Table(
    "jamf_memberships",
    metadata,
    Column("id", String(DIGEST), primary_key=True),
    Column("sender", String(100), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("group_id", String(LONGEST_ID), nullable=False),
    # Number of the computer, mobile device or user.
    Column("member_id", String(LONGEST_ID), nullable=False),
    # The last entry and the last exit; of both at once the entry counts.
    Column("entered_at", Moment),
    Column("left_at", Moment),
    Column("is_member", Boolean, Computed("entered_at IS NOT NULL AND (left_at IS NULL OR entered_at >= left_at)")),
    Index("ix_jamf_memberships_group_id", "group_id", "kind", "sender"),
    Index("ix_jamf_memberships_member_id", "member_id", "kind", "sender"),
)

jamf_policies = Table(
    "jamf_policies",
    metadata,
    Column("id", String(DIGEST), primary_key=True),
    Column("sender", String(100), nullable=False),
    # policy or patch_policy.
    Column("kind", String(20), nullable=False),
    Column("policy_id", String(LONGEST_ID), nullable=False),
    # Events name patch policies only.
    Column("name", Text),
    Column("title_id", String(LONGEST_ID)),
    # When it last ended on any computer.
    Column("finished_at", Moment),
    Column("facts", JSON, nullable=False),
    Index("ix_jamf_policies_policy_id", "policy_id"),
)

jamf_policy_results = Table(
    "jamf_policy_results",
    metadata,
    Column("id", String(DIGEST), primary_key=True),
    Column("sender", String(100), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("policy_id", String(LONGEST_ID), nullable=False),
    # Id in jamf_devices.
    Column("device_id", String(DIGEST), nullable=False),
    # Of the last run that told it; the last good and the last bad run.
    Column("successful", Boolean),
    Column("succeeded_at", Moment),
    Column("failed_at", Moment),
    Column("finished_at", Moment),
    Column("deployed_version", String(LONGEST_ID)),
    Column("facts", JSON, nullable=False),
    Index("ix_jamf_policy_results_policy_id", "policy_id", "kind", "sender"),
    Index("ix_jamf_policy_results_device_id", "device_id"),
)

jamf_patch_titles = Table(
    "jamf_patch_titles",
    metadata,
    Column("id", String(DIGEST), primary_key=True),
    Column("sender", String(100), nullable=False),
    Column("title_id", String(LONGEST_ID), nullable=False),
    Column("name", Text),
    Column("latest_version", String(LONGEST_ID)),
    # When the definition was made, and when Jamf Pro told of it.
    Column("last_update_at", Moment),
    Column("told_at", Moment),
    Column("facts", JSON, nullable=False),
    Index("ix_jamf_patch_titles_title_id", "title_id"),
)

jamf_ade_devices = Table(
    "jamf_ade_devices",
    metadata,
    Column("id", String(DIGEST), primary_key=True),
    Column("sender", String(100), nullable=False),
    # Number of the Automated Device Enrollment instance.
    Column("instance_id", String(LONGEST_ID)),
    Column("serial_key", String(LONGEST_ID), nullable=False),
    Column("serial_number", String(LONGEST_ID)),
    Column("model", Text),
    Column("description", Text),
    Column("asset_tag", String(LONGEST_ID)),
    Column("assigned_at", Moment),
    Column("told_at", Moment),
    Column("facts", JSON, nullable=False),
    Index("ix_jamf_ade_devices_serial_key", "serial_key"),
)

jamf_api_operations = Table(
    "jamf_api_operations",
    metadata,
    # Begins with the time it happened, and ends with the event's key: one row each.
    Column("id", String(DIGEST), primary_key=True),
    Column("sender", String(100), nullable=False),
    Column("occurred_at", Moment, nullable=False),
    Column("authorized_username", String(LONGEST_ID)),
    # As it was sent, and as create, read, update or delete.
    Column("operation_type", String(LONGEST_ID)),
    Column("operation", String(20)),
    Column("object_type_name", String(LONGEST_ID)),
    Column("object_id", String(LONGEST_ID)),
    Column("object_name", Text),
    Column("successful", Boolean),
    Index("ix_jamf_api_operations_authorized_username", "authorized_username", "id"),
    Index("ix_jamf_api_operations_object_type_name", "object_type_name", "object_id"),
)
