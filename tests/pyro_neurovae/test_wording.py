"""Words: names and counts, and what is written out of texts from data."""

from __future__ import annotations

import pytest

from pyro_neurovae.wording import counted, first_names, least_p, listed, told_p, told_probability, visible


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
    assert (listed(["a", "b", "c"]), listed(["a"])) == ("a, b and c", "a")
    assert (counted(1, "map"), counted(2, "map")) == ("1 map", "2 maps")


def test_p_values_are_bounded_by_what_their_number_can_tell():
    assert [told_p(p, 1 / 300) for p in (0.0123, 1 / 300, 0.25, 1.0)] == ["p = .012", "p < .0034", "p = .25", "p = 1"]
    assert [told_p(least_p(n), least_p(n)) for n in (19, 1000)] + [told_p(0.0)] == ["p ≤ .05", "p < .001", "p ≤ .0001"]


def test_probabilities_are_bounded_by_their_draws():
    assert [told_probability(p, 1000) for p in (1.0, 0.9991, 0.25, 0.0)] == ["> .999", ".999", ".250", "< .001"]
    assert [told_probability(p, 60) for p in (1.0, 0.5, 0.0)] == ["> .9", ".5", "< .1"]
    assert told_probability(1.0, 4000) == "> .999"
