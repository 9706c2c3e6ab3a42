"""Could a map without expression look so? The fit of a map against the same fit of null maps."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from ..cards import Shown
from ..errors import SettingsError
from ..inference.methods import method_of
from ..models.families import families_that, family_of
from ..models.options import FitSettings
from ..models.training_settings import TrainingSettings
from ..posterior.fits import Fit
from ..studies.requests import check_rows
from ..studies.study import Study
from ..wording import bounded_p, least_p, told_p
from .null_genes import LEVEL, gene_tests
from .null_sources import (
    NullInput,
    described_nulls,
    given_null_maps,
    limits_of_nulls,
    source_null_maps,
    with_null_covariance,
)
from .result import Result
from .runs import Arrays, Job, Progress, run_jobs

__all__ = ["Nulls", "fit_null_maps", "null_fit_settings", "nulls"]

# Null maps that make one batch.
_BATCH = 500

# How many null maps there are where nobody says how many.
_NUMBER = 1000


@dataclass(frozen=True, repr=False)
class Nulls(Result):
    """A map's fit among the fits of its null maps.

    Attributes
    ----------
    summary
        One row a map and ``statistic``: "transcriptomic_share" (posterior mean share of the map's variance),
        "correlation" (of the transcriptomic part with the map) and "genes_excluding_zero" (share of the genes whose 90%
        interval, by mean and sd, excludes zero). ``observed``; of the null maps ``null_mean``, ``null_lower95`` and
        ``null_upper95``; ``p``, one-sided, (1 + number of null maps at or above) / (1 + n) (Phipson & Smyth 2010);
        ``n`` and ``method``. The null mean of genes_excluding_zero is the rate at which intervals exclude zero by
        chance: 0.1 would be what "90%" says of a gene that has nothing to do with thinning.
    genes
        One row a map and gene, the smallest p first: posterior mean ``weight``; ``p``, two-sided, of its size over
        the gene's spread on null maps, among those of all genes on all maps; ``q``, the false discovery rate
        of Benjamini & Hochberg (1995) over the map's genes; ``null_sd``, root mean square weight of the gene on null
        maps; ``p_family``, from the largest statistic on each null map; ``called``, whether q is at most .05 and p of
        the share is so too: no gene is where the map's transcriptomic part does not stand up (see
        `null_genes.gene_tests`). A weight is the association of the part that expression gives with a gene, which
        hundreds of co-expressed genes share; it does not tell a gene that causes anything.
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
        contents["genes"]["called"]  # a LookupError where an earlier version wrote them
        return cls(**contents, settings={"method": first["method"], "number": int(first["n"])})

    def conclusion(self, name: str | None = None) -> str:
        """Say what p of the share and the genes come to for a map, the first if none is named."""
        name = self.summary["map"].iloc[0] if name is None else name
        rows, genes = (table[table["map"] == name] for table in (self.summary, self.genes))
        row: Any = rows[rows["statistic"] == "transcriptomic_share"].iloc[0]
        p, against = float(row["p"]), described_nulls(row["method"])
        bounded = told_p(p, least_p(row["n"]))
        if p > LEVEL:
            said = (
                f"Expression explains no more of the map than of {against} ({bounded}): its transcriptomic part does "
                "not stand up, so that no gene is called."
            )
        else:
            said = (
                f"Expression explains more of the map than of {against} ({bounded}); {int(genes['called'].sum())} of "
                f"{len(genes)} genes are called, at a false discovery rate of {LEVEL:.0%}: each shares its association "
                "with others that are co-expressed."
            )
        return f"{said} {limits_of_nulls(row['method'])}".strip()

    def shown(self) -> Iterator[Shown | str]:
        """Each map's statistics among those of its null maps, and what may be concluded."""
        for name in dict.fromkeys(self.summary["map"]):
            rows = self.summary[self.summary["map"] == name]
            title = f"{name} among {rows['n'].iloc[0]} null maps ({rows['method'].iloc[0]})"
            told = [bounded_p(row["p"], least_p(row["n"])) for row in rows.to_dict("records")]
            yield Shown.of(title, rows.assign(statistic=rows["statistic"].str.replace("_", " "), p=told), _SHOWN)
            yield self.conclusion(name)


_SHOWN = {
    "statistic": "{statistic}",
    "observed": "{observed:.3f}",
    "null mean": "{null_mean:.3f}",
    "95% of null maps": "{null_lower95:.3f} to {null_upper95:.3f}",
    "p": "{p}",
}


def nulls(
    fit: Fit,
    *,
    method: str | None = None,
    null_maps: NullInput | None = None,
    null_covariance: pd.DataFrame | str | os.PathLike[str] = "auto",
    number: int | None = None,
    seed: int = 0,
    draws: int = 200,
    map_steps: int = 0,
    workers: int = 1,
    resume: str | os.PathLike[str] | None = None,
    progress: bool | Progress | None = None,
) -> Nulls:
    """Fit null maps as the map was fitted, and say how often they do as well.

    The observed map is fitted again among them, by the same settings and with the same draws of the programs, so that
    nothing but the map differs. A fit with programs lends them as they were trained on expression, which no map enters.
    A null map's errors have the sampling covariance of the map, a value the standard error of its region.

    Parameters
    ----------
    fit
        A fit of ``cross-scale`` or ``expression``.
    method
        Kind of null maps.

        "model" (the default)
            Maps such as random groups of people would show, with the structural and spatial parts that the map has,
            and no expression: drawn from the fit of the family without expression, with sampling errors that go
            together, and with correlations of regions as uncertain as they are (see `inference.null_draws` and
            `studies.correlation_draws`).
        "moran", "laplacian", "spin", "variogram", "shuffle"
            Surrogates of the map (`null_maps.make_null_maps`). They have its smoothness, or, shuffled, nothing of it,
            and not the correlation of errors that comes of measuring all regions in the same people: on plain smooth
            maps without expression moran and laplacian reject in 13 to 18% at .05, spin in 7 to 8.
        "given"
            What ``null_maps`` holds.
    null_maps
        Null maps of your own, such as those of permuted groups that `contrast` makes of the subjects: a table or its
        file with the columns null, region, value, and map where there are several maps; or an array (null, map,
        region), for a single map (null, region). They take the place of a method.
    null_covariance
        Sampling covariance of null maps that are given, and of the map beside them: a labelled square table or its
        file; "auto" (the default), what `contrast` says of its permuted groups, by the table of null maps itself or the
        file NULL_MAPS_covariance.csv beside it, else that of the fit; or "fit".
    number
        Number of null maps; None (the default) is 1000, or all that are given. With n of them no p of a share is
        below 1 / (1 + n).
    seed
        Seed of the null maps; fits have the fit's own.
    draws, map_steps
        Posterior draws of each fit, fewer than a fit has by itself since means need few. Maps share sets of scales and
        programs, and the factors of their covariances, and each weighs them by its own exact density
        (`inference.many_maps`); with ``map_steps`` above 0 each is fitted by itself instead, by so many steps of SVI.
    workers, resume
        Processes that batches of null maps are spread over, and a folder that keeps what is finished; see `run_jobs`.
    progress
        As `fit` takes it.

    Raises
    ------
    SettingsError
        For a family without a transcriptomic part of its own, an unknown method, a method beside null maps that are
        given, or a number below 1.
    GraphError
        When the method needs positions that the graph does not have.
    InputError
        For null maps that can't be used.

    References
    ----------
    Markello & Misic (2021), NeuroImage 236; Phipson & Smyth (2010), Statistical Applications in Genetics and Molecular
    Biology 9; Westfall & Young (1993), Resampling-Based Multiple Testing.
    """
    if not family_of(fit.settings.model).tests_expression:
        raise SettingsError(
            f"null maps test the transcriptomic part, and this fit is of the model {fit.settings.model}; "
            f"fit {families_that(tests_expression=True)}."
        )
    study, (settings, programs) = fit.study, null_fit_settings(fit, draws=draws, map_steps=map_steps)
    study = with_null_covariance(study, null_maps, null_covariance)
    method, made = _null_maps(study, settings, method, null_maps, number, seed)
    every = np.concatenate([study.thinning[None], made])
    batches = (every[start : start + _BATCH] for start in range(0, len(every), _BATCH))
    jobs = [Job((study, settings, batch, programs)) for batch in batches]
    done = run_jobs(fit_null_maps, jobs, workers=workers, resume=resume, label="null maps", progress=progress)
    found = {name: np.concatenate([one[name] for one in done]) for name in done[0]}
    return _tabulate(study, made, found, {"method": method, "number": len(made), "seed": seed, "draws": draws})


def _null_maps(
    study: Study, settings: FitSettings, method: str | None, null_maps: NullInput | None, number: int | None, seed: int
) -> tuple[str, np.ndarray]:
    """Kind of the null maps, and the maps (null, map, region)."""
    if null_maps is not None:
        if method not in (None, "given"):
            raise SettingsError(f"null maps are given, and made by {method}; leave out one of the two.")
        return "given", given_null_maps(study, null_maps, number)
    if method == "given":
        raise SettingsError("no null maps are given; name their table, or another method.")
    kind, many = method or "model", _NUMBER if number is None else number
    if isinstance(many, int):
        check_rows(float(many) * len(study.maps) * study.n_regions, f"{many:,} null maps")
    return kind, source_null_maps(study, settings, method=kind, number=many, seed=seed)


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
    how = {"map_steps": map_steps, "map_rounds": 0 if map_steps else TrainingSettings.map_rounds}
    settings = fit.settings.with_options({"restarts": 1, "draws": draws} | how)
    trained = fit.posterior.trained_programs
    return settings, None if trained is None else {name: values[:1] for name, values in trained.items()}


def _tabulate(study: Study, made: np.ndarray, found: Arrays, settings: dict[str, Any]) -> Nulls:
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
        tests = gene_tests(found["weight"][:, m], rows[-len(statistics)]["p"])
        table = pd.DataFrame({"map": name, "gene": study.genes, "weight": found["weight"][0, m].astype(float), **tests})
        genes.append(table.sort_values("p", kind="stable"))
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
