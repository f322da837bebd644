"""Secrets cut out of bytes by pattern alone."""

import pytest

from domain.scrubbing import scrub


def length(secret: bytes) -> str:
    return str(len(secret))


@pytest.mark.parametrize(
    ("body", "scrubbed", "names"),
    [
        (b'"password" : "a\\"bc", "name": "x"', b'"password" : "redacted:5", "name": "x"', ("password",)),
        (rb'"pass\u0077or\u0064": "abc"', rb'"pass\u0077or\u0064": "redacted:3"', ("password",)),
        (b'"pin": 1234}', b'"pin": "redacted:4"}', ("pin",)),
        (b'"pin": null, "secret": [ ], "token":', b'"pin": null, "secret": [ ], "token":', ()),
        (b'"secret": ["a", "b"], "name": 1', b'"secret": "redacted:21"', ("secret",)),
        (b'"password": "abc', b'"password": "redacted:3"', ("password",)),
        (b'"password": "abc\\', b'"password": "redacted:3"', ("password",)),
        (b"a <Password x='1'>abc</Password> b", b"a <Password x='1'>redacted:3</Password> b", ("Password",)),
        (b"<password/><password></password><name>x</name>", b"<password/><password></password><name>x</name>", ()),
        (
            b"<key>PIN</key> <string>12</string><key>a</key>",
            b"<key>PIN</key> <string>redacted:2</string><key>a</key>",
            ("PIN",),
        ),
        (
            b"<key>PIN</key><true/><key>Name</key><data>x</data>",
            b"<key>PIN</key><true/><key>Name</key><data>x</data>",
            (),
        ),
        (b"<key>Token</key><dict><a/></dict> x", b"<key>Token</key><string>redacted:19</string>", ("Token",)),
        (b'"raw_payload": "VW5sb2NrVG9rZW4="', b'"raw_payload": "redacted:16"', ("raw_payload",)),
        (b'"raw_payload": "SWRsZQ=="', b'"raw_payload": "SWRsZQ=="', ()),
        (b"", b"", ()),
    ],
)
def test_only_the_value_after_a_secret_key_is_cut(body, scrubbed, names):
    assert scrub(body, length) == (scrubbed, names)


def test_what_was_scrubbed_is_not_scrubbed_again():
    once, _ = scrub(b'x "password": "abc" <secret>d</secret> <key>PIN</key><integer>1</integer>', length)

    assert scrub(once, length) == (once, ())
