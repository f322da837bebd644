"""JSON bodies, among them those that no sender should post."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import MalformedEvent
from domain.json_body import MAX_DEPTH, canonical, compact, duplicate_keys, is_latin1, may_repeat_keys, parse_object


class Pairs(list):
    """An object as its members, of which two may have the same name."""


def written(value: object, colon: str) -> str:
    if isinstance(value, Pairs):
        return "{" + ",".join(f"{json.dumps(name)}{colon}{written(item, colon)}" for name, item in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(written(item, colon) for item in value) + "]"
    return json.dumps(value)


def nested(levels: int) -> bytes:
    return b'{"a":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b"{}", {}),
        (b' \r\n{"topic": "mdm.Connect"}\n', {"topic": "mdm.Connect"}),
        ('\ufeff{"name": "Zoë"}'.encode(), {"name": "Zoë"}),
        ('{"name": "Zoë"}'.encode("iso-8859-1"), {"name": "Zoë"}),
        (b'{"id": 1, "id": 2}', {"id": 2}),
        (rb'{"name": "\ud83d \u0000"}', {"name": "\ud83d \x00"}),
        (b'{"n": 18446744073709551616}', {"n": 2**64}),
        (b'{"n": [Infinity, -Infinity, 1e999]}', {"n": [math.inf, -math.inf, math.inf]}),
    ],
)
def test_an_object_is_read_however_it_is_written(body, document):
    assert parse_object(body) == document


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "empty body"),
        (b" \n\t", "empty body"),
        (b"null", "not a JSON object"),
        (b"[{}]", "not a JSON object"),
        (b'"hunter2"', "not a JSON object"),
        (b'{"password": hunter2}', "not JSON at line 1 column 14"),
        (b'{"a": 1} hunter2', "not JSON at line 1 column 10"),
        (b'{"a": "\x00"}', "not JSON at line 1 column 8"),
        ('{"a": 1}'.encode("utf-16"), "not JSON at line 1 column 1"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "JSON number with too many digits"),
        (b'{"a":' * 100_000, "JSON nested deeper than 32"),
        (b"\xff\xfe\x00", "not JSON at line 1 column 1"),
    ],
)
def test_the_refusal_says_where_and_never_what(body, message):
    with pytest.raises(MalformedEvent) as refusal:
        parse_object(body)

    assert str(refusal.value) == message


def test_depth_is_allowed_up_to_the_limit():
    assert parse_object(nested(MAX_DEPTH))

    for levels in (MAX_DEPTH + 1, 900, 100_000):
        with pytest.raises(MalformedEvent, match="deeper"):
            parse_object(nested(levels))


def test_many_brackets_are_not_deep_when_they_lie_side_by_side_or_in_text():
    body = json.dumps({"list": [{"a": [1]}] * 100, "text": "[{" * 100}).encode()

    assert parse_object(body)["text"] == "[{" * 100


@pytest.mark.parametrize(("body", "answer"), [(b'{"a": "\xeb"}', True), ("{'ë'}".encode(), False), (b"", False)])
def test_the_fall_back_to_latin1_can_be_asked_for(body, answer):
    assert is_latin1(body) is answer


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b'{"a": 1, "a": 1}', True),
        (b'{"a": [{"b": 1, "b": 2}], "c": 1}', True),
        (b'{"a": {"b": 1}, "c": {"b": 1}}', False),
        (b'{"a": 1, "a": ', False),
        (b"[" * 100_000, False),
        (b"", False),
    ],
)
def test_keys_named_twice_in_one_object_are_noticed(body, answer):
    assert duplicate_keys(body) is answer


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (
            {"b": [1, 2.0, 1e2, True, None], "a": {"d": "x", "c": ""}},
            rb'{"a":{"c":"","d":"x"},"b":[1,2.0,100.0,true,null]}',
        ),
        ({"Zoë": "\ud83d\x00/<é🍏"}, rb'{"Zo\u00eb":"\ud83d\u0000/<\u00e9\ud83c\udf4f"}'),
        ({"n": [math.nan, -math.inf, 2**70]}, b'{"n":[NaN,-Infinity,1180591620717411303424]}'),
        (
            {"é": 1, "z": 2, "Z": 3, "\U0001f34f": 4, "\uffff": 5},
            rb'{"Z":3,"z":2,"\u00e9":1,"\uffff":5,"\ud83c\udf4f":4}',
        ),
    ],
)
def test_the_canonical_form_stays_as_it_was_first_released(value, form):
    assert canonical(value) == form


def test_the_compact_form_keeps_the_order_of_keys():
    assert compact({"b": 1, "a": "é\ud83d"}) == rb'{"b":1,"a":"\u00e9\ud83d"}'


@given(st.binary(max_size=200), st.sampled_from([b"", b"{", b'{"a":', b'{"a":"', b"\xef\xbb\xbf{"]))
def test_no_bytes_at_all_raise_anything_else(body, head):
    try:
        document = parse_object(head + body)
    except MalformedEvent:
        return
    assert parse_object(canonical(document)) == document or b"NaN" in canonical(document)


@given(st.text(alphabet='{}[]":,\\u0d8 1e-N\n', max_size=60))
def test_no_arrangement_of_json_characters_raises_anything_else(text):
    try:
        assert isinstance(parse_object(text.encode()), dict)
    except MalformedEvent:
        assert duplicate_keys(text.encode()) in (True, False)


@given(
    st.recursive(
        st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3) | st.lists(st.tuples(st.sampled_from("ab:"), inner), max_size=3).map(Pairs)
        ),
        max_leaves=8,
    ),
    st.sampled_from([":", " :", "\n\t:", ": "]),
)
def test_a_repeated_key_is_never_ruled_out(value, colon):
    body = b'{"top"' + colon.encode() + written(value, colon).encode() + b"}"

    assert may_repeat_keys(body, parse_object(body)) or not duplicate_keys(body)
