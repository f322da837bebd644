"""What devices answer about themselves."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from state.moment import Moment

revision = "0004"
down_revision = "0003"

_EXPIRES = sa.text("not_after IS NOT NULL")


def upgrade() -> None:
    _create_inventory_lists()
    _create_apps()
    _create_profiles()
    _create_certificates()
    _create_accounts()
    _create_updates()
    _create_security()
    _create_locations()
    _create_history()


def _columns(kind: Any, names: str) -> list["sa.Column[Any]"]:
    return [sa.Column(name, kind) for name in names.split()]


def _owner() -> list["sa.Column[Any]"]:
    return [
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("device_id", sa.String(255), nullable=False),
        sa.Column("channel_id", sa.String(511), nullable=False),
    ]


def _create(name: str, *columns: "sa.Column[Any]") -> None:
    op.create_table(name, *columns, sa.PrimaryKeyConstraint("id", name=f"pk_{name}"))
    op.create_index(f"ix_{name}_device_id", name, ["device_id"])


def _create_list(name: str, *columns: "sa.Column[Any]") -> None:
    _create(
        name,
        *_owner(),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("listed", sa.Boolean, nullable=False),
        sa.Column("layers", sa.JSON),
        sa.Column("told_at", Moment),
        sa.Column("odd", sa.JSON),
        *columns,
    )


def _create_inventory_lists() -> None:
    _create(
        "inventory_lists",
        *_owner(),
        sa.Column("list", sa.String(40), nullable=False),
        sa.Column("at", Moment),
        sa.Column("rank", sa.Integer),
        sa.Column("by", sa.String(16)),
        sa.Column("item_count", sa.Integer, nullable=False),
        sa.Column("left_out", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(64)),
    )


def _create_apps() -> None:
    _create_list(
        "installed_apps",
        *_columns(sa.String(255), "identifier name version short_version"),
        *_columns(sa.BigInteger, "bundle_size dynamic_size external_version_identifier"),
        *_columns(sa.String(255), "distributor_identifier"),
        *_columns(sa.Boolean, "installing app_store_vendable device_based_vpp has_update_available is_validated"),
        *_columns(sa.Boolean, "beta_app ad_hoc_code_signed is_app_clip"),
        *_columns(sa.Boolean, "download_failed download_waiting download_paused download_cancelled"),
        *_columns(sa.String(255), "source"),
    )
    op.create_index("ix_installed_apps_identifier", "installed_apps", ["identifier"])
    _create_list(
        "managed_apps",
        *_columns(sa.String(255), "identifier status"),
        *_columns(sa.BigInteger, "management_flags"),
        *_columns(sa.Boolean, "has_configuration has_feedback is_validated"),
        *_columns(sa.BigInteger, "external_version_identifier"),
    )
    op.create_index("ix_managed_apps_identifier", "managed_apps", ["identifier"])


def _create_profiles() -> None:
    _create_list(
        "profiles",
        *_columns(sa.String(255), "payload_identifier payload_uuid payload_display_name payload_organization"),
        *_columns(sa.Text, "payload_description"),
        *_columns(sa.BigInteger, "payload_version"),
        *_columns(sa.Boolean, "is_managed is_encrypted has_removal_passcode payload_removal_disallowed"),
        *_columns(sa.String(255), "source"),
        *_columns(sa.JSON, "payload_content"),
        *_columns(sa.String(64), "signer_sha256"),
    )
    op.create_index("ix_profiles_payload_identifier", "profiles", ["payload_identifier"])
    _create_list(
        "provisioning_profiles",
        *_columns(sa.String(255), "name uuid"),
        *_columns(Moment, "expiry_date"),
    )


def _create_certificates() -> None:
    _create_list(
        "certificates",
        *_columns(sa.String(255), "common_name"),
        *_columns(sa.Boolean, "is_identity"),
        *_columns(sa.String(64), "sha256"),
        *_columns(sa.Text, "subject issuer"),
        *_columns(sa.String(255), "serial"),
        *_columns(Moment, "not_before not_after"),
        *_columns(sa.String(255), "error"),
    )
    op.create_index(
        "ix_certificates_not_after",
        "certificates",
        ["not_after", "is_identity", "device_id"],
        postgresql_where=_EXPIRES,
        sqlite_where=_EXPIRES,
    )


def _create_accounts() -> None:
    _create_list(
        "device_accounts",
        *_columns(sa.String(255), "user_name full_name"),
        *_columns(sa.BigInteger, "uid"),
        *_columns(sa.String(255), "user_guid"),
        *_columns(sa.Boolean, "is_logged_in has_data_to_sync"),
        *_columns(sa.BigInteger, "data_quota data_used"),
        *_columns(sa.Boolean, "mobile_account has_secure_token"),
    )


def _create_updates() -> None:
    _create_list(
        "os_updates",
        *_columns(sa.String(255), "product_key human_readable_name human_readable_name_locale"),
        *_columns(sa.Text, "metadata_url"),
        *_columns(sa.String(255), "product_name version build"),
        *_columns(sa.BigInteger, "download_size install_size"),
        *_columns(sa.JSON, "app_identifiers_to_close"),
        *_columns(sa.Boolean, "is_critical is_config_data_update is_firmware_update is_major_os_update"),
        *_columns(sa.Boolean, "restart_required allows_install_later"),
        *_columns(Moment, "deferred_until"),
        *_columns(sa.Boolean, "requires_bootstrap_token is_security_response"),
        *_columns(sa.String(255), "supplemental_build_version supplemental_os_version_extra"),
    )
    _create_list(
        "os_update_statuses",
        *_columns(sa.String(255), "product_key"),
        *_columns(sa.Boolean, "is_downloaded"),
        *_columns(sa.Double, "download_percent_complete"),
        *_columns(sa.String(255), "status"),
        *_columns(sa.BigInteger, "max_deferrals deferrals_remaining"),
        *_columns(Moment, "next_scheduled_install"),
    )
    _create_list(
        "os_update_results",
        *_columns(sa.String(255), "product_key install_action status"),
        *_columns(sa.Text, "error"),
    )


def _create_security() -> None:
    _create(
        "device_security",
        *_owner(),
        *_columns(sa.Boolean, "filevault_enabled has_personal_recovery_key has_institutional_recovery_key"),
        *_columns(sa.String(255), "recovery_key_fingerprint"),
        *_columns(sa.Boolean, "firewall_enabled firewall_blocks_all firewall_stealth_mode sip_enabled"),
        *_columns(sa.String(255), "secure_boot external_boot"),
        *_columns(sa.Boolean, "authenticated_root_volume_enabled firmware_password_exists is_recovery_lock_enabled"),
        *_columns(sa.Boolean, "remote_desktop_enabled"),
        *_columns(sa.String(255), "bootstrap_token_allowed"),
        *_columns(sa.BigInteger, "hardware_encryption_caps"),
        *_columns(sa.Boolean, "passcode_present passcode_compliant passcode_compliant_with_profiles"),
        *_columns(sa.Boolean, "enrolled_via_dep user_approved_enrollment is_user_enrollment"),
        *_columns(sa.Boolean, "is_activation_lock_manageable"),
        sa.Column("facts", sa.JSON, nullable=False),
    )


def _create_locations() -> None:
    _create(
        "device_locations",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("device_id", sa.String(255), nullable=False),
        *_columns(sa.Double, "latitude longitude horizontal_accuracy vertical_accuracy altitude speed course"),
        *_columns(Moment, "timestamp"),
        sa.Column("facts", sa.JSON, nullable=False),
    )


def _create_history() -> None:
    op.create_table(
        "device_history",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("device_id", sa.String(255), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("value", sa.String(255), nullable=False),
        sa.Column("first_at", Moment, nullable=False),
        sa.Column("last_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_device_history"),
    )
    op.create_index("ix_device_history_device_id_name", "device_history", ["device_id", "name"])
    op.create_index("ix_device_history_last_at", "device_history", ["last_at"])
