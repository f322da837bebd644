"""Text that strangers wrote, made fit for a database."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.text import clipped, storable, storable_tree

TREES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
)


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [("plain", "plain"), ("", ""), ("Zoë's Mac 🍏", "Zoë's Mac 🍏"), ("a\x00b", "a\ufffdb"), ("\ud83d!", "\ufffd!")],
)
def test_only_nul_and_lone_surrogates_are_replaced(given_text, kept):
    assert storable(given_text) == kept


def test_keys_and_values_at_any_depth_become_storable():
    value = json.loads(r'{"a\u0000": ["\udc00", {"b": ["x\u0000"]}], "n": [1, 2.5, true, null]}')

    clean = storable_tree(value)

    assert clean == {"a\ufffd": ["\ufffd", {"b": ["x\ufffd"]}], "n": [1, 2.5, True, None]}


def test_the_tree_that_was_handed_in_is_left_alone():
    value = {"a": ["\x00"]}

    storable_tree(value)

    assert value == {"a": ["\x00"]}


def test_numbers_that_json_has_no_word_for_become_null():
    assert storable_tree([math.nan, math.inf, -math.inf, 0.0]) == [None, None, None, 0.0]


def test_a_tree_deeper_than_the_stack_is_no_trouble():
    value = leaf = []
    for _ in range(50_000):
        leaf.append([])
        leaf = leaf[0]
    leaf.append("\x00")

    clean = storable_tree(value)

    for _ in range(50_000):
        clean = clean[0]
    assert clean == ["\ufffd"]


@given(TREES)
def test_whatever_comes_out_is_strict_utf8_json_without_nul(value):
    text = json.dumps(storable_tree(value), ensure_ascii=False, allow_nan=False)

    assert "\\u0000" not in text
    text.encode("utf-8")


@pytest.mark.parametrize(("limit", "kept"), [(7, "windfal…"[:6] + "…"), (8, "windfall"), (9, "windfall"), (1, "…")])
def test_clipped_text_shows_that_it_was_clipped(limit, kept):
    assert clipped("windfall", limit) == kept
