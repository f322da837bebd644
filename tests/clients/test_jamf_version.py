"""Versions as Jamf Pro writes them."""

import pytest

from clients.jamf_version import version_key, version_on_page

IN_ORDER = [
    "9.93",
    "9.93.1",
    "9.101.4-t1504998263",
    "10.0.0-t1",
    "10.9.0",
    "10.10.0-rc2-t1",
    "11.14.1-t1740408745",
    "11.30.0-b12-t1774000000",
]


def test_versions_are_compared_by_their_numbers():
    keys = [version_key(text) for text in IN_ORDER]

    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)
    assert version_key("10.0") == version_key("10.0.0-t1504998263") == (10, 0, 0)


@pytest.mark.parametrize("text", ["", "latest", "-t1", "11..1", "v11.1", "1" * 200, "11.1.1.1.1", "\u0663.\u0661"])
def test_what_is_no_version_is_none(text):
    assert version_key(text) is None


@pytest.mark.parametrize(
    "page",
    [
        b'<html><head>\n  <meta name="version" content="9.93.1">\n</head>',
        b"<META content='9.93.1' name='version'/>",
        b'<meta name="version"><meta name="version" content=" 9.93.1 "><meta name="version" content="8.0">',
        b'\xff<meta name="viewport" content="1.0"><meta name="version" content="9.93.1">',
    ],
)
def test_the_log_in_page_has_it_in_its_head(page):
    assert version_on_page(page) == "9.93.1"
