"""Fit: a study's posterior with its tables, and the function that computes it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import inferencedata
from ..errors import SettingsError
from ..models.settings import EXPRESSION_HALF, FitSettings, fit_settings
from ..studies.study import Study
from . import store, tables
from .summary import describe_fit, summarise_fit

if TYPE_CHECKING:
    from ..inference.engine import FitResult
    from ..inference.programs.trained import ExpressionHalf

__all__ = ["Fit", "fit", "load"]

Progress = Callable[[str, int, int, float], None]


@dataclass(frozen=True, eq=False)
class Fit:
    """Posterior of one study under one model.

    Attributes
    ----------
    idata
        ArviZ InferenceData (a DataTree under ArviZ 1.x), dimensions chain, draw, map, region, program, gene. Regions
        that no map observed are left out of the groups that ArviZ compares value by value (``observed_data``,
        ``log_likelihood`` and both predictive ones); ``posterior`` and ``predictions`` have all.
    study
        What was fitted.
    settings
        All that decided the numbers, the seed among them.
    """

    idata: Any
    study: Study
    settings: FitSettings

    @property
    def notices(self) -> tuple[str, ...]:
        """What the user should know of the study and of the training, one sentence each."""
        return (*self.study.notices, *json.loads(self.idata.attrs["notices"]))

    def summary(self) -> str:
        """Return a readable account: what was fitted, the most affected regions, variance shares, notices."""
        return describe_fit(summarise_fit(self.idata, self.study))

    def regions(self) -> pd.DataFrame:
        """Table of regions; see `tables.region_table`."""
        return tables.region_table(self.idata, self.study)

    def genes(self) -> pd.DataFrame:
        """Table of genes; see `tables.gene_table`. NeurovaeError for a model without genes."""
        return tables.gene_table(self.idata, self.study)

    def programs(self) -> pd.DataFrame:
        """Tidy table of programs; see `tables.program_table`. NeurovaeError for a model without programs."""
        return tables.program_table(self.idata, self.study)

    def variance(self) -> pd.DataFrame:
        """Shares of each map's variance; see `tables.variance_table`."""
        return tables.variance_table(self.idata)

    def predict(self) -> pd.DataFrame:
        """Predict every region's value observed anew, all noise included; see `tables.prediction_table`."""
        return tables.prediction_table(self.idata, self.study)

    def check(self) -> pd.DataFrame:
        """Check whether the posterior can be trusted: one row a check and map; see `check.check_table`."""
        from .checks import check_table  # late: SciPy's statistics take half a second to import

        return check_table(self.idata, self.study, self.settings)

    def map_idata(self, name: str) -> Any:
        """Take one map out of ``idata``, with the regions it observed where ArviZ compares value by value.

        For ``loo``, ``compare``, ``plot_loo_pit`` and the like where there are several maps and each misses regions of
        its own; with one map they take ``idata`` itself.

        Raises
        ------
        SettingsError
            When the fit has no such map.
        """
        if name not in self.study.maps:
            raise SettingsError(f"the fit has no map {name!r}: it has {', '.join(self.study.maps)}.")
        return inferencedata.select_map(self.idata, name)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fit, its study and settings to one netCDF file, whole or not at all."""
        store.write_fit(self.idata, path)


def load(path: str | os.PathLike[str]) -> Fit:
    """Read a fit that `Fit.save` wrote.

    Raises
    ------
    InputError
        When the file is missing or holds no fit.
    """
    return Fit(*store.read_fit(path))


def fit(
    study: Study,
    model: str = "cross-scale",
    *,
    method: str = "svi",
    seed: int = 0,
    draws: int = 1000,
    restarts: int | None = None,
    device: str = "auto",
    programs: Fit | None = None,
    progress: bool | Progress = False,
    **options: Any,
) -> Fit:
    """Fit a model to a study.

    Parameters
    ----------
    study
        Expression, thinning maps and graph.
    model
        "cross-scale" (the default), one of the baselines "expression" and "spatial", "stacked" (these three, mixed by
        how well each predicts held-out regions), or "paper".
    method
        "svi" (the default) trains a guide by stochastic variational inference; "nuts" samples with NumPyro's
        No-U-Turn sampler (extra ``nuts``), a reference that takes minutes; "exact" solves the baselines on a grid.
    seed
        Seed of every random number, at least 0; the same seed gives the same numbers. The caller's random
        state is neither used nor changed.
    draws
        Posterior draws a chain.
    restarts
        Independent trainings, or chains of NUTS, run as one batch; each is a chain of the result. None (the default)
        is 1, and 4 for NUTS.
    device
        "auto" (the default: CUDA where there is one), or a device of PyTorch such as "cpu" or "cuda".
    programs
        An earlier cross-scale fit of the same expression: its programs are kept and only the maps' own scales
        are trained, which makes a further map cost little.
    progress
        True shows a bar with the ELBO; a callable gets (label, step, steps, elbo).
    **options
        Any field of the model's settings or of its training's (`TrainingSettings`, `PaperTraining`), for example
        ``n_programs=8``, ``spatial_prior="iid"`` or ``steps=500``.

    Raises
    ------
    SettingsError
        For an unknown model or option, a number out of range, or ``programs`` of another expression.
    """
    chains = (4 if method == "nuts" else 1) if restarts is None else restarts
    settings = fit_settings(model, method=method, seed=seed, draws=draws, restarts=chains, device=device, **options)
    from ..inference.engine import run_fit  # late: torch and Pyro take two seconds to import
    from ..inference.progress import training_progress

    _check_device(device)
    half: ExpressionHalf | None = None
    notices: tuple[str, ...] = ()
    if programs is not None:
        if method != "svi":
            raise SettingsError("programs= goes with method svi only.")
        half = _expression_half(programs, study, settings)
        kept = {name: getattr(programs.settings.family, name) for name in EXPRESSION_HALF}
        settings = replace(settings, family=replace(settings.family, **kept))
        notices = (f"the programs are those of an earlier fit (seed {programs.settings.seed}).",)
    with training_progress(progress) as report:
        result = run_fit(study, settings, programs=half, progress=report)
    result = replace(result, notices=notices + result.notices)
    return Fit(_inference_data(study, settings, result), study, settings)


def _check_device(device: str) -> None:
    import torch

    if device == "auto":
        return
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise SettingsError(f"device {device!r} is not to be had here; give auto or cpu.") from error


def _inference_data(study: Study, settings: FitSettings, result: FitResult) -> Any:
    groups = {**result.groups, **store.study_groups(study)}
    strength = result.groups["posterior"].get("strength")
    attrs = store.study_attributes(study) | {
        "format": store.FORMAT,
        "settings": settings.to_json(),
        "versions": json.dumps(store.versions()),
        "seed": settings.seed,
        "elapsed_s": round(result.elapsed_s, 3),
        "notices": json.dumps(result.notices),
    }
    programs = 0 if strength is None else strength[1].shape[-1]
    idata = inferencedata.build(groups, store.coordinates(study, programs), attrs)
    return inferencedata.restrict(idata, np.flatnonzero(study.thinning_observed.any(0)))


def _expression_half(fitted: Fit, study: Study, settings: FitSettings) -> ExpressionHalf:
    """Take the expression half that a fit keeps, once it is seen to belong to the study's expression."""
    same = (
        fitted.settings.model == settings.model == "cross-scale"
        and fitted.study.regions == study.regions
        and fitted.study.genes == study.genes
        and fitted.study.normalise == study.normalise
        and np.array_equal(fitted.study.graph.weights, study.graph.weights)
        and np.array_equal(fitted.study.expression, study.expression, equal_nan=True)
    )
    if not same:
        raise SettingsError(
            "programs= takes a cross-scale fit of the same expression, regions and graph; fit this study without it."
        )
    from ..inference.observation import pick_device
    from ..inference.programs.trained import ExpressionHalf

    guide = inferencedata.group(fitted.idata, "guide")
    arrays = {str(name): guide[name].values for name in guide.data_vars}
    return ExpressionHalf.from_arrays(arrays, pick_device(settings.device))
