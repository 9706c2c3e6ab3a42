"""The results paragraph: its numbers are those of the tables."""

from __future__ import annotations

import re

from pyro_neurovae.atlases.readable_names import readable_name
from pyro_neurovae.evidence.null_tests import Nulls
from pyro_neurovae.interpretation import region_report
from pyro_neurovae.page.results_text import results_paragraph


def test_its_numbers_are_those_of_the_tables(small_fit):
    text = results_paragraph(small_fit, unit="mm").replace("\u2212", "-")
    for name in small_fit.study.maps:
        table = region_report(small_fit, map=name).set_index("region")
        thin, thick = (table["simultaneous_upper90"] < 0).sum(), (table["simultaneous_lower90"] > 0).sum()
        assert f"In {name}, the cortex was thinner in {thin} and thicker in {thick} of 68 regions" in text
        first = table.loc[table["mean"].abs().idxmax()]
        largest = (
            f"{readable_name(first.name)}, {first['mean']:+.2f} mm [{first['lower95']:+.2f}, {first['upper95']:+.2f}]"
        )
        assert largest in text
        share = small_fit.variance().query("map == @name and source == 'transcriptomic'").iloc[0]
        assert f"went with {share['mean']:.0%} of the map's variance" in text
    assert not re.search(r"held out|null maps|nan", text)


def test_what_was_not_made_is_not_told_and_what_was_is(baseline_fit, small_fit, small_validation, made_results):
    assert "expression" not in results_paragraph(baseline_fit)
    scores = small_validation.summary()
    row = scores[(scores["model"] == "cross-scale") & (scores["map"] == small_fit.study.maps[0])]
    text = results_paragraph(small_fit, validation=small_validation, nulls=made_results[Nulls])
    if len(row):
        assert f"R2 was {row['r2'].iloc[0]:.2f}" in text
    assert "null maps" not in text  # they are of other maps
