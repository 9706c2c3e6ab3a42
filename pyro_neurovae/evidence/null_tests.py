"""Could smoothness alone do this? The fit of a map against the same fit of null maps."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from .. import inferencedata
from ..errors import SettingsError
from ..graphs.null_maps import make_null_maps
from ..models.settings import FitSettings
from ..posterior.fits import Fit
from ..studies.study import Study
from .runs import Job, fingerprint, run_jobs

__all__ = ["Nulls", "fit_null_maps", "nulls", "trained_half"]

Progress = Callable[[str, int, int, float], None]
Arrays = dict[str, np.ndarray]

# Null maps that make one batch.
_BATCH = 100


@dataclass(frozen=True)
class Nulls:
    """A map's fit among the fits of its null maps.

    Attributes
    ----------
    summary
        One row a map and ``statistic``: "transcriptomic_share" (posterior mean share of the map's variance),
        "correlation" (of the transcriptomic part with the map) and "genes_excluding_zero" (share of the genes whose 90%
        interval excludes zero). ``observed``; of the null maps ``null_mean``, ``null_lower95`` and ``null_upper95``;
        ``p``, one-sided, (1 + number of null maps at or above) / (1 + n) (Phipson & Smyth 2010); ``n`` and ``method``.
        The null mean of genes_excluding_zero is the rate at which intervals exclude zero by chance: 0.1 would be what
        "90%" says of a gene that has nothing to do with thinning.
    genes
        One row a map and gene: posterior mean ``weight``, two-sided ``p`` of its size among the null maps' weights of
        the same gene, and ``q``, the false discovery rate of Benjamini & Hochberg (1995) over the map's genes.
    maps
        One row a map, ``null`` and region: the null maps' ``value``, NaN where missing.
    distribution
        One row a map and ``null``: its statistics, named as in ``summary``.
    settings
        Method, number of null maps, seed and draws.
    """

    summary: pd.DataFrame
    genes: pd.DataFrame
    maps: pd.DataFrame
    distribution: pd.DataFrame
    settings: dict[str, Any]


def nulls(
    fit: Fit,
    *,
    method: str = "moran",
    number: int = 1000,
    seed: int = 0,
    draws: int = 200,
    map_steps: int = 60,
    workers: int = 1,
    resume: str | os.PathLike[str] | None = None,
    progress: bool | Progress = False,
) -> Nulls:
    """Fit null maps as the map was fitted, and say how often they do as well.

    The observed map is fitted again among them, by the same settings and with the same draws of the programs, so that
    nothing but the map differs. A fit of ``cross-scale`` lends its trained expression half, which no map enters. A null
    map's value takes the standard error of the region that it lies in.

    Parameters
    ----------
    fit
        A fit of ``cross-scale`` or ``expression``.
    method, number
        Kind and number of null maps; see `null_maps.make_null_maps`. With n of them no p is below 1 / (1 + n).
    seed
        Seed of the null maps; fits have the fit's own.
    draws, map_steps
        Posterior draws and training steps of each fit. Fewer than a fit has by itself: means need few draws, and
        importance weights make good what a short training leaves.
    workers, resume
        Processes that batches of null maps are spread over, and a folder that keeps what is finished; see `run_jobs`.
    progress
        As `fit` takes it.

    Raises
    ------
    SettingsError
        For a family without a transcriptomic part of its own, an unknown method or a number below 1.
    GraphError
        When the method needs positions that the graph does not have.

    References
    ----------
    Markello & Misic (2021), NeuroImage 236; Phipson & Smyth (2010), Statistical Applications in Genetics and Molecular
    Biology 9.
    """
    if fit.settings.model not in ("cross-scale", "expression"):
        raise SettingsError(
            f"null maps test the transcriptomic part, and this fit is of the model {fit.settings.model}; "
            "fit cross-scale or expression."
        )
    study, (settings, half) = fit.study, trained_half(fit, draws=draws, map_steps=map_steps)
    made = np.stack(
        [
            make_null_maps(values, study.graph, method=method, number=number, seed=seed + 1000003 * m)
            for m, values in enumerate(study.thinning)
        ],
        axis=1,
    )  # (null, map, region)
    every = np.concatenate([study.thinning[None], made])
    batches = [every[start : start + _BATCH] for start in range(0, len(every), _BATCH)]
    key: list[Any] = [study, settings.to_json(), *(values for _, values in sorted((half or {}).items()))]
    jobs = [Job(fingerprint("nulls", *key, batch), (study, settings, batch, half)) for batch in batches]
    from ..inference.progress import training_progress

    with training_progress(progress) as report:
        done = run_jobs(fit_null_maps, jobs, workers=workers, resume=resume, label="null maps", progress=report)
    found = {name: np.concatenate([one[name] for one in done]) for name in done[0]}
    return _tabulate(study, made, found, {"method": method, "number": number, "seed": seed, "draws": draws})


def fit_null_maps(
    study: Study,
    settings: FitSettings,
    maps: np.ndarray,
    half: Arrays | None,
    *,
    progress: Progress | None = None,
) -> Arrays:
    """Fit one batch of maps (null, map, region); see `inference.null_fits.fit_maps`."""
    from ..inference.null_fits import fit_maps  # late: torch and Pyro take two seconds to import

    return fit_maps(study, settings, maps, half, progress=progress)


def trained_half(fit: Fit, *, draws: int, map_steps: int) -> tuple[FitSettings, Arrays | None]:
    """Settings of a null map's fit, and the trained expression half of the fit's first chain where it has one."""
    if fit.settings.method != "svi":
        raise SettingsError("null maps are fitted by svi; fit the study without method= first.")
    own: Any = fit.settings.training
    training = replace(own, map_steps=map_steps)
    settings = replace(fit.settings, restarts=1, draws=draws, training=training)
    if fit.settings.model != "cross-scale":
        return settings, None
    guide = inferencedata.group(fit.idata, "guide")
    return settings, {str(name): guide[name].values[:1] for name in guide.data_vars}


def _tabulate(study: Study, made: np.ndarray, found: Arrays, settings: dict[str, Any]) -> Nulls:
    from scipy.stats import false_discovery_control

    number = settings["number"]
    statistics = {
        "transcriptomic_share": found["share"],
        "correlation": found["correlation"],
        "genes_excluding_zero": found["excludes"].mean(-1),
    }
    rows, genes = [], []
    for m, name in enumerate(study.maps):
        for statistic, values in statistics.items():
            observed, null = values[0, m], values[1:, m]
            lower, upper = np.quantile(null, [0.025, 0.975])
            rows.append(
                {"map": name, "statistic": statistic, "observed": observed, "null_mean": null.mean()}
                | {"null_lower95": lower, "null_upper95": upper, "p": _tail(observed, null)}
                | {"n": number, "method": settings["method"]}
            )
        weight = found["weight"][:, m].astype(float)
        p = _tail(np.abs(weight[0]), np.abs(weight[1:]))
        table = pd.DataFrame({"map": name, "gene": study.genes, "weight": weight[0], "p": p})
        genes.append(table.assign(q=false_discovery_control(p)).sort_values("p", kind="stable"))
    null = np.arange(1, number + 1)
    labels = pd.MultiIndex.from_product([study.maps, null, study.regions], names=["map", "null", "region"])
    each = pd.MultiIndex.from_product([study.maps, null], names=["map", "null"])
    return Nulls(
        summary=pd.DataFrame(rows),
        genes=pd.concat(genes, ignore_index=True),
        maps=pd.DataFrame({"value": made.swapaxes(0, 1).ravel()}, index=labels).reset_index(),
        distribution=pd.DataFrame({k: v[1:].T.ravel() for k, v in statistics.items()}, index=each).reset_index(),
        settings=settings,
    )


def _tail(observed: Any, null: np.ndarray) -> Any:
    """(1 + number of null values at or above the observed) / (1 + n), along the first axis."""
    return (1 + (null >= observed).sum(0)) / (1 + len(null))
