"""Lists in the order in which answers come, whatever that is."""

from hypothesis import given
from hypothesis import strategies as st

from domain.inventory.listing import Listing

KEYS = st.sampled_from("abc")
COLUMNS = st.dictionaries(st.sampled_from("xyz"), st.integers(0, 9), min_size=1)


@st.composite
def answers(draw):
    """Answers at different moments; of each whether it was whole."""
    items = draw(st.lists(st.tuples(st.dictionaries(KEYS, COLUMNS), st.booleans()), max_size=8))
    return [(items_of, [f"at {number}", 1, ""], whole) for number, (items_of, whole) in enumerate(items)]


def told(answers):
    listing = Listing()
    for items, order, whole in answers:
        listing.tell(items, order, whole=whole)
    return listing


def seen(listing):
    return {key: listing.columns(key) for key in listing.keys}


def by_hand(answers):
    """What people would say who write it down as it happens."""
    known = {}
    for items, _, whole in answers:
        for key, columns in items.items():
            known[key] = columns if whole else known.get(key, {}) | columns
        known = {key: columns for key, columns in known.items() if not whole or key in items}
    return known


@given(st.data())
def test_any_order_with_repetition_is_what_happened(data):
    history = data.draw(answers())
    repeated = data.draw(st.lists(st.sampled_from(history))) if history else []
    arrivals = data.draw(st.permutations(history + repeated))

    assert seen(told(arrivals)) == seen(told(history)) == by_hand(history)
    assert (told(arrivals).since, told(arrivals).layers) == (told(history).since, told(history).layers)


@given(answers(), st.data())
def test_two_parts_join_to_what_both_said(history, data):
    mine = [data.draw(st.booleans()) for _ in history]
    some = told([answer for answer, is_mine in zip(history, mine, strict=True) if is_mine])
    others = told([answer for answer, is_mine in zip(history, mine, strict=True) if not is_mine])

    some.join(others)

    assert seen(some) == by_hand(history)


def test_an_older_whole_answer_leaves_what_was_said_later():
    listing = told([({"a": {"x": 1}, "b": {"x": 1}}, ["1", 1, ""], True), ({"b": {"y": 3}}, ["3", 1, ""], False)])

    listing.tell({}, ["2", 1, ""], whole=True)

    assert seen(listing) == {"b": {"y": 3}}


def test_the_same_answer_read_anew_replaces_what_was_read_before():
    listing = told([({"a": {"x": 1}}, ["1", 1, ""], True), ({"b": {"x": 1}}, ["2", 1, ""], False)])

    listing.tell({"a": {"x": 2}}, ["1", 1, ""], whole=True)
    listing.tell({"b": {"x": 2}}, ["2", 1, ""], whole=False)

    assert seen(listing) == {"a": {"x": 2}, "b": {"x": 2}}


@given(st.permutations([({"a": {}}, ["at 0", 1, ""], False), ({"b": {"x": 1}}, ["at 1", 1, ""], False)]))
def test_an_item_of_which_an_answer_that_is_not_whole_says_nothing_is_not_there(arrivals):
    assert seen(told(arrivals)) == {"b": {"x": 1}}
