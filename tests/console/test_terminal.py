"""Tables and texts on a screen."""

import pytest
from rich.cells import cell_len

from console.terminal import clean, clean_text, lay_out

COLUMNS = {"ID": False, "NAME": True, "STATUS": False}


def test_a_table_is_as_wide_as_it_needs_where_nobody_looks():
    lines = lay_out(COLUMNS, [("a" * 32, "b" * 90, "processed"), (1, None, "x")], width=None)

    assert lines[1] == f"{'a' * 32}  {'b' * 90}  processed"
    assert lines[2].split() == ["1", "x"]


def test_a_table_fits_the_screen_and_cuts_only_what_may_be_cut():
    lines = lay_out(COLUMNS, [("a" * 32, "b" * 90, "processed"), ("a", "情報" * 30, "x")], width=80)

    assert {cell_len(line) for line in lines[1:2]} == {80}
    assert all(cell_len(line) <= 80 for line in lines)
    assert "…  processed" in lines[1]


def test_a_narrow_column_gives_what_it_does_not_need_to_a_wide_one():
    (_, line) = lay_out({"A": True, "B": True}, [("short", "b" * 90)], width=40)

    assert line == f"short  {'b' * 32}…"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        ("a\n\tb", "a b"),
        ("\x1b[2Jgone", "\ufffd[2Jgone"),
        ("\x9b2J\x7f", "\ufffd2J\ufffd"),
        (True, "true"),
        ({"a": "é"}, '{"a": "é"}'),
        ("[bold]", "[bold]"),
    ],
)
def test_what_senders_write_does_not_move_the_cursor(value, shown):
    assert clean(value) == shown


def test_several_lines_stay_several():
    assert clean_text("a\n\tb\r\x1b") == "a\n\tb\ufffd\ufffd"
