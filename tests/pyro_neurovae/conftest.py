"""One small study and its fit, which the tests of what a user meets share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae import cli
from pyro_neurovae.atlases.vertices import SURFACES, at_vertices, dk68_vertices
from pyro_neurovae.evidence.result import Result

# Enough training to run every step of a fit, not enough to trust its numbers.
QUICK = {"n_programs": 3, "steps": 20, "map_steps": 20, "map_rounds": 0, "draws": 60, "restarts": 2}


@pytest.fixture(scope="session")
def quick() -> dict[str, int]:
    """Options of a fit that takes a second."""
    return dict(QUICK)


@pytest.fixture(scope="session")
def small_study() -> nv.Study:
    """Two simulated maps; two regions lack expression, and three lack thinning in the first map."""
    study = nv.simulate(4, genes=40, maps=2, programs=3, missing_expression=["R_frontalpole", "R_temporalpole"])
    thinning = study.thinning.copy()
    thinning[0, [3, 20, 50]] = np.nan
    return study.with_thinning(thinning, study.standard_error)


@pytest.fixture(scope="session")
def small_fit(small_study: nv.Study) -> nv.Fit:
    """The small study fitted: two chains of 60 draws."""
    return nv.fit(small_study, seed=5, **QUICK)


@pytest.fixture(scope="session")
def baseline_fit(small_study: nv.Study) -> nv.Fit:
    """The small study under the family that has neither genes nor programs."""
    return nv.fit(small_study, "spatial", seed=5, map_steps=20, map_rounds=0, draws=60)


@pytest.fixture(scope="session")
def files_at_vertices(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Expression of Desikan-Killiany regions, and a map of the vertices of fsaverage3 of which some lack a value."""
    folder, rng = tmp_path_factory.mktemp("vertices"), np.random.default_rng(4)
    simulated = nv.simulate(seed=0, genes=20)
    table = pd.DataFrame(simulated.expression, index=list(simulated.regions), columns=list(simulated.genes))
    table.to_csv(folder / "expression.csv")
    effect = np.append(0.2 * rng.standard_normal(68) - 0.1, 0)[dk68_vertices()]
    values = at_vertices(effect + 0.1 * rng.standard_normal(len(effect)), SURFACES["fsaverage3"])
    values[rng.random(len(values)) < 0.1] = np.nan
    np.savez(folder / "map.npz", d=values, se=np.full(len(values), 0.1))
    return folder / "expression.csv", folder / "map.npz"


@pytest.fixture(scope="session")
def fit_at_vertices(files_at_vertices: tuple[Path, Path]) -> nv.Fit:
    """A fit of a map of vertices on patches of the cortex."""
    study = nv.Study.from_files(*files_at_vertices, graph="cortex200", expression_graph="dk68")
    return nv.fit(study, "spatial", seed=5, map_steps=20, map_rounds=0, draws=60)


@pytest.fixture(scope="session")
def small_validation(small_study: nv.Study) -> nv.Validation:
    """Two families on the folds of two repeats, by homologue pairs."""
    models = {
        "smooth": {"model": "spatial", "map_steps": 20, "map_rounds": 0},
        "kernel": {"model": "expression", "map_steps": 20, "map_rounds": 0, "normalise": "region"},
    }
    return nv.validate(small_study, models, folds="pairs", repeats=2, draws=60)


@pytest.fixture(scope="session")
def small_nulls(small_fit: nv.Fit) -> nv.Nulls:
    """The small fit among those of nine null maps."""
    return nv.nulls(small_fit, seed=3, number=9, draws=30, map_steps=10)


@pytest.fixture(scope="session")
def small_sensitivity(small_fit: nv.Fit) -> nv.Sensitivity:
    """The small fit under powers of its priors and four other choices."""
    grid = [
        nv.Variant("another seed", seed=6),
        nv.Variant("two programs", {"n_programs": 2}),
        nv.Variant("iid", {"spatial_prior": "iid"}),
        nv.Variant("half the genes", genes=tuple(f"gene{j:04d}" for j in range(1, 41, 2))),
    ]
    return nv.sensitivity(small_fit, grid)


@pytest.fixture
def made_results() -> dict[type[Result], Result]:
    """One result of each kind, of made numbers and the maps a and b."""
    return {type(one): one for one in (_validation(), _nulls(), _sensitivity(), _verification())}


def _validation() -> nv.Validation:
    """Model one is best on map a; on map b both are alike and worth nothing."""
    keys = {"model": ["one", "two", "one", "two"], "map": ["a", "a", "b", "b"]}
    values = {"elpd": [1.5, 1.25, 0.5, 0.5], "elpd_se": 0.1, "r2": [0.5, 0.25, -0.1, -0.2], "r": [0.7, 0.5, 0.1, 0.0]}
    more = {"coverage90": 0.875, "crps": 0.0625, "noise_ceiling": [0.8, 0.8, np.nan, np.nan]}
    point = {"mean": 0.0, "sd": 1.0, "lower90": -1.6, "upper90": 1.6, "log_density": -1.0, "crps": 0.2}
    differences = {"best": "one", "elpd_difference": [0.0, -0.25, 0.0, 0.0], "se": [0.0, 0.0625, 0.0, 0.1]}
    return nv.Validation(
        scores=pd.DataFrame(keys | {"folds": "pairs", "repeat": 0} | values | more),
        pointwise=pd.DataFrame(keys | {"repeat": 0, "region": "L_insula", "fold": 3, "observed": -0.1} | point),
        differences=pd.DataFrame({"map": keys["map"], "model": keys["model"]} | differences),
        weights=pd.DataFrame({"map": keys["map"], "model": keys["model"], "weight": [2 / 3, 1 / 3, 0.5, 0.5]}),
    )


def _nulls() -> nv.Nulls:
    """Map a stands out among 19 null maps with one of its two genes, map b does not."""
    statistics = ["transcriptomic_share", "correlation", "genes_excluding_zero"]
    keys = {"map": np.repeat(["a", "b"], 3), "statistic": statistics * 2}
    values = {"observed": [0.5, 0.75, 1.0, 0.1, 0.2, 0.0], "null_mean": 0.125, "null_lower95": -0.5}
    more = {"null_upper95": 0.25, "p": [0.05, 0.05, 0.05, 0.5, 0.55, 1.0], "n": 19, "method": "moran"}
    genes = {"map": ["a", "a", "b", "b"], "gene": ["G1", "G2"] * 2, "weight": [0.1, -0.2, 0.0, 0.1]}
    tests = {"null_sd": 0.05, "p_family": [0.05, 1.0, 1.0, 1.0], "called": [True, False, False, False]}
    null = {"map": np.repeat(["a", "b"], 19), "null": [*range(1, 20)] * 2}
    return nv.Nulls(
        summary=pd.DataFrame(keys | values | more),
        genes=pd.DataFrame(genes | {"p": [0.05, 0.5, 0.5, 0.5], "q": [0.05, 0.5, 0.5, 0.5]} | tests),
        maps=pd.DataFrame(null | {"region": "L_insula", "value": 0.25}),
        distribution=pd.DataFrame(null | {name: np.linspace(0, 0.25, 38) for name in statistics}),
        settings={"method": "moran", "number": 19, "seed": 0, "draws": 20},
    )


def _sensitivity() -> nv.Sensitivity:
    """Prior and data of map a are at odds; a second choice moves its one region by 2 sd."""
    names = ["scales to the power 2", "another seed", "other choice"]
    keys = {"map": np.repeat(["a", "b"], 3), "variant": names * 2}
    values = {"kind": ["power", "choice", "choice"] * 2, "how": ["weights", "refit", "refit"] * 2, "k": 0.5}
    shift = [0.25, 0.125, -2.0, 0.0, 0.5, 0.25]
    moved = {"largest_shift": np.abs(shift), "median_shift": np.abs(shift)}
    counted = {"flips": [0, 0, 1, 0, 0, 0], "gene_flips": [0, 0, 2, 0, 0, 0], "seconds": 0.5}
    flips = np.array(counted["flips"], dtype=bool)
    interval = {"mean": -0.1, "lower90": -0.2, "upper90": 0.1, "shift": shift, "width": 1.0}
    verdicts = {"excludes_zero": flips, "flips_excludes_zero": flips, "most_affected": True}
    gene = {"gene": "G1"} | interval | {"excludes_zero": flips, "flips_excludes_zero": flips}
    group = {"group": "scales", "quantity": "effect L_insula", "sensitivity": [0.5, 0.01], "noise": 0.01, "k": 0.25}
    return nv.Sensitivity(
        power=pd.DataFrame({"map": ["a", "b"]} | group | {"diagnosis": ["prior-data conflict", np.nan]}),
        variants=pd.DataFrame(keys | values | moved | counted),
        regions=pd.DataFrame(keys | {"region": "L_insula"} | interval | verdicts | {"flips_most_affected": False}),
        genes=pd.DataFrame(keys | gene),
    )


def _verification() -> nv.Verification:
    """A checklist of which one check fails, with one notice."""
    row = {"check": "expression", "found": "68 x 40", "expected": "68 x 910", "status": "note"}
    checks = [row, {"check": "thinning", "found": "67 x 1", "expected": "68 x 1", "status": "fail"}]
    return nv.Verification(
        checks=pd.DataFrame(checks),
        in_sample={"r2": 0.875, "r": 0.9375},
        all_regions={"r2": 0.75, "r": 0.875},
        held_out={"pairs": {"r2": 0.25, "r": 0.5, "elpd": 1.125, "coverage90": 0.75}},
        twin={"r2": 0.625, "r": 0.8125},
        neighbours={"pairs": {"r2": 0.125, "r": 0.375, "elpd": 1.0, "coverage90": 0.875}},
        structural={"pairs": {"r2": 0.1875, "r": 0.4375, "elpd": 1.0625, "coverage90": 0.9375}},
        noise_ceiling=0.5,
        conclusion="The figure proves nothing.",
        notices=("a region is missing.",),
        settings={"model": "paper", "seed": 0},
    )


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the command line in this process: (exit status, stdout, stderr)."""

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            cli.main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return end.value.code, printed.out, printed.err

    return call
