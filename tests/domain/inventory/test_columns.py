"""Values of any type as columns."""

import json
import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.inventory.answers import FAMILIES, MOST_ITEMS, read_answers
from domain.inventory.certificates import LONGEST_DER, read_certificate
from domain.inventory.columns import LONGEST_KEY, LONGEST_ODD, by_key, fields, key_of, odd_text, read_columns
from domain.inventory.location import read_location
from domain.inventory.security import read_security
from simulators.certificates import draw_certificate

KNOWN = fields("Name Note:text Size:int Share:real IsThere:bool EndsAt:date Parts:[str]")

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=8),
    st.binary(max_size=8),
    st.datetimes(timezones=st.just(UTC)),
)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)


@pytest.mark.parametrize(
    ("key", "column"),
    [
        ("DeviceBasedVPP", "device_based_vpp"),
        ("IsMajorOSUpdate", "is_major_os_update"),
        ("SupplementalOSVersionExtra", "supplemental_os_version_extra"),
        ("UID", "uid"),
        ("UserGUID", "user_guid"),
    ],
)
def test_columns_are_named_as_apple_names_the_keys(key, column):
    assert fields(key)[key].column == column


def test_values_have_the_types_of_their_columns():
    item = {
        "Name": "a\x00b",
        "Note": "n" * 5_000,
        "Size": 7,
        "Share": 1,
        "IsThere": False,
        "EndsAt": datetime(2026, 3, 1, tzinfo=UTC),
        "Parts": ["x"],
        "Unknown": 1,
    }

    assert read_columns(item, KNOWN) == {
        "name": "a\ufffdb",
        "note": "n" * 1_999 + "…",
        "size": 7,
        "share": 1.0,
        "is_there": False,
        "ends_at": "2026-03-01T00:00:00.000000Z",
        "parts": ["x"],
    }


def test_a_value_of_another_type_is_odd_and_loses_its_column():
    item = {"Name": 7, "Size": True, "Share": float("nan"), "IsThere": 1, "EndsAt": "soon", "Parts": [1], "Note": b"x"}

    assert read_columns(item, KNOWN).keys() == {"odd"}
    assert read_columns(item, KNOWN)["odd"].keys() == item.keys()
    assert len(odd_text(["x" * 99] * 99)) == LONGEST_ODD


def test_items_with_one_key_are_told_apart_whatever_their_order():
    items = [("a", {"x": 2}), ("a", {"x": 1}), ("a#2", {"x": 3}), (None, {"x": 4}), ("a", {"x": 1})]
    forward, backward = by_key(items), by_key(items[::-1])

    assert forward == backward
    assert [forward[key]["x"] for key in ("a", "a#3", "a#4", "a#2")] == [1, 1, 2, 3]
    assert len(forward) == len(items)


def test_a_long_name_is_a_key_as_its_digest():
    assert key_of(None, "", 7, "x" * LONGEST_KEY) == "x" * LONGEST_KEY
    assert len(key_of("x" * (LONGEST_KEY + 1))) == 64
    assert key_of() is None


@given(
    st.dictionaries(st.sampled_from([family.content for family in FAMILIES] + ["SecurityInfo", "Latitude"]), ANYTHING)
)
def test_nothing_a_device_says_is_an_error(payload):
    read = [dict(answer.items) for answer in read_answers(payload, None)]

    assert json.dumps([read, read_security(payload), read_location({"Longitude": 1.0, **payload})], allow_nan=False)


@given(
    st.lists(st.dictionaries(st.sampled_from([*KNOWN, "Identifier", "Data", "CommonName", "PayloadContent"]), ANYTHING))
)
def test_no_item_is_an_error_nor_lost(items):
    for family in FAMILIES:
        (answer,) = read_answers({family.content: items}, None)

        assert len(answer.items) + answer.left_out == len(items)


def test_of_too_many_items_the_rest_is_counted():
    (answer,) = read_answers({"Users": [{"UserName": str(n)} for n in range(MOST_ITEMS + 2)]}, None)

    assert (len(answer.items), answer.left_out, answer.whole) == (MOST_ITEMS, 2, True)


@given(st.data())
def test_a_damaged_certificate_is_kept_and_says_so_or_is_read(data):
    der = bytearray(draw_certificate("a", "Example CA", random.Random(1)).data)
    for _ in range(data.draw(st.integers(1, 4))):
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))

    _, columns = read_certificate({"CommonName": "a", "Data": bytes(der)})

    assert ("error" in columns) != ("not_after" in columns)


def test_a_certificate_that_is_too_long_is_not_read():
    _, columns = read_certificate({"CommonName": "a", "Data": b"\x30" * (LONGEST_DER + 1)})

    assert "too many" in columns["error"]
