import pytest

from tasks.drafting import Draft, Section, text_of

HOSTILE = "a\r\nb\x00\x1b[31m\u202e <script>\"'& @HERE @everyone @ada me@allsaints.example"
SHOWN = "a b [31m <script>\"'& @HERE @everyone @ada me@allsaints.example"


def test_nothing_in_a_draft_breaks_a_line_or_becomes_markup():
    draft = Draft(
        subject=HOSTILE,
        opening=HOSTILE,
        facts={HOSTILE: HOSTILE},
        sections=[Section(heading=HOSTILE, lines=[HOSTILE])],
        closing=HOSTILE,
    )

    worded = draft.worded()

    assert worded.subject == SHOWN
    assert worded.text.splitlines() == [SHOWN, "", f"{SHOWN}: {SHOWN}", "", SHOWN, f"  {SHOWN}", "", SHOWN]
    assert "<script" not in worded.html
    assert worded.html.count("&lt;script&gt;&quot;&#x27;&amp;") == 6
    assert worded.chat.count("@\u200bHERE @\u200beveryone @ada me@allsaints.example") == 3


def test_a_link_is_escaped_where_it_is_an_attribute():
    worded = Draft(subject="s", opening="o", link='https://jamf.example/"?a=1&b=2').worded()

    assert '<a href="https://jamf.example/&quot;?a=1&amp;b=2">' in worded.html
    assert worded.facts == {"Link": 'https://jamf.example/"?a=1&b=2'}


def test_an_opening_is_enough():
    worded = Draft(subject="s", opening="o").worded()

    assert worded.text == worded.chat + "\n" == "o\n"
    assert worded.html == '<!DOCTYPE html>\n<html lang="en"><body>\n<p>o</p>\n</body></html>\n'


@pytest.mark.parametrize(
    ("facts", "found"),
    [({"a": "", "b": "x"}, "x"), ({"a": " \n", "b": 7}, "7"), ({"a": None, "b": ["x"]}, ""), ({}, ""), ({"a": 0}, "0")],
)
def test_the_first_fact_that_says_something_is_taken(facts, found):
    assert text_of(facts, "a", "b") == found
