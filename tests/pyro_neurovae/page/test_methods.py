"""The methods paragraph: written from the settings that were used, its references at hand."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

import pyro_neurovae as nv
from pyro_neurovae.models.options import fit_settings
from pyro_neurovae.page import bibtex, methods_paragraph


def test_the_methods_paragraph_follows_the_settings(small_fit: nv.Fit, baseline_fit: nv.Fit) -> None:
    text = methods_paragraph(small_fit, validated="pairs", nulls={"method": "spin", "number": 99}, sensitivity=True)
    assert "40 genes" in text
    assert "measured in 66 of 68" in text
    assert "2 x 60 draws, seed 5" in text
    assert "99 null maps made by rotations" in text
    assert "power-scaling" in text
    keys = set(re.findall(r"[a-z]+\d{4}", text))
    entries = bibtex(text)
    assert {key for key in keys if "{" + key + "," in entries} == keys
    assert entries.count("@article") == len(keys)
    assert "The model spatial" in methods_paragraph(baseline_fit)


def test_how_errors_go_together_is_told(small_fit: nv.Fit) -> None:
    study = small_fit.study
    text = methods_paragraph(small_fit)
    assert "Sampling errors are assumed to be independent across regions." in text
    assert "had the correlation of regional thickness across people (normative, 1,462 people" in text
    assert "Reported are effects: what programs and fields give and what is a region's own" in text
    joint = np.einsum("mi,mj->mij", np.nan_to_num(study.standard_error), np.nan_to_num(study.standard_error))
    joint = np.where(study.thinning_observed[:, :, None] & study.thinning_observed[:, None], joint, np.nan)
    joint = 0.5 * joint + 0.5 * joint * np.eye(study.n_regions)
    both = replace(study, covariance=joint, sampling_correlation=("normative", "own"), structure=None)
    text = methods_paragraph(replace(small_fit, study=both))
    assert "Of simulated1: sampling errors are assumed to correlate across regions as regional thickness does" in text
    assert "Of simulated2: sampling errors are assumed to correlate across regions as their own sampling cov" in text
    assert "healthy variation" not in text
    unknown = study.with_thinning(study.thinning, np.zeros_like(study.thinning))
    text = methods_paragraph(replace(small_fit, study=unknown))
    assert "with noise that was estimated." in text
    assert "ampling errors" not in text


@pytest.mark.parametrize(
    ("model", "method", "told"),
    [
        ("cross-scale", "svi", "Posterior draws came from guides in Pyro [bingham2019], that of the programs trained"),
        ("stacked", "svi", "Posterior draws came from guides in Pyro [bingham2019], that of the programs trained"),
        ("paper", "svi", "from a graph neural network guide in Pyro [bingham2019, paper2026] (1 x 1000 draws, seed 0)"),
        ("cross-scale", "nuts", "Posterior draws came from the No-U-Turn sampler of NumPyro [phan2019] (1 x 1000"),
        ("spatial", "exact", "The posterior was computed on a grid of the scales, exactly given these (1 x 1000"),
    ],
)
def test_how_draws_came_about_is_told_for_each_method(small_fit: nv.Fit, model: str, method: str, told: str) -> None:
    text = methods_paragraph(replace(small_fit, settings=fit_settings(model, method=method)))
    assert told in text
    assert f"The model {model} of pyro_neurovae {nv.__version__} was fitted" in text
