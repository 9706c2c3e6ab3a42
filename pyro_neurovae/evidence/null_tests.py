"""Could smoothness alone do this? The fit of a map against the same fit of null maps."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from ..errors import SettingsError
from ..graphs.null_maps import make_null_maps
from ..inference.methods import method_of
from ..models.families import families_that, family_of
from ..models.options import FitSettings
from ..posterior.fits import Fit
from ..studies.study import Study
from .result import Result, Shown
from .runs import Arrays, Job, Progress, run_jobs

__all__ = ["Nulls", "fit_null_maps", "null_fit_settings", "nulls"]

# Null maps that make one batch.
_BATCH = 100

# A share of null maps, or a rate of false discoveries, that counts as small.
_SMALL = 0.05


@dataclass(frozen=True)
class Nulls(Result):
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

    files: ClassVar[Mapping[str, str]] = {
        "summary": "nulls.csv",
        "genes": "null_genes.csv",
        "maps": "null_maps.csv",
        "distribution": "null_distribution.csv",
    }

    @classmethod
    def from_contents(cls, contents: Mapping[str, Any]) -> Self:
        """Rebuild from the tables, which tell the method and the number of null maps."""
        first = contents["summary"].iloc[0]
        return cls(**contents, settings={"method": first["method"], "number": int(first["n"])})

    def conclusion(self, name: str | None = None) -> str:
        """Say what the share's p and the genes' false discovery rates come to for a map, the first if none is named."""
        name = self.summary["map"].iloc[0] if name is None else name
        rows, genes = (table[table["map"] == name] for table in (self.summary, self.genes))
        p = float(rows.loc[rows["statistic"] == "transcriptomic_share", "p"].iloc[0])
        more = "more" if p <= _SMALL else "no more"
        found = int((genes["q"] <= _SMALL).sum())
        return (
            f"Expression explains {more} of the map than of maps that are as smooth (p {p:.3g}); {found} of "
            f"{len(genes)} genes have a weight that null maps do not reach at a false discovery rate of {_SMALL:.0%}."
        )

    def shown(self) -> Iterator[Shown | str]:
        """Each map's statistics among those of its null maps, and what may be concluded."""
        for name in dict.fromkeys(self.summary["map"]):
            rows = self.summary[self.summary["map"] == name]
            title = f"{name} among {rows['n'].iloc[0]} null maps ({rows['method'].iloc[0]})"
            yield Shown.of(title, rows.assign(statistic=rows["statistic"].str.replace("_", " ")), _SHOWN)
            yield self.conclusion(name)


_SHOWN = {
    "statistic": "{statistic}",
    "observed": "{observed:.3f}",
    "null mean": "{null_mean:.3f}",
    "95% of null maps": "{null_lower95:.3f} to {null_upper95:.3f}",
    "p": "{p:.3g}",
}


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
    nothing but the map differs. A fit with programs lends them as they were trained on expression, which no map enters.
    A null map's value takes the standard error of the region that it lies in.

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
    if not family_of(fit.settings.model).tests_expression:
        raise SettingsError(
            f"null maps test the transcriptomic part, and this fit is of the model {fit.settings.model}; "
            f"fit {families_that(tests_expression=True)}."
        )
    study, (settings, programs) = fit.study, null_fit_settings(fit, draws=draws, map_steps=map_steps)
    made = np.stack(
        [
            make_null_maps(values, study.graph, method=method, number=number, seed=seed + 1000003 * m)
            for m, values in enumerate(study.thinning)
        ],
        axis=1,
    )  # (null, map, region)
    every = np.concatenate([study.thinning[None], made])
    batches = (every[start : start + _BATCH] for start in range(0, len(every), _BATCH))
    jobs = [Job((study, settings, batch, programs)) for batch in batches]
    done = run_jobs(fit_null_maps, jobs, workers=workers, resume=resume, label="null maps", progress=progress)
    found = {name: np.concatenate([one[name] for one in done]) for name in done[0]}
    return _tabulate(study, made, found, {"method": method, "number": number, "seed": seed, "draws": draws})


def fit_null_maps(
    study: Study,
    settings: FitSettings,
    maps: np.ndarray,
    programs: Arrays | None,
    *,
    progress: Progress | None = None,
) -> Arrays:
    """Fit one batch of maps (null, map, region); see `inference.null_fits.fit_maps`."""
    from ..inference.null_fits import fit_maps  # late: torch and Pyro take two seconds to import

    return fit_maps(study, settings, maps, programs, progress=progress)


def null_fit_settings(fit: Fit, *, draws: int, map_steps: int) -> tuple[FitSettings, Arrays | None]:
    """Settings of a null map's fit, and the trained programs of the fit's first chain where it has any."""
    if not method_of(fit.settings.training).batches:
        raise SettingsError("null maps are fitted by svi; fit the study without method= first.")
    settings = fit.settings.with_options({"restarts": 1, "draws": draws, "map_steps": map_steps})
    trained = fit.posterior.trained_programs
    return settings, None if trained is None else {name: values[:1] for name, values in trained.items()}


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
