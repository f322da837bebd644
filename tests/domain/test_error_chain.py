"""What a device says went wrong, however oddly it says it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.error_chain import (
    LICENSE_NOT_THERE_YET,
    MAX_WORDS,
    ErrorLink,
    in_words,
    is_duplicate_install,
    read_chain,
    says,
)

LICENCE = {"ErrorCode": 12064, "ErrorDomain": "MDMErrorDomain", "LocalizedDescription": "keine Lizenz"}
STORE = {"ErrorCode": 9610, "ErrorDomain": "ServerError", "USEnglishDescription": "License not found"}
DUPLICATE = {"ErrorCode": 506, "ErrorDomain": "ASDErrorDomain", "LocalizedDescription": "Duplicate request"}


def test_a_chain_is_read_from_the_top():
    assert read_chain([LICENCE, STORE]) == (
        ErrorLink(code=12064, domain="MDMErrorDomain", text="keine Lizenz"),
        ErrorLink(code=9610, domain="ServerError", text="License not found"),
    )


def test_english_is_preferred():
    (link,) = read_chain([LICENCE | {"USEnglishDescription": "no licence"}])

    assert link.text == "no licence"


@pytest.mark.parametrize("junk", [None, "text", 5, b"", [], {}, [None, 1, "x", {}], [{"ErrorCode": True}]])
def test_junk_is_no_chain(junk):
    assert read_chain(junk) == ()


def test_what_can_be_read_of_a_damaged_chain_is_read():
    chain = read_chain([None, {"ErrorCode": "12064", "ErrorDomain": 5}, {"ErrorCode": 2**70, "ErrorDomain": "x\x00"}])

    assert chain == (ErrorLink(code=12064, domain="", text=""), ErrorLink(code=None, domain="x\ufffd", text=""))
    assert read_chain(LICENCE) == read_chain([LICENCE])
    assert len(read_chain([LICENCE] * 1000)) == 16


@pytest.mark.parametrize(
    ("chain", "reason", "words"),
    [
        ([], None, ""),
        ([], "AppAlreadyQueued", "AppAlreadyQueued"),
        ([], "Other", "Other"),
        ([DUPLICATE], "Other", "506 ASDErrorDomain: Duplicate request"),
        ([LICENCE], "NotSupported", "NotSupported: 12064 MDMErrorDomain: keine Lizenz"),
        (
            [LICENCE, LICENCE, STORE],
            None,
            "12064 MDMErrorDomain: keine Lizenz; caused by 9610 ServerError: License not found",
        ),
        (
            [{"ErrorCode": 0}, {"ErrorDomain": "X"}, {"USEnglishDescription": " a\n b "}],
            None,
            "0; caused by X; caused by a b",
        ),
    ],
)
def test_a_chain_in_words(chain, reason, words):
    assert in_words(read_chain(chain), reason) == words


def test_words_have_an_end():
    words = in_words(read_chain([LICENCE | {"LocalizedDescription": "é" * 10_000}] * 3), "x" * 1000)

    assert len(words) == MAX_WORDS


def test_a_code_counts_wherever_it_is_in_the_chain():
    assert says(read_chain([{"ErrorCode": 1}, STORE]), LICENSE_NOT_THERE_YET)
    assert not says(read_chain([{"ErrorDomain": "9610"}, DUPLICATE]), LICENSE_NOT_THERE_YET)


def test_a_second_request_for_an_install_is_told_from_other_506s():
    assert is_duplicate_install(read_chain([LICENCE, DUPLICATE]))
    assert not is_duplicate_install(read_chain([DUPLICATE | {"ErrorDomain": "NSURLErrorDomain"}]))


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.binary() | st.text(st.characters())
KEYS = st.sampled_from(["ErrorCode", "ErrorDomain", "LocalizedDescription", "USEnglishDescription"])


@given(st.lists(st.dictionaries(KEYS, VALUES) | VALUES), st.none() | st.text(st.characters()))
def test_no_chain_raises_and_its_words_can_be_stored(chain, reason):
    words = in_words(read_chain(chain), reason)

    assert len(words) <= MAX_WORDS
    assert "\x00" not in words
    assert words.encode() is not None
