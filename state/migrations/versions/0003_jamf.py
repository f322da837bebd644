"""Jamf Pro: servers, computers and mobile devices, groups, policies, patch titles, API operations."""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    pass
