"""Every family in words, equations and a table of its priors."""

from __future__ import annotations

from html import escape

import pytest

import pyro_neurovae as nv
from pyro_neurovae.models.families import FAMILIES
from pyro_neurovae.models.options import fit_settings
from pyro_neurovae.page.model_text import model_section, prior_table


@pytest.mark.parametrize("model", FAMILIES)
def test_every_family_is_told_in_words_and_equations(model: str) -> None:
    family = FAMILIES[model]
    assert family.words.endswith(".")
    body = model_section(fit_settings(model)).body
    assert escape(family.words) in body
    assert escape(family.equations) in body
    assert f"Equations of the model {model}" in body


def test_priors_are_told_with_their_settings() -> None:
    table = prior_table(fit_settings("cross-scale", transcriptomic_scale=nv.PCPrior(0.7, 0.2)))
    row = table.set_index("parameter").loc["transcriptomic_scale"]
    assert row["prior"] == "penalised complexity: P(value > 0.7) = 0.2"


def test_spiked_priors_and_what_is_integrated_over_are_told() -> None:
    own = {"transcriptomic_scale": nv.SpikedPrior(0.4, 0.05, 1.1), "homologue_sharing": None}
    rows = prior_table(fit_settings("cross-scale", **own)).set_index("parameter")
    told = "practically nought (mean 0.05) with probability 0.4, else half-normal with sd 1.1"
    assert rows.loc["transcriptomic_scale", "prior"] == told
    assert rows.loc["homologue_sharing", "prior"] == "integrated over"
    assert "n_programs" in rows.index
    assert (rows["meaning"].drop(["program_prior", "spatial_prior"]) != "").all()
