"""URLs of one server, as people write them."""

import pytest

from domain.server_url import same_server


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("https://jamf.example", "HTTPS://Jamf.Example:443/", True),
        ("http://jamf.example/", "http://jamf.example:80", True),
        ("https://jamf.example/a/", "https://jamf.example/a", True),
        ("https://user:secret@jamf.example", "https://jamf.example/?x#y", True),
        ("https://[2001:db8::1]:8443", "https://[2001:DB8::1]:8443/", True),
        ("https://jamf.example", "https://jamf.example:8443", False),
        ("https://jamf.example/a", "https://jamf.example/b", False),
        ("https://jamf.example", "http://jamf.example", False),
        ("https://jamf.example", "https://user:secret@jamf.example:junk", False),
    ],
)
def test_a_server_is_the_same_however_its_url_is_written(one, other, is_same):
    assert (same_server(one) == same_server(other)) is is_same
    assert "secret" not in same_server(one) + same_server(other)
