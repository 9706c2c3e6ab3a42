"""The register of methods: every family by every method that it declares, and one of each of somebody else's."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import torch

import pyro_neurovae as nv
from pyro_neurovae.errors import SettingsError
from pyro_neurovae.inference.engine import fit_model
from pyro_neurovae.inference.gaussian import draw_linear, seen_root
from pyro_neurovae.inference.methods import METHODS, Method, method_of, methods_that, register_method
from pyro_neurovae.inference.noise import NoiseStreams
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.inference.sampler import LinearSampler, draw_given_scales, linear_noise
from pyro_neurovae.models.families import FAMILIES, Family, family_of, register_family
from pyro_neurovae.models.linear import LinearModel
from pyro_neurovae.models.noise import Noise
from pyro_neurovae.models.options import fit_settings
from pyro_neurovae.models.settings import FamilySettings, PCPrior
from pyro_neurovae.models.training_settings import (
    ExactTraining,
    NutsTraining,
    PaperTraining,
    StackedTraining,
    Training,
    TrainingSettings,
)

DRAWS = 5

# What makes each method and family small.
SMALL = {
    TrainingSettings: {"map_steps": 3},
    StackedTraining: {"map_steps": 3, "folds": 2, "members": ["expression", "spatial"]},
    PaperTraining: {"steps": 3, "validation": 0, "n_latent": 2, "width": 4},
    ExactTraining: {"points": 10},
}
# Of NUTS, which takes seconds to compile, tests/inference/nuts/test_sampler.py shows the same.
PAIRS = [(name, way) for name, family in FAMILIES.items() for way in family.methods if way != "nuts"]


@pytest.mark.parametrize(("name", "method"), PAIRS)
def test_every_family_by_every_method_that_it_declares(study, conforms, name, method):
    family = family_of(name)
    programs = {"n_programs": 3, "steps": 3, "program_sweeps": 1} if family.programs else {}
    options = SMALL[family.methods[method]] | programs
    settings = fit_settings(name, method=method, seed=2, draws=DRAWS, **options)
    fitted = fit_model(observe(study), settings, (settings.seed,))
    assert (fitted.record is None) == (method == "exact")  # nothing was trained
    conforms(study, settings, fitted.sampler)


def test_a_record_of_settings_has_one_method():
    assert all(isinstance(method, Method) and method.training is record for record, method in METHODS.items())
    assert method_of(NutsTraining()).chains == 4
    assert method_of(TrainingSettings()).keeps_programs
    with pytest.raises(SettingsError, match="NutsTraining sets the method nuts already"):
        register_method(Method("other", NutsTraining, "somewhere:function"))


def test_methods_are_found_by_what_they_can():
    assert methods_that(keeps_programs=True) == "svi"
    assert methods_that(batches=False) == "nuts or exact"
    assert methods_that(chains=4) == "nuts"


def test_asking_what_there_is_needs_no_torch():
    asked = "import sys, pyro_neurovae.inference.methods as m; print(m.methods_that(chains=4), 'torch' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    assert told.split() == ["nuts", "False"]


# A family with a part and a noise of its own, and a method

PRIOR = PCPrior(1.0, 0.1)


class SharedNoise(Noise):
    """Known sampling error, what all regions of a map share, and their own."""

    scales: ClassVar[tuple[str, ...]] = ("shared_scale", "unexplained_scale")

    def covariance(self, sampling, scales, identity):
        shared, own = (scales[name][..., None, None] ** 2 for name in self.scales)
        return sampling + shared + own * identity

    def unexplained(self, scales):
        return sum(scales[name][..., None] ** 2 for name in self.scales)


@dataclass(frozen=True)
class BandSettings(FamilySettings):
    """Priors of the scales."""

    noise: ClassVar[Noise] = SharedNoise()

    band_scale: PCPrior = PRIOR
    shared_scale: PCPrior = PRIOR
    unexplained_scale: PCPrior = PRIOR


class Band(LinearModel):
    """Every third region goes with the others of its kind."""

    parts: ClassVar[tuple[str, ...]] = ("band",)

    def fixed_roots(self):
        kind = torch.arange(self.data.regions) % 3
        return {"band": torch.nn.functional.one_hot(kind).mT.to(self.data.thinning)[None, None]}


@dataclass(frozen=True)
class PriorTraining(Training):
    """Nothing to set but where to begin."""

    offset: int = 0


@dataclass(frozen=True)
class PriorScales(LinearSampler):
    """Scales from their prior; what is linear, given these."""

    model: LinearModel
    seeds: tuple[int, ...]

    @torch.no_grad()
    def draw(self, draws):
        data = self.model.data
        streams = NoiseStreams(self.seeds, "prior scales", dtype=data.thinning.dtype)
        scales = {
            name: -streams.uniform(draws, data.maps).log() / self.model.scale_prior(name).rate
            for name in self.model.scale_names
        }
        noise = linear_noise(self.model, self.model.roots({}), streams, draws)
        noise["again"] = streams.normal(draws, data.maps, data.regions)
        drawn = draw_given_scales(self.model, scales, {}, noise)
        return drawn | {"log_p": sum(self.model.log_prior(drawn).values())}


def begin(model, training, seeds, *, draws, programs=None, progress=None):
    del draws, programs, progress
    return PriorScales(model, tuple(seed + training.offset for seed in seeds)), None


@pytest.fixture
def band():
    """Both known by their names while a test runs."""
    family = Family(
        name="band",
        settings=BandSettings,
        home=f"{__name__}:Band",
        methods={"svi": TrainingSettings, "prior": PriorTraining},
        linear=True,
        expression=False,
        programs=False,
        genes=False,
        graph=False,
        words="Every third region goes with the others of its kind.",
        equations="y_m = a_m + c_m B w_m + e_m",
    )
    register_family(family)
    register_method(Method("prior", PriorTraining, f"{__name__}:begin", words="Scales came from their prior"))
    yield family
    del FAMILIES["band"], METHODS[PriorTraining]


@pytest.mark.parametrize("options", [{"map_steps": 10}, {"method": "prior", "offset": 3}], ids=["svi", "prior"])
def test_a_family_of_somebody_elses_by_each_of_its_methods(band, study, tmp_path, options):
    """From the settings to the tables of a saved fit, with a part and a scale that no other family has."""
    fitted = nv.fit(study, "band", draws=30, seed=1, **options)
    posterior = fitted.idata.posterior
    assert {"band", "band_scale", "shared_scale", "unexplained_scale"} < set(posterior)
    np.testing.assert_allclose(posterior["thinning"], posterior["intercept"] + posterior["band"])
    shares = fitted.variance().groupby("source")["mean"].mean()
    assert shares.sum() == pytest.approx(1)
    assert (shares["band"] > 0) & (shares["transcriptomic"] == 0)
    assert np.isfinite(fitted.regions()[["mean", "sd"]]).all().all()
    fitted.save(tmp_path / "fit.nc")
    again = nv.load(tmp_path / "fit.nc")
    assert again.settings == fitted.settings
    assert again.summary() == fitted.summary()


def test_its_noise_is_in_draws_and_predictions(band, study, hidden):
    """Posterior means of the noise-free thinning, and moments of hidden values, by dense algebra given the scales."""
    model = band.build(observe(study, hidden=hidden[:1]), BandSettings())
    scales = {name: torch.full((1, 1, 2), 0.1, dtype=torch.float64) for name in model.scale_names}
    roots = model.roots({})
    zero = {"intercept": (2,), "data": (2, 12), "band": (2, 3), "again": (2, 12)}
    white = {name: torch.zeros(1, 1, *shape, dtype=torch.float64) for name, shape in zero.items()}
    drawn = draw_given_scales(model, scales, {}, white)
    linear = draw_linear(model, scales, roots, white, seen_root(model, scales, model.kernels({})))
    torch.testing.assert_close(drawn["thinning"], linear.thinning)
    for m in range(2):
        o, y = model.data.seen[0, m].numpy(), study.thinning[m]
        free = float(model.data.level[0, m]) ** 2 + 0.01 * model.kernels({})["band"][0, 0].numpy()
        noise = model.data.sampling[m].numpy() + 0.01 + 0.01 * np.eye(12)
        whole = np.linalg.solve((free + noise)[np.ix_(o, o)], y[o])
        np.testing.assert_allclose(drawn["thinning"][0, 0, m], free[:, o] @ whole)
        # A hidden value observed anew: thinning, and the error that goes with those of the seen.
        np.testing.assert_allclose(drawn["replicated"][0, 0, m, ~o], (free + noise)[np.ix_(~o, o)] @ whole)


def test_settings_of_the_method_reach_it(band, study):
    one, other = (
        fit_model(observe(study), fit_settings("band", method="prior", offset=offset), (seed,)).sampler.draw(3)
        for seed, offset in ((4, 0), (1, 3))
    )
    assert torch.equal(one["thinning"], other["thinning"])
    with pytest.raises(SettingsError, match="the model spatial is fitted by svi or nuts or exact, not by prior"):
        fit_settings("spatial", method="prior")
    assert isinstance(dataclasses.replace(method_of(PriorTraining()), chains=2).fit, Callable)
