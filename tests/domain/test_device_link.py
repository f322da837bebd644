"""Templates that people configure, and links made of what devices say."""

from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.device_link import LONGEST, LONGEST_TEMPLATE, checked_template, device_link

BOTH = "https://mdm.example/devices/{serial_number}?udid={udid}"


@pytest.mark.parametrize(
    "template",
    [
        BOTH,
        "http://localhost:8080/{udid}",
        "HTTPS://[::1]:8443/#/devices/{udid}",
        "https://mdm.example/devices",
        "https://mdm.example/%7B/{udid}/me@here?q=a&b=ü",
    ],
)
def test_a_url_with_places_for_names_is_taken_as_it_is(template):
    assert checked_template(template) == template


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("ftp://mdm.example/{udid}", "'ftp://mdm.example/{udid}' must begin with https:// or http://"),
        ("javascript:alert({udid})", "must begin with https:// or http:// and a host, for example https://"),
        ("mdm.example/{udid}", "must begin with https://"),
        ("https:///{udid}", "must begin with https:// or http:// and a host"),
        ("", "'' must begin with https://"),
        ("https://h/{serial}", "there is no placeholder '{serial}': use {serial_number} or {udid}"),
        ("https://h/{UDID}", "there is no placeholder '{UDID}'"),
        ("https://h/{}", "there is no placeholder '{}'"),
        ("https://h/{udid", "has a brace of no pair: close it, or write it as %7B or %7D"),
        ("https://h/{{udid}}", "has a brace of no pair"),
        ("https://{serial_number}.mdm.example/", "lets a device say the host: use placeholders after it only"),
        ("https://mdm.example{udid}", "lets a device say the host"),
        ("https://mdm.example:{udid}/", "lets a device say the host"),
        ("https://h/a b/{udid}", "has spaces or what cannot be seen: write it percent-encoded, a space as %20"),
        ("https://h/{udid}\n", "has spaces or what cannot be seen"),
        ("https://h:99999/{udid}", "'https://h:99999/{udid}' is no URL: "),
        ("https://[h/{udid}", "is no URL: "),
        ("https://h/" + "x" * LONGEST_TEMPLATE, "must have at most 200 characters"),
    ],
)
def test_what_makes_no_link_is_refused_with_the_way_out(template, words):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - its words are looked at
        checked_template(template)

    assert words in str(caught.value)


@pytest.mark.parametrize(
    "template", ["https://ada:s3cr3t@h/{udid}", "ada:s3cr3t@h/{id}", "ftp://ada:s3cr3t@h", "https://s3cr3t@h:x/ {"]
)
def test_a_password_is_refused_and_not_repeated(template):
    with pytest.raises(ValueError, match="no user or password") as caught:
        checked_template(template)

    assert "s3cr3t" not in str(caught.value)


def test_each_place_gets_its_name():
    link = device_link(BOTH, {"serial_number": "C02", "udid": "A1B2-C3"})

    assert link == "https://mdm.example/devices/C02?udid=A1B2-C3"


@pytest.mark.parametrize("missing", [{}, {"serial_number": "", "udid": "A"}, {"serial_number": "C02"}])
def test_without_a_name_that_it_needs_there_is_no_link(missing):
    assert device_link(BOTH, missing) is None


def test_a_name_that_it_does_not_need_may_be_missing():
    assert device_link("https://h/{udid}", {"serial_number": "", "udid": "A"}) == "https://h/A"
    assert device_link("https://h/devices", {}) == "https://h/devices"


@pytest.mark.parametrize("dots", [".", "..", "..."])
def test_dots_lead_no_way_up(dots):
    assert device_link("https://h/devices/{udid}/erase", {"udid": dots}) is None


def test_a_link_that_a_chat_would_cut_off_is_none():
    template = "https://h/{udid}"
    room = LONGEST - len("https://h/")

    assert device_link(template, {"udid": "x" * room}) == "https://h/" + "x" * room
    assert device_link(template, {"udid": "x" * (room + 1)}) is None


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=10).filter(lambda said: said.strip(".")))
def test_whatever_a_device_calls_itself_stays_in_its_place(said):
    link = device_link(BOTH, {"serial_number": said, "udid": said})

    assert link is not None
    parts = urlsplit(link)
    assert (parts.scheme, parts.netloc, parts.fragment) == ("https", "mdm.example", "")
    assert [unquote(segment) for segment in parts.path.split("/")] == ["", "devices", said]
    assert parse_qs(parts.query, keep_blank_values=True) == {"udid": [said]}
