"""Fits by NUTS, each made once: compiling one takes longer than sampling."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

import pytest

import pyro_neurovae as nv
from pyro_neurovae.inference import engine
from pyro_neurovae.inference.engine import FittedModel, fit_model
from pyro_neurovae.models.options import FitSettings

# What JAX compiles here runs a moment only.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")

OPTIONS = {
    "cross-scale": {"draws": 10, "restarts": 1, "n_programs": 3},
    "expression": {"draws": 5, "restarts": 1},
    "spatial": {"draws": 5, "restarts": 2},
}


@dataclass(frozen=True)
class Sampled:
    """A fit, and the fitted model in it: both of one run."""

    fit: nv.Fit
    fitted: FittedModel

    @property
    def settings(self) -> FitSettings:
        return self.fit.settings


@pytest.fixture(scope="session")
def sampled(study: nv.Study) -> Callable[[str], Sampled]:
    """Short chains of a model on the ring study."""
    pytest.importorskip("numpyro")
    made: dict[str, Sampled] = {}

    def sampled(model: str) -> Sampled:
        if model not in made:
            made[model] = run(study, model)
        return made[model]

    return sampled


def run(study: nv.Study, model: str) -> Sampled:
    kept = []

    def keep(*given: object, **named: object) -> FittedModel:
        kept.append(fit_model(*given, **named))
        return kept[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "fit_model", keep)
        fit = nv.fit(study, model, method="nuts", seed=3, warm_up=5, max_tree_depth=2, **OPTIONS[model])
    return Sampled(fit, kept[0])
