"""What the checklists for contributors promise: a family, noise, method, baseline, graph and atlas of one's own.

Each is made here as a user would make it, outside of the package, and goes through fits, files and tables. A reader of
one's own is in tests/pyro_neurovae/readers/test_registry.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
import torch

import pyro_neurovae as nv
from pyro_neurovae.atlases.atlas import ATLASES, Atlas, register_atlas
from pyro_neurovae.evidence.baselines import BASELINES, register_baseline
from pyro_neurovae.graphs.registry import GRAPHS, register_graph
from pyro_neurovae.inference.methods import METHODS, Method, register_method
from pyro_neurovae.inference.noise import NoiseStreams
from pyro_neurovae.inference.sampler import LinearSampler, draw_given_scales, linear_noise
from pyro_neurovae.models.families import FAMILIES, Family, register_family
from pyro_neurovae.models.linear import LinearModel
from pyro_neurovae.models.noise import Noise
from pyro_neurovae.models.settings import FamilySettings, PCPrior
from pyro_neurovae.models.training_settings import Training, TrainingSettings

HERE = __name__


class FlickeringNoise(Noise):
    """V + sigma^2 I, and a variance of its own for even regions: noise with a second scale."""

    scales = ("unexplained_scale", "flicker_scale")

    def unexplained(self, scales: Mapping[str, Any]) -> Any:
        flicker = scales["flicker_scale"][..., None] ** 2
        even = np.arange(12) % 2 == 0
        return scales["unexplained_scale"][..., None] ** 2 + flicker * (
            torch.as_tensor(even).to(flicker) if isinstance(flicker, torch.Tensor) else even
        )


@dataclass(frozen=True)
class WaveSettings(FamilySettings):
    """Priors of a family whose thinning is a wave around the ring."""

    waves: int = 2
    wave_scale: PCPrior = PCPrior(1.0, 0.1)
    unexplained_scale: PCPrior = PCPrior(1.0, 0.1)
    flicker_scale: PCPrior = PCPrior(0.5, 0.1)
    noise: ClassVar[Noise] = FlickeringNoise()


class Wave(LinearModel):
    """y_m = a_m + w_m (cosines and sines) b_m + e_m, with noise that flickers."""

    parts: ClassVar[tuple[str, ...]] = ("wave",)

    def fixed_roots(self) -> dict[str, torch.Tensor]:
        angle = 2 * torch.pi * torch.arange(self.data.regions, dtype=torch.float64) / self.data.regions
        waves = [f(k * angle) for k in range(1, self.settings.waves + 1) for f in (torch.cos, torch.sin)]
        return {"wave": torch.stack(waves)[None, None] / self.settings.waves**0.5}


@dataclass(frozen=True)
class GuessTraining(Training):
    """A method that guesses all scales: it draws them from their priors."""

    bold: bool = False


@dataclass(frozen=True)
class GuessSampler(LinearSampler):
    """Draws given scales that are drawn from their priors."""

    model: LinearModel
    seeds: tuple[int, ...]

    @torch.no_grad()
    def draw(self, draws: int) -> dict[str, torch.Tensor]:
        model, data = self.model, self.model.data
        streams = NoiseStreams(self.seeds, "guess", dtype=torch.float64)
        rates = {name: model.scale_prior(name).rate for name in model.scale_names}
        scales = {name: -streams.uniform(draws, data.maps).log() / rate for name, rate in rates.items()}
        noise = linear_noise(model, model.roots({}), streams, draws)
        noise["again"] = streams.normal(draws, data.maps, data.regions)
        drawn = draw_given_scales(model, scales, {}, noise)
        return drawn | {"log_p": torch.zeros_like(drawn["intercept"])}


def guess(model, training, seeds, *, draws, programs=None, progress=None):
    """The method's function, in its one signature."""
    return GuessSampler(model, tuple(seeds)), None


@pytest.fixture(autouse=True)
def _registries() -> Iterator[None]:
    """What a test registers is gone afterwards."""
    kept = [(registry, dict(registry)) for registry in (FAMILIES, METHODS, GRAPHS, ATLASES, BASELINES)]
    yield
    for registry, before in kept:
        registry.clear()
        registry.update(before)


@pytest.fixture(scope="module")
def study() -> nv.Study:
    weights = np.roll(np.eye(12), 1, axis=1)
    graph = nv.RegionGraph.from_adjacency(weights + weights.T, [f"r{i}" for i in range(12)])
    return nv.simulate(3, genes=20, maps=2, programs=2, graph=graph)


def register_wave() -> None:
    register_family(
        Family(
            name="wave",
            settings=WaveSettings,
            home=f"{HERE}:Wave",
            methods={"svi": TrainingSettings, "guess": GuessTraining},
            linear=True,
            expression=False,
            programs=False,
            genes=False,
            graph=False,
            words="Thinning goes around the ring in waves.",
            equations="y = a + w waves + e",
        )
    )


def test_a_family_and_a_noise_of_ones_own(study, tmp_path):
    register_wave()
    fit = nv.fit(study, "wave", seed=1, draws=80, map_steps=40, waves=1)
    assert set(fit.variance()["source"]) == {"transcriptomic", "spatial", "structural", "wave", "regional", "sampling"}
    shares = fit.variance().set_index(["map", "source"])["mean"]
    np.testing.assert_allclose(shares.groupby("map").sum(), 1)
    assert (shares.xs("wave", level="source") > 0).all()
    assert {"wave", "wave_scale", "flicker_scale", "unexplained_scale"} <= set(fit.posterior.names())
    fit.save(tmp_path / "fit.nc")
    loaded = nv.load(tmp_path / "fit.nc")
    pd.testing.assert_frame_equal(loaded.regions(), fit.regions())
    checks = fit.check()
    assert {"draws", "loo_pit", "importance_k"} <= set(checks["check"])  # its conditional is known, by the same algebra
    assert checks.loc[checks["check"] == "draws", "status"].eq("pass").all()
    scores = nv.validate(study, ["wave", "spatial"], folds="random", draws=40).scores
    assert np.isfinite(scores["elpd"]).all()
    moved = nv.sensitivity(fit, [nv.Variant("two waves", {"waves": 2})])
    assert "two waves" in set(moved.variants["variant"])
    nv.report(loaded, tmp_path / "report.html")
    assert "Thinning goes around the ring in waves." in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_left_out_densities_of_a_noise_of_ones_own_are_those_of_its_covariance(study):
    register_wave()
    fit = nv.fit(study, "wave", seed=1, draws=30, map_steps=20)
    from pyro_neurovae.posterior.conditional import MapConditional

    conditional = MapConditional.of(fit.posterior, study, fit.settings, 1)
    assert conditional is not None
    kept = fit.posterior.draws("thinning", 1, group="log_likelihood")
    np.testing.assert_allclose(conditional.log_density(), kept, atol=1e-9)


def test_a_method_of_ones_own(study):
    register_wave()
    register_method(Method("guess", GuessTraining, f"{HERE}:guess", chains=2, batches=False, words="Guessed"))
    fit = nv.fit(study, "wave", method="guess", draws=50, bold=True)
    assert fit.posterior.chains("thinning").sizes["chain"] == 2
    assert fit.settings.training == GuessTraining(bold=True)
    assert fit.posterior.training is None
    with pytest.raises(nv.SettingsError, match="fitted by svi or nuts, not by guess"):
        nv.fit(study, method="guess")


def test_a_baseline_of_ones_own(study):
    def median(task):
        return np.full(task.asked.sum(), np.median(task.thinning[task.seen]))

    def middle(task):
        """The median of what is seen, with an error for regions that have neighbours and one for those without."""
        spread = np.sqrt((task.errors(median) ** 2).mean())
        near = (task.graph.weights[task.asked][:, task.seen] > 0).any(1)
        return median(task), np.where(near, spread, 2 * spread)

    register_baseline("middle", middle)
    found = nv.validate(study, ["middle", "ridge"], folds=[np.arange(12) // 3])
    rows = found.pointwise.query("model == 'middle' and map == 'simulated1'").set_index("region")
    assert rows.loc["r0", "mean"] == np.median(study.thinning[0, 3:])
    assert rows.loc["r1", "sd"] == pytest.approx(2 * rows.loc["r0", "sd"])
    assert np.isfinite(found.scores["elpd"]).all()


def test_a_graph_and_an_atlas_of_ones_own():
    names = [f"{side}_area{i}" for side in "LR" for i in range(6)]
    register_atlas(Atlas("twelve", tuple(names)))

    def build() -> nv.RegionGraph:
        weights = np.zeros((12, 12))
        for first in range(11):
            weights[first, first + 1] = weights[first + 1, first] = 1.0
        return nv.RegionGraph.from_adjacency(weights, names, label="twelve")

    register_graph("twelve", build)
    rng = np.random.default_rng(0)
    spelled = [f"ctx-{side}h-AREA{i}" for side in "rl" for i in range(6)]  # another spelling and another order
    expression = pd.DataFrame(rng.normal(size=(12, 5)), index=spelled, columns=list("abcde"))
    thinning = pd.Series(rng.normal(size=12), index=spelled, name="map")
    error = pd.Series(0.1, index=spelled)
    study = nv.Study.from_frames(expression, thinning, standard_error=error, graph="twelve")
    assert study.regions == tuple(names)
    np.testing.assert_allclose(study.thinning[0, :6], thinning.to_numpy()[6:])
    with pytest.raises(nv.SettingsError, match="called twelve already"):
        register_graph("twelve", build)
