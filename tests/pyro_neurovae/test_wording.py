"""Words: names and counts, and what is written out of texts from data."""

from __future__ import annotations

import pytest

from pyro_neurovae.wording import counted, first_names, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain größe 脳 ± ✓\n\t", "plain größe 脳 ± ✓\n\t"),
        ("\x1b[2Jx", "\\x1b[2Jx"),
        ("a\rb\x07\x00\x7f\x9b", "a\\x0db\\x07\\x00\\x7f\\x9b"),
        ("\u202eabc\u2066", "\\u202eabc\\u2066"),
        ("\udcff", "\\udcff"),
    ],
)
def test_what_steers_a_terminal_is_written_out(text, shown):
    assert visible(text) == shown
    assert visible(shown) == shown


def test_names_and_counts():
    assert first_names(["a", "b"]) == "a, b"
    assert first_names([str(k) for k in range(7)]) == "0, 1, 2, 3, 4, ... (7 in all)"
    assert (counted(1, "map"), counted(2, "map")) == ("1 map", "2 maps")
