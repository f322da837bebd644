"""What devices answered about themselves: lists, item by item; security and place; and what changed."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Column, Double, Index, Integer, String, Table, Text, text

from state.moment import Moment
from state.schema.metadata import DIGEST, LONGEST_ID, metadata

_SHORT = 255
_CHANNEL = 2 * LONGEST_ID + 1
_EXPIRES = text("not_after IS NOT NULL")


def _text(*names: str) -> list["Column[Any]"]:
    return [Column(name, String(_SHORT)) for name in names]


def _flags(*names: str) -> list["Column[Any]"]:
    return [Column(name, Boolean) for name in names]


def _counts(*names: str) -> list["Column[Any]"]:
    return [Column(name, BigInteger) for name in names]


def _list(name: str, *columns: Any) -> Table:
    """The items of one list of all devices. Columns are Apple's keys in snake case, empty when they were not told."""
    return Table(
        name,
        metadata,
        # Made from device, channel and key (state.keys); items of one list lie together.
        Column("id", String(DIGEST), primary_key=True),
        Column("device_id", String(LONGEST_ID), nullable=False),
        # The user channel that answered; empty: the device itself.
        Column("channel_id", String(_CHANNEL), nullable=False),
        # What tells items of a list apart.
        Column("key", String(_SHORT), nullable=False),
        # Named by the newest whole answer; False: only by later ones that were not whole.
        Column("listed", Boolean, nullable=False),
        # What those said, and when the newest did; see domain.inventory.listing. None: they said nothing.
        Column("layers", JSON(none_as_null=True)),
        Column("told_at", Moment),
        # Values of a type that their columns do not take, as text by Apple's keys.
        Column("odd", JSON(none_as_null=True)),
        *columns,
        Index(f"ix_{name}_device_id", "device_id"),
    )


inventory_lists = Table(
    "inventory_lists",
    metadata,
    # One row per list that a device or a user on it has answered.
    Column("id", String(DIGEST), primary_key=True),
    Column("device_id", String(LONGEST_ID), nullable=False),
    Column("channel_id", String(_CHANNEL), nullable=False),
    # The name of the table that has its items.
    Column("list", String(40), nullable=False),
    # Time, rank and key of the newest whole answer, as in domain.facts; None before there was one.
    Column("at", Moment),
    Column("rank", Integer),
    Column("by", String(16)),
    # How many items it had, and how many more could not be kept.
    Column("item_count", Integer, nullable=False),
    Column("left_out", Integer, nullable=False),
    # Of its items, while nothing else was told: an answer that says the same need not be compared item by item.
    Column("digest", String(64)),
    Index("ix_inventory_lists_device_id", "device_id"),
)

installed_apps = _list(
    "installed_apps",
    *_text("identifier", "name", "version", "short_version"),
    *_counts("bundle_size", "dynamic_size", "external_version_identifier"),
    *_text("distributor_identifier"),
    *_flags("installing", "app_store_vendable", "device_based_vpp", "has_update_available", "is_validated"),
    *_flags("beta_app", "ad_hoc_code_signed", "is_app_clip"),
    *_flags("download_failed", "download_waiting", "download_paused", "download_cancelled"),
    *_text("source"),
    Index("ix_installed_apps_identifier", "identifier"),
)

managed_apps = _list(
    "managed_apps",
    *_text("identifier", "status"),
    *_counts("management_flags"),
    *_flags("has_configuration", "has_feedback", "is_validated"),
    *_counts("external_version_identifier"),
    Index("ix_managed_apps_identifier", "identifier"),
)

profiles = _list(
    "profiles",
    *_text("payload_identifier", "payload_uuid", "payload_display_name", "payload_organization"),
    Column("payload_description", Text),
    *_counts("payload_version"),
    *_flags("is_managed", "is_encrypted", "has_removal_passcode", "payload_removal_disallowed"),
    *_text("source"),
    # What is in it: a list of types, identifiers and names.
    Column("payload_content", JSON(none_as_null=True)),
    Column("signer_sha256", String(64)),
    Index("ix_profiles_payload_identifier", "payload_identifier"),
)

provisioning_profiles = _list(
    "provisioning_profiles",
    *_text("name", "uuid"),
    Column("expiry_date", Moment),
)

certificates = _list(
    "certificates",
    *_text("common_name"),
    *_flags("is_identity"),
    Column("sha256", String(64)),
    Column("subject", Text),
    Column("issuer", Text),
    # Hexadecimal.
    *_text("serial"),
    Column("not_before", Moment),
    Column("not_after", Moment),
    # Why what it says could not be read.
    *_text("error"),
    # All that it takes to count devices by what expires.
    Index(
        "ix_certificates_not_after",
        *("not_after", "is_identity", "device_id"),
        postgresql_where=_EXPIRES,
        sqlite_where=_EXPIRES,
    ),
)

device_accounts = _list(
    "device_accounts",
    *_text("user_name", "full_name"),
    *_counts("uid"),
    *_text("user_guid"),
    *_flags("is_logged_in", "has_data_to_sync"),
    *_counts("data_quota", "data_used"),
    *_flags("mobile_account", "has_secure_token"),
)

os_updates = _list(
    "os_updates",
    *_text("product_key", "human_readable_name", "human_readable_name_locale"),
    Column("metadata_url", Text),
    *_text("product_name", "version", "build"),
    *_counts("download_size", "install_size"),
    Column("app_identifiers_to_close", JSON(none_as_null=True)),
    *_flags("is_critical", "is_config_data_update", "is_firmware_update", "is_major_os_update", "restart_required"),
    *_flags("allows_install_later"),
    Column("deferred_until", Moment),
    *_flags("requires_bootstrap_token", "is_security_response"),
    *_text("supplemental_build_version", "supplemental_os_version_extra"),
)

os_update_statuses = _list(
    "os_update_statuses",
    *_text("product_key"),
    *_flags("is_downloaded"),
    Column("download_percent_complete", Double),
    *_text("status"),
    *_counts("max_deferrals", "deferrals_remaining"),
    Column("next_scheduled_install", Moment),
)

os_update_results = _list(
    "os_update_results",
    *_text("product_key", "install_action", "status"),
    Column("error", Text),
)

LISTS = {
    table.name: table
    for table in (
        installed_apps,
        managed_apps,
        profiles,
        provisioning_profiles,
        certificates,
        device_accounts,
        os_updates,
        os_update_statuses,
        os_update_results,
    )
}
"""By the name that `inventory_lists` has for each."""

device_security = Table(
    "device_security",
    metadata,
    Column("id", String(DIGEST), primary_key=True),
    Column("device_id", String(LONGEST_ID), nullable=False),
    Column("channel_id", String(_CHANNEL), nullable=False),
    # Repeat facts; see domain.inventory.security.
    *_flags("filevault_enabled", "has_personal_recovery_key", "has_institutional_recovery_key"),
    # Of the key that is escrowed: to see that it changed.
    *_text("recovery_key_fingerprint"),
    *_flags("firewall_enabled", "firewall_blocks_all", "firewall_stealth_mode", "sip_enabled"),
    *_text("secure_boot", "external_boot"),
    *_flags("authenticated_root_volume_enabled", "firmware_password_exists", "is_recovery_lock_enabled"),
    *_flags("remote_desktop_enabled"),
    *_text("bootstrap_token_allowed"),
    *_counts("hardware_encryption_caps"),
    *_flags("passcode_present", "passcode_compliant", "passcode_compliant_with_profiles"),
    *_flags("enrolled_via_dep", "user_approved_enrollment", "is_user_enrollment", "is_activation_lock_manageable"),
    Column("facts", JSON, nullable=False),
    Index("ix_device_security_device_id", "device_id"),
)

device_locations = Table(
    "device_locations",
    metadata,
    Column("id", String(DIGEST), primary_key=True),
    Column("device_id", String(LONGEST_ID), nullable=False),
    *(Column(name, Double) for name in ("latitude", "longitude", "horizontal_accuracy", "vertical_accuracy")),
    *(Column(name, Double) for name in ("altitude", "speed", "course")),
    # When the device was there, by its own clock.
    Column("timestamp", Moment),
    Column("facts", JSON, nullable=False),
    Index("ix_device_locations_device_id", "device_id"),
)

device_history = Table(
    "device_history",
    metadata,
    # One row per value that a fact of a device has had: OSVersion, BuildVersion and DeviceName as it told its MDM
    # server, osVersion, deviceName, ipAddress and reportedIpAddress as Jamf Pro told them.
    Column("id", String(DIGEST), primary_key=True),
    # Of the device, or of its record in jamf_devices: who is the same device is found when somebody reads.
    Column("device_id", String(LONGEST_ID), nullable=False),
    Column("name", String(40), nullable=False),
    Column("value", String(_SHORT), nullable=False),
    # The first and the last time that it was told.
    Column("first_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Index("ix_device_history_device_id_name", "device_id", "name"),
    Index("ix_device_history_last_at", "last_at"),
)
