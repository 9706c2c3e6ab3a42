"""Pieces of the page: text that is escaped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from pyro_neurovae.page.elements import data_table, definitions, heading, paragraph, unordered


def test_names_cannot_break_the_page(parse: Callable[[str], Any]) -> None:
    frame = pd.DataFrame({"gene": ['<b>"x"</b></script><script>alert(1)</script>'], "weight": [0.5]})
    text = data_table(frame, name="genes.csv", caption="a & b")
    page = parse(text)
    assert (page.open, page.faults) == ([], [])
    assert "<b>" not in text.split('<script type="application/json">')[0]
    assert text.count("</script>") == 1


def test_text_is_escaped_and_steers_nothing(parse: Callable[[str], Any]) -> None:
    odd = "<img src=x onerror=alert(1)>\x1b[31m\u202e"
    for piece in (heading(odd), paragraph(odd), unordered([odd]), definitions({odd: odd})):
        assert "&lt;img src=x onerror=alert(1)&gt;\\x1b[31m\\u202e" in piece
        assert parse(piece).images == []
    frame = pd.DataFrame({"gene": ["<!--<script>"], "weight": [0.5]})
    text = data_table(frame, name='"><script>', caption='"><script>')
    assert text.count("<script") == 1
    assert "<!--" not in text


def test_probabilities_are_bounded_by_their_draws() -> None:
    frame = pd.DataFrame({"region": ["a", "b", "c"], "p_negative": [1.0, 0.25, 0.0], "mean": [-0.25, 0.1234, 0.5]})
    text = data_table(frame, name="r.csv", caption="c", draws={"p_negative": 1000}, first=["region", "p_negative"])
    for shown in ("&gt; .999", ".250", "&lt; .001", "0.123"):
        assert f">{shown}</td>" in text
    assert '<th scope="row">a</th>' in text
    assert text.count('class="number rest"') == 4
    assert "All columns" in text
    assert "All columns" not in data_table(frame, name="r.csv", caption="c")


def test_p_values_are_bounded_by_their_null_maps() -> None:
    frame = pd.DataFrame({"set": ["a", "b"], "p": [1 / 300, 0.25]})
    text = data_table(frame, name="s.csv", caption="c", least={"p": 1 / 300})
    assert '<td class="number">&lt; .0034</td>' in text
    assert '<td class="number">0.250</td>' in text
    assert '"\\u003c .0034"' in text  # for the script, which draws the rows anew
