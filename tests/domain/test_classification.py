"""What had to be guessed to read a body is told."""

import pytest

from domain.classification import digest, digests, document_of, reading_flags
from simulators.jamf import Form, write


@pytest.mark.parametrize(
    ("content_type", "encoding", "prolog", "flags"),
    [
        ("application/json", "utf-8", False, ()),
        ("application/json; charset=ISO-8859-1", "iso-8859-1", False, ()),
        ("application/json", "iso-8859-1", False, ("latin1",)),
        ("text/xml", "utf-8", False, ()),
        ("text/xml", "iso-8859-1", True, ()),
        ("text/xml", "iso-8859-1", False, ("latin1",)),
        ("text/xml; charset=iso-8859-1", "iso-8859-1", False, ()),
    ],
)
def test_a_guessed_encoding_is_flagged(content_type, encoding, prolog, flags):
    form = Form(xml="xml" in content_type, encoding=encoding, prolog=prolog)
    body = write({"webhook": {"webhookEvent": "ComputerAdded"}, "event": {"deviceName": "Søren"}}, form)

    document = document_of("jamf", body, content_type)

    assert reading_flags(body, content_type) == flags
    assert document["event"] == {"deviceName": "Søren"}


@pytest.mark.parametrize(
    ("body", "flags"),
    [
        (b"payload=%7B%22a%22%3A%22%F8%22%7D", ("latin1",)),
        (b"from=relay&payload=%7B%22a%22%3A%22%C3%B8%22%7D", ()),
        ('payload={"a":"ø"}'.encode(), ()),
        ('payload={"a":"ø"}'.encode("iso-8859-1"), ("latin1",)),
        ('\ufeff\r\nfrom=Søren&payload=%7B"a":"ø"}'.encode(), ()),
    ],
)
def test_a_form_is_read_as_its_payload(body, flags):
    assert document_of("jamf", body) == {"a": "ø"}
    assert reading_flags(body) == flags


def test_digests_of_many_that_begin_alike_are_those_of_each():
    lasts = ["1", "", "ø", "1:2"]

    assert digests("a", "b", lasts=lasts) == [digest("a", "b", last) for last in lasts]
