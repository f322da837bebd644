"""Patch titles of Jamf Pro."""

import pytest

from state.schema import jamf_patch_titles
from tasks.process import process
from tests.deliveries import MINUTE, NOON
from tests.jamf import told
from tests.tasks.lab import only_row

LATER = NOON + MINUTE


@pytest.mark.parametrize("urls", [{"reportUrls": ["https://a//patch.html?id=240&o=r"]}, {"reportUrl": "https://a"}])
def test_a_patch_title_has_its_latest_version(services, engine, urls):
    title = {"jssID": 240, "name": "Inkwell", **urls}
    process([told("PatchSoftwareTitleUpdated", {**title, "latestVersion": "8.12.5"}, at=LATER)], services)
    process(
        [told("PatchSoftwareTitleUpdated", {**title, "latestVersion": "8.12.4", "lastUpdate": 1_772_366_400_000})],
        services,
    )

    row = only_row(engine, jamf_patch_titles)
    assert (row["latest_version"], row["last_update_at"], row["told_at"]) == ("8.12.5", NOON, LATER)
    assert row["facts"]["reportUrls"][0] == urls.get("reportUrls", ["https://a"])
