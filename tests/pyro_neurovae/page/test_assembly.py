"""The HTML report: whole, self-contained, valid, and saying what the fit says."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.atlases.readable_names import names_in_words
from pyro_neurovae.page import report_html
from pyro_neurovae.page.answer import regions_sentence, vertices_sentence
from pyro_neurovae.posterior.sources import SOURCES


@pytest.fixture(scope="module")
def html(small_fit: nv.Fit) -> str:
    """The report of the small fit."""
    return report_html(small_fit, threshold=-0.2, unit="Cohen's d")


def held_in(html: str, name: str) -> dict[str, Any]:
    """What the page's table of a name holds."""
    box = html.split(f'data-name="{name}"')[1]
    return json.loads(re.findall(r'<script type="application/json">(.*?)</script>', box)[0])


@pytest.fixture(scope="module")
def page(html: str, parse: Callable[[str], Any]) -> Any:
    """It, parsed."""
    return parse(html)


def test_the_page_is_well_formed_and_needs_nothing_from_elsewhere(html: str, page: Any) -> None:
    assert html.startswith("<!DOCTYPE html>")
    assert (page.open, page.faults) == ([], [])
    assert page.outside == []
    assert len(set(page.ids)) == len(page.ids)
    assert set(page.targets) <= set(page.ids)
    assert "http:" not in html
    assert "https:" not in html
    assert len(html) < 8e6


def test_the_page_may_do_what_its_own_style_and_script_do_and_nothing_else(html: str) -> None:
    policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', html)
    assert policy is not None
    rules = dict(rule.split(" ", 1) for rule in policy[1].split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["img-src"] == "data:"
    for name, kind in (("style-src", "style"), ("script-src", "script")):
        (content,) = re.findall(rf"<{kind}>(.*?)</{kind}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules[name] == f"'sha256-{digest}'"
    assert html.index("Content-Security-Policy") < html.index("<style>")
    assert not re.search(r"<[^>]* (style|on\w+)=", html)


def test_names_from_data_are_text(small_study: nv.Study, quick: dict[str, int], parse: Callable[[str], Any]) -> None:
    odd = '<img src=x>"</script><!--<script>$'
    study = replace(small_study.select(maps=["simulated1"]), maps=(odd,), genes=("=<b>", *small_study.genes[1:]))
    html = report_html(nv.fit(study, seed=5, **quick))
    page = parse(html)
    assert (page.open, page.faults) == ([], [])
    assert not [image for image in page.images if image.get("src") == "x"]
    held = re.findall(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)
    assert [one["name"] for one in json.loads(held[0])["maps"]] == [odd]


def test_it_is_accessible(page: Any) -> None:
    assert page.levels[0] == 1
    assert page.levels.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(page.levels, page.levels[1:], strict=False))
    assert page.images
    assert all(len(image.get("alt") or "") > 20 for image in page.images)


def test_its_tables_hold_what_the_fit_says(html: str, small_fit: nv.Fit) -> None:
    regions, genes = held_in(html, "regions_simulated2.csv"), held_in(html, "genes_simulated2.csv")
    table = small_fit.regions().query("map == 'simulated2'").set_index("region")
    place = {name: column for column, name in enumerate(regions["columns"])}
    assert (regions["columns"][:2], len(regions["rows"])) == (["region", "mean"], 68)
    means = [row[1] for row in regions["rows"]]
    np.testing.assert_allclose(means, table.loc[[row[0] for row in regions["rows"]], "mean"], rtol=1e-5)
    assert [abs(mean) for mean in means] == sorted((abs(mean) for mean in means), reverse=True)
    assert "p_beyond" in place
    assert regions["draws"][place["p_beyond"]] == 120
    assert regions["kinds"][place["mean"]] == "number"
    assert regions["kinds"][place["sd"]] == "number rest"
    assert 2 * len(genes["rows"]) == len(small_fit.genes())
    strength = [abs(row[genes["columns"].index("weight")]) / row[genes["columns"].index("sd")] for row in genes["rows"]]
    assert strength == sorted(strength, reverse=True)


def test_a_map_of_vertices_has_pictures_of_them(fit_at_vertices: nv.Fit, parse: Callable[[str], Any]) -> None:
    html = report_html(fit_at_vertices)
    page = parse(html)
    assert (page.open, page.faults) == ([], [])
    assert all(b - a <= 1 for a, b in zip(page.levels, page.levels[1:], strict=False))
    assert len(html) < 8e6
    alts = [image.get("alt") for image in page.images]
    assert "Effect (posterior mean) at every vertex of map on the cortex." in alts
    assert "Probability that the effect at a vertex is below zero of map on the cortex." in alts
    text = " ".join(page.data)
    assert vertices_sentence(fit_at_vertices, "map") in text
    assert "The 68 largest effects of 200 regions: posterior mean" in text
    held = held_in(html, "regions.csv")
    assert held["columns"][:3] == ["region", "lies_in", "mean"]
    words = names_in_words(fit_at_vertices.study.regions)
    assert all(f"{row[1]} {row[0]}" == words[row[0]] for row in held["rows"])


def test_a_map_of_regions_has_none_of_vertices(html: str) -> None:
    assert "vertices of the map" not in html
    assert "lies_in" not in html
    assert "Effect of every region: posterior mean" in html


def test_the_answer_comes_first_and_each_map_has_its_own_section(html: str, page: Any, small_fit: nv.Fit) -> None:
    order = [page.ids.index(one) for one in ("answer", "map-1", "map-2", "variance", "trust", "data", "model")]
    assert order == sorted(order)
    for name in small_fit.study.maps:
        assert regions_sentence(small_fit, name, "Cohen's d", -0.2).replace("'", "&#x27;") in html
    assert "Threshold -0.2." in html
    assert "P(below -0.2) is the probability of an effect beyond the threshold given" in html
    assert "speaks against the intervals" not in html


def test_it_speaks_of_effects_and_of_what_they_are_made_of(html: str, page: Any) -> None:
    text = " ".join(page.data)
    assert "noise-free" not in html.lower()
    assert "The effect is all that is real in a region, what is its own included and sampling error left out" in text
    assert "predictable mean" in text
    for source, words in SOURCES.items():
        assert (words in text) == (source != "unexplained")
    assert "the correlation of regional thickness across people (normative, 1,462 people" in text
    alts = [str(image["alt"]) for image in page.images]
    assert any(alt.startswith("Effect (posterior mean) of simulated1 on the cortex") for alt in alts)
    assert any(alt.startswith("Predictable part of the effect (posterior mean)") for alt in alts)
    assert "observed value with the 90% interval" in text


def test_it_tells_problems_checks_seed_and_versions(page: Any, small_fit: nv.Fit) -> None:
    text = " ".join(page.data)
    assert "No expression in R_frontalpole, R_temporalpole" in text
    assert "No thinning of simulated1 in" in text
    for check in small_fit.check()["check"].unique():
        assert check in text
    assert '"seed": 5' in text
    assert "version of torch" in text
    assert "What this does not say" in text


@pytest.mark.slow
def test_what_stands_beside_the_fit_gets_its_sections_ci_selection(
    small_fit: nv.Fit, small_study: nv.Study, parse: Callable[[str], Any]
) -> None:
    validation = nv.validate(small_study, ["spatial"], draws=50)
    nulls = nv.nulls(small_fit, number=20, draws=20)
    sets = pd.DataFrame({"map": ["simulated1"], "set": ["a </script> set"], "p": [0.2]})
    sets.attrs |= {"left_out": ("tiny",), "least_p": 2 / 101}
    page = parse(report_html(small_fit, validation=validation, nulls=nulls, enrichment=sets))
    assert {"held-out", "nulls"} <= set(page.ids)
    assert (page.open, page.faults) == ([], [])
    text = " ".join(page.data)
    assert "held out by pairs" in text
    assert "20 null maps made by drawing from the model without its transcriptomic part" in text
    assert "No p can be below .02, by the number of null maps." in text
    assert "1 set with too few or too many genes in the study left out: tiny." in text


@pytest.mark.parametrize("model", ["spatial", "expression"])
def test_a_model_without_programs_or_genes_has_a_report_too(
    small_study: nv.Study, model: str, parse: Callable[[str], Any]
) -> None:
    page = parse(report_html(nv.fit(small_study, model, map_steps=20, draws=60)))
    assert (page.open, page.faults) == ([], [])
    assert "programs" not in page.ids
    assert ("genes" in page.ids) == (model == "expression")


def test_the_file_is_written_whole_or_not_at_all(
    small_fit: nv.Fit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = import_module("pyro_neurovae.page.assembly")  # nv.report is the function
    monkeypatch.setattr(page, "report_html", lambda *_, **__: "whole")
    assert nv.report(small_fit, tmp_path / "r.html").read_text() == "whole"
    with pytest.raises(nv.InputError, match="the report can't be written"):
        nv.report(small_fit, tmp_path / "nowhere" / "r.html")
    assert [one.name for one in tmp_path.iterdir()] == ["r.html"]
