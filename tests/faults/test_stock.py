"""The short form of `python -m tests.faults inventory`."""

from tests.faults.inventory import KINDS, take_stock


def test_one_device_of_each_kind_is_known_as_it_is(tmp_path):
    report = take_stock(tmp_path / "home", kind="nanomdm", size=len(KINDS))

    assert report["devices"] == len(KINDS) + report["users"]
    assert [name for name, rows in report.items() if not rows] == []
