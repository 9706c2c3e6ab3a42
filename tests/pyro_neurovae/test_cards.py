"""What users hold in hand shows itself shortly: in a console, in print, in a notebook, whatever the names in it."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace

import numpy as np
import pytest

import pyro_neurovae as nv
from pyro_neurovae.cards import Introduced, Shown
from pyro_neurovae.errors import warn


class Odd(Introduced):
    def __init__(self, *parts):
        self.parts = parts

    def _title(self):
        return "<script>alert(1)</script> \x1b[2J [bold]" + 300 * "x"

    def _parts(self):
        return self.parts


@pytest.fixture(scope="module")
def held(small_fit):
    """One of each kind that a user gets to see."""
    cohort = nv.simulate_cohort(0, n_control=40, n_case=30)
    programs, modules = nv.aligned_programs(small_fit), nv.gene_modules(small_fit, number=3)
    found = nv.contrast(cohort.subjects, group="diagnosis", case="AD", control="CN", covariates="age,sex")
    posterior = small_fit.posterior
    graph = small_fit.study.graph
    parts = (small_fit.study, graph, posterior, posterior.training, programs, nv.clusters(small_fit), modules)
    return {type(one).__name__: one for one in (small_fit, *parts, cohort, cohort.subjects, found)}


def test_a_repr_is_one_short_line_and_a_print_one_screen(held, made_results):
    for name, one in {**held, **{kind.__name__: one for kind, one in made_results.items()}}.items():
        assert "\n" not in repr(one)
        assert len(repr(one)) <= 220, name
        assert len(str(one)) < 1500, name
        assert max(len(line) for line in str(one).splitlines()) <= 80, name
        assert "array(" not in repr(one) + str(one)


def test_a_notebook_gets_a_table_that_runs_nothing(held, made_results):
    for one in (*held.values(), *made_results.values()):
        shown = one._repr_html_()
        assert shown.startswith("<div>")
        assert not re.search(r"<script|<iframe|<img|\son\w+=|javascript:|<link|https?:", shown)
        assert shown.count("<table>") == shown.count("</table>")


def test_a_fit_says_where_it_is_largest_and_how_sure(held):
    fit, regions = held["Fit"], held["Fit"].regions()
    for name in fit.study.maps:
        own = regions[regions["map"] == name]
        largest = own.loc[own["mean"].abs().idxmax()]
        clear = ((own["lower90"] > 0) | (own["upper90"] < 0)).sum()
        told = " ".join(str(fit).split())
        assert f"{name}: largest in {largest['region']}, {largest['mean']:+.3g} (90% interval" in told
        assert f"excludes zero in {clear} of {len(own)} regions" in told


def test_names_from_data_are_text_and_what_is_long_is_cut():
    odd = Odd(Shown("<b>t</b>", ("<i>", "[n]"), (("<script>x</script>" + 300 * "y", "-1"),)), 3000 * "long ", ("<u>",))
    assert "<script" not in odd._repr_html_()
    assert "&lt;u&gt;" in odd._repr_html_()
    assert "[bold]" in repr(odd)
    assert "\x1b" not in repr(odd) + str(odd) + odd._repr_html_()
    assert len(repr(odd)) <= 220
    assert str(odd).endswith("\n...")
    assert len(str(odd)) < 1500


def test_a_table_keeps_its_numbers_whole_in_80_columns(made_results):
    for one in made_results.values():
        for part in one.shown():
            if not isinstance(part, Shown):
                continue
            printed = str(Odd(part))
            assert "…" not in printed
            for row in part.rows:
                assert all(cell in printed for cell in row[part.names :])


def test_a_study_of_many_maps_with_long_names_still_fits(small_study):
    many = small_study.with_thinning(
        np.tile(small_study.thinning[:1], (40, 1)),
        np.tile(small_study.standard_error[:1], (40, 1)),
        maps=[f"map{m} {'x' * 120}" for m in range(40)],
    )
    assert len(str(many)) < 1500
    assert len(repr(replace(many, notices=("one",)))) < 220


def test_a_warning_shows_no_line_of_source(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda *told: print(warnings.formatwarning(*told[:4]), end="")
        warn("something is odd.")
    assert capsys.readouterr().out == "pyro_neurovae:1: NeurovaeWarning: something is odd.\n"
