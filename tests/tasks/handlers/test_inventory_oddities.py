"""Lists and values that no honest device answers with: they harm nothing, and what can be kept is kept."""

import pytest

from state.schema import events, installed_apps, inventory_lists
from tests.databases import ON_POSTGRESQL
from tests.deliveries import NOON
from tests.tasks.handlers.listing import TORCH, ask
from tests.tasks.lab import rows

pytestmark = ON_POSTGRESQL

ODD_ITEMS = [
    [None],
    [7, "x", ["y"]],
    [{}],
    [{"Identifier": 7, "Name": b"bytes", "Version": 2**64 - 1, "BundleSize": "5", "Installing": 1}],
    [{"Identifier": "nul\x00", "Name": "n" * 10_000}],
    [TORCH, TORCH, TORCH | {"Version": "2"}],
    [{"Identifier": "i" * 3_000}, {"Name": ""}],
]


@pytest.mark.parametrize("name", ["InstalledApplicationList", "ProfileList", "CertificateList", "AvailableOSUpdates"])
def test_odd_items_harm_nothing(lab, name):
    asked = ask(lab, name)
    for listed in ODD_ITEMS:
        lab.reply("Acknowledged", asked, binary=True, **{name: listed})

        (found,) = rows(lab.engine, inventory_lists)
        assert found["item_count"] + found["left_out"] == len(listed)
    assert {row["status"] for row in rows(lab.engine, events)} == {"processed"}


def test_what_is_no_list_harms_nothing(lab):
    for name in ("InstalledApplicationList", "ManagedApplicationList", "Users", "SecurityInfo", "QueryResponses"):
        for content in (None, 7, "x", {}, {"a": 1}, [[]], b"z"):
            lab.reply("Acknowledged", "theirs", binary=True, **{name: content})

    assert {row["status"] for row in rows(lab.engine, events)} == {"processed"}


def test_a_value_of_another_type_is_kept_as_text(lab):
    app = {"Identifier": "a", "BundleSize": 2**64 - 1, "Installing": "yes", "Name": ["x", NOON.replace(tzinfo=None)]}

    lab.reply("Acknowledged", ask(lab, "InstalledApplicationList"), InstalledApplicationList=[app])

    (row,) = rows(lab.engine, installed_apps)
    assert row["odd"] == {
        "BundleSize": '"18446744073709551615"',
        "Installing": '"yes"',
        "Name": '["x", "2026-03-01T12:00:00Z"]',
    }
    assert (row["bundle_size"], row["installing"], row["name"]) == (None, None, None)
