"""Pieces of the page: text that is escaped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from pyro_neurovae.page.elements import data_table


def test_names_cannot_break_the_page(parse: Callable[[str], Any]) -> None:
    frame = pd.DataFrame({"gene": ['<b>"x"</b></script><script>alert(1)</script>'], "weight": [0.5]})
    text = data_table(frame, name="genes.csv", caption="a & b")
    page = parse(text)
    assert (page.open, page.faults) == ([], [])
    assert "<b>" not in text.split('<script type="application/json">')[0]
    assert text.count("</script>") == 1
