"""The register of families: each is whole, and one of somebody else's is as good as the package's own."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import torch

from pyro_neurovae.errors import SettingsError
from pyro_neurovae.inference.methods import METHODS
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.models.families import FAMILIES, Family, families_that, family_of, register_family
from pyro_neurovae.models.linear import LinearModel
from pyro_neurovae.models.noise import GaussianNoise, Noise
from pyro_neurovae.models.options import FitSettings, fit_settings
from pyro_neurovae.models.settings import FamilySettings, PCPrior, SpatialSettings
from pyro_neurovae.models.training_settings import ExactTraining, TrainingSettings

EVERY = pytest.mark.parametrize("name", FAMILIES)
KNOWN_DIMS = {"map", "region", "program", "gene", "source"}


@EVERY
def test_a_declaration_is_whole_and_true(name, study):
    family = family_of(name)
    assert family.name == name
    model = family.build(observe(study), family.settings())
    assert f"{type(model).__module__}:{type(model).__qualname__}" == family.home
    assert isinstance(model, LinearModel) == family.linear
    assert getattr(model, "has_programs", False) == family.programs
    assert family.noise is model.settings.noise
    assert set(family.methods.values()) <= set(METHODS)
    assert all(METHODS[record].name == method for method, record in family.methods.items())
    assert issubclass(family.settings, FamilySettings)
    assert bool(family.settings.of_programs) == family.programs
    assert family.words.endswith(".")
    assert family.equations
    assert not family.guide.endswith(".")


@EVERY
def test_dims_say_what_the_family_has(name):
    family = family_of(name)
    dims = family.dims
    assert {dim for own in dims.values() for dim in own} <= KNOWN_DIMS
    assert ("program_score" in dims) == family.programs
    assert dims["thinning"] == ("map", "region")
    assert dims["variance_share"] == ("map", "source")
    for part in family.parts:
        assert dims[part] == ("map", "region")
        assert dims[f"{part}_scale"] == ("map",)
    assert all(dims[scale] == ("map",) for scale in family.noise.scales)
    assert family.parts[:3] == ("transcriptomic", "spatial", "structural")  # every table has a share of these
    assert family.sources == (*family.parts, "regional", "sampling")
    assert dims["predictable"] == dims["regional"] == dims["thinning"]
    assert dims["structural_axis"] == ("map",)


def test_families_are_found_by_what_they_have():
    assert families_that(linear=True, genes=True) == "cross-scale or expression"
    assert families_that(programs=True) == "cross-scale"
    assert families_that(linear=False) == "paper or stacked"
    assert families_that(tests_expression=True) == "cross-scale or expression"
    assert families_that(expression=False) == "spatial or structural"
    assert families_that(linear=True) == "cross-scale or expression or spatial or structural"
    assert families_that(graph=False, expression=False) == ""


def test_unknown_names_are_told_the_known_ones():
    known = "cross-scale, expression, spatial, structural, paper, stacked"
    with pytest.raises(SettingsError, match=f"unknown model 'gp': the known ones are {known}"):
        family_of("gp")
    with pytest.raises(SettingsError, match="unknown method 'gibbs': the known ones are svi, nuts, exact"):
        family_of("spatial").training("gibbs")


@pytest.mark.parametrize(
    ("name", "method", "message"),
    [
        ("paper", "nuts", "the model paper is fitted by svi only, not by nuts; leave out method"),
        ("stacked", "exact", "the model stacked is fitted by svi only, not by exact"),
        ("cross-scale", "exact", "the model cross-scale is fitted by svi or nuts, not by exact"),
    ],
)
def test_a_method_that_a_family_lacks(name, method, message):
    with pytest.raises(SettingsError, match=message):
        family_of(name).training(method)


def test_asking_what_there_is_needs_no_torch():
    asked = (
        "import sys, pyro_neurovae.models.families as f; print(f.families_that(programs=True), 'torch' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    assert told.split() == ["cross-scale", "False"]


# A family and a noise of somebody else's


PRIOR = PCPrior(1.0, 0.1)


class UnevenNoise(Noise):
    """What is a region's own is larger in every other region."""

    scales: ClassVar[tuple[str, ...]] = ("uneven_scale", "unexplained_scale")

    def unexplained(self, scales):
        more, own = (scales[name][..., None] ** 2 for name in self.scales)
        return own + more * (torch.arange(12) % 2)


@dataclass(frozen=True)
class LevelSettings(FamilySettings):
    """No part at all, and noise of two sizes."""

    noise: ClassVar[Noise] = UnevenNoise()

    uneven_scale: PCPrior = PRIOR
    unexplained_scale: PCPrior = PRIOR


class Level(LinearModel):
    """An intercept and noise."""

    parts: ClassVar[tuple[str, ...]] = ()

    def fixed_roots(self):
        return {}


@pytest.fixture
def level():
    """The family, known by its name while a test runs."""
    family = Family(
        name="level",
        settings=LevelSettings,
        home=f"{__name__}:Level",
        methods={"svi": TrainingSettings, "exact": ExactTraining},
        linear=True,
        expression=False,
        programs=False,
        genes=False,
        graph=False,
        words="Thinning is the same everywhere but for noise.",
        equations="y_m = a_m + e_m",
    )
    register_family(family)
    yield family
    del FAMILIES["level"]


def test_a_family_of_somebody_elses_is_known_and_built(level, study, hidden):
    assert family_of("level") is level
    assert families_that(linear=True).endswith("or level")
    assert level.noise is LevelSettings.noise
    settings = fit_settings("level", method="exact", uneven_scale=PCPrior(0.5, 0.2), points=20)
    assert FitSettings.from_json(settings.to_json()) == settings
    assert json.loads(settings.to_json())["family"]["uneven_scale"] == {"upper": 0.5, "alpha": 0.2}
    with pytest.raises(SettingsError, match="the model level is fitted by svi or exact, not by nuts"):
        fit_settings("level", method="nuts")
    model = level.build(observe(study, hidden=hidden), settings.family)
    assert model.scale_names == ("uneven_scale", "unexplained_scale")
    assert not level.tests_expression
    assert level.sources == ("transcriptomic", "spatial", "structural", "regional", "sampling")
    assert level.dims["uneven_scale"] == ("map",)


def test_its_noise_is_in_the_likelihood(level, study, traced):
    model = level.build(observe(study), LevelSettings())
    sites = traced(model, 2)
    assert list(sites) == ["uneven_scale", "unexplained_scale", "thinning"]
    value = {name: float(site["value"][0, 1, 0]) for name, site in sites.items() if name != "thinning"}
    seen = study.thinning_observed[0]
    y, n = study.thinning[0, seen], seen.sum()
    own = value["unexplained_scale"] ** 2 + value["uneven_scale"] ** 2 * (np.arange(12) % 2)
    dense = 4 * (y**2).mean() + (study.sampling_covariance()[0] + np.diag(own))[np.ix_(seen, seen)]
    expected = -0.5 * (y @ np.linalg.solve(dense, y) + np.linalg.slogdet(dense)[1] + n * np.log(2 * np.pi))
    assert float(sites["thinning"]["log_prob"][0, 1, 0]) == pytest.approx(expected)


def test_a_name_that_is_taken(level):
    with pytest.raises(SettingsError, match="a model is called level already; choose another name"):
        register_family(dataclasses.replace(level, settings=SpatialSettings))
    assert FAMILIES["level"] is level
    assert isinstance(family_of("spatial").noise, GaussianNoise)
