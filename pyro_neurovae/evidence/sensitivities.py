"""Does the answer hang on the prior, or on another choice? Power-scaling, and a grid of refits beside it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from ..cards import Shown
from ..errors import InputError, SettingsError
from ..inference.methods import method_of
from ..models.families import family_of
from ..models.options import FitSettings
from ..posterior.fits import Fit
from ..studies.study import Study
from .power_scaling import GROUPS, LogRatio, Ordered, log_ratios, power_scale, power_table, scaled_settings
from .result import Result
from .runs import Arrays, Job, Progress, run_jobs
from .shifts import QUANTITIES, Outcome, outcome_arrays, shift_tables
from .variants import Variant, default_grid, read_grid

__all__ = ["Sensitivity", "refit", "sensitivity"]

# Powers that a prior group, and the likelihood, are raised to: half and twice the prior, four fifths and five quarters
# of the data, further than which importance weights seldom carry.
_POWERS = dict.fromkeys(GROUPS, (0.5, 2.0)) | {"likelihood": (0.8, 1.25)}


@dataclass(frozen=True, repr=False)
class Sensitivity(Result):
    """How far results move with the prior and with other choices.

    Attributes
    ----------
    power
        One row a map, prior group (or likelihood) and quantity; see `power_scaling.power_table`. Empty for families
        whose draws do not say it (``paper``, ``stacked``).
    variants
        One row a map and ``variant``: its ``kind`` ("power" or "choice"), ``how`` ("weights", "refit", or "unreliable"
        where neither could be had), Pareto ``k`` of the weights, ``largest_shift`` and ``median_shift`` of the regions'
        means, in posterior sds, ``flips`` (regions of which a verdict changes), ``gene_flips`` (genes whose 90%
        interval comes to exclude zero, or no longer does) and ``seconds``.
    regions
        One row a map, variant and region: ``mean``, ``lower90``, ``upper90``; ``shift`` of the mean in the fit's
        posterior sds; ``width`` of the interval over the fit's; ``excludes_zero`` and ``most_affected`` (among the ten
        lowest means), each with ``flips_`` before it for whether that differs from the fit.
    genes
        The same for genes, without the rank; for families that weigh genes.
    """

    power: pd.DataFrame
    variants: pd.DataFrame
    regions: pd.DataFrame
    genes: pd.DataFrame

    files: ClassVar[Mapping[str, str]] = {
        "power": "power_scaling.csv",
        "variants": "sensitivity_variants.csv",
        "regions": "sensitivity_regions.csv",
        "genes": "sensitivity_genes.csv",
    }
    may_be_empty: ClassVar[tuple[str, ...]] = tuple(files)

    @classmethod
    def read(cls, folder: str | os.PathLike[str]) -> Self:
        """Read what `write` wrote; InputError when a file is missing, no such table, or there is no variant."""
        found = super().read(folder)
        if found.variants.empty:
            path = Path(folder, cls.files["variants"])
            raise InputError(f"{path} holds no variant; run pyro-neurovae sensitivity again.")
        return found

    def conclusion(self, name: str | None = None) -> str:
        """Say in two or three sentences what holds for a map, the first one if none is named."""
        name = self.variants["map"].iloc[0] if name is None else name
        own = self.variants[(self.variants["map"] == name) & (self.variants["how"] != "unreliable")]
        chance = own.loc[own["variant"] == "another seed", "largest_shift"]
        others = own[own["variant"] != "another seed"].sort_values("largest_shift")
        worst = others.iloc[-1]
        regions = self.regions[(self.regions["map"] == name) & self.regions["variant"].isin(others["variant"])]
        flips = (regions["flips_excludes_zero"] | regions["flips_most_affected"]).groupby(regions["region"]).any()
        told = f"Region means of {name} move by at most {worst['largest_shift']:.2f} posterior sd ({worst['variant']})"
        told += f"; another seed alone moves them by {chance.iloc[0]:.2f}. " if len(chance) else ". "
        told += f"{int(flips.sum())} of {len(flips)} regions change a verdict under some variant."
        if len(self.power):
            found = self.power[(self.power["map"] == name) & (self.power["diagnosis"] == "prior-data conflict")]
            if len(found):
                groups = ", ".join(dict.fromkeys(found["group"]))
                number = f"{len(found)} {'quantity' if len(found) == 1 else 'quantities'}"
                told += f" Prior and data pull against each other in {number} ({groups})."
        return told

    def shown(self) -> Iterator[Shown | str]:
        """Each map's variants, and what holds."""
        for name in dict.fromkeys(self.variants["map"]):
            title = f"{name}: how far regions move, in posterior standard deviations"
            yield Shown.of(title, self.variants[self.variants["map"] == name], _SHOWN)
            yield self.conclusion(name)


_SHOWN = {
    "variant": "{variant}",
    "by": "{how}",
    "largest": "{largest_shift:.2f}",
    "median": "{median_shift:.2f}",
    "regions that flip": "{flips}",
    "genes that flip": "{gene_flips}",
}


def sensitivity(
    fit: Fit,
    grid: Sequence[Variant] | str | os.PathLike[str] | None = None,
    *,
    seed: int | None = None,
    workers: int = 1,
    resume: str | os.PathLike[str] | None = None,
    progress: bool | Progress | None = None,
) -> Sensitivity:
    """Vary the prior and other choices, and tabulate how far the results move.

    Each prior group is raised to the powers 1/2 and 2, and the likelihood to 4/5 and 5/4, by importance weights; where
    their Pareto k is above 0.7 the fit is run again with the prior that the power amounts to. Each variant of the grid
    is a fit with the same seed, so that what differs is the variant's doing; "another seed" shows what chance does.

    Parameters
    ----------
    fit
        The fit to vary; its programs are lent to every variant that leaves them alone.
    grid
        Variants, or a TOML file of them (see `read_grid`); None (the default) for `default_grid`.
    seed
        Seed of the refits; None (the default) for the fit's own.
    workers, resume
        Processes that refits are spread over, and a folder that keeps what is finished; see `run_jobs`.
    progress
        As `fit` takes it.

    Raises
    ------
    SettingsError, InputError
        For a variant that can't be fitted, naming it.

    References
    ----------
    Kallioinen, Paananen, Buerkner, Vehtari (2023), Statistics and Computing 34.
    """
    if not method_of(fit.settings.training).batches:
        raise SettingsError("variants are fitted by svi; fit the study without method= first.")
    base = fit.settings if seed is None else replace(fit.settings, seed=seed)
    variants = _variants(fit, base, grid)
    linear = family_of(fit.settings.model).linear
    ratios = [log_ratios(fit, m) for m in range(len(fit.study.maps))] if linear else []
    scaled = list(_power_variants(fit, ratios)) if linear else []
    applied = {one.name: one.apply(fit.study, base) for one in variants}
    refits = {one.name: (fit.study, one.settings) for one in scaled if one.settings is not None} | applied
    jobs = [Job((*own, _lent_programs(fit, *own)), f"variant {name!r}") for name, own in refits.items()]
    done = run_jobs(refit, jobs, workers=workers, resume=resume, label="variants", progress=progress)
    results = dict(zip(refits, done, strict=True))
    outcomes: list[Outcome] = []
    for one in scaled:
        how = "weights" if one.reliable else "refit" if one.settings is not None else "unreliable"
        arrays = results.get(one.name, one.arrays)
        outcomes.append(Outcome(one.name, "power", how, one.k, arrays, fit.study.genes))
    outcomes += [
        Outcome(name, "choice", "refit", np.nan, results[name], study.genes) for name, (study, _) in applied.items()
    ]
    return Sensitivity(power_table(fit, ratios) if linear else pd.DataFrame(), *shift_tables(fit, outcomes))


def refit(study: Study, settings: FitSettings, programs: Arrays | None, *, progress: Progress | None = None) -> Arrays:
    """Fit a study with programs of an earlier fit or its own; see `shifts.outcome_arrays`, and ``seconds``."""
    from ..inference.observation import pick_device  # late: torch and Pyro take two seconds to import
    from ..inference.programs.trained import TrainedPrograms
    from ..posterior.groups import fit_draws

    started = time.perf_counter()
    lent = None if programs is None else TrainedPrograms.from_arrays(programs, pick_device(settings.device))
    draws = fit_draws(study, settings, QUANTITIES, programs=lent, progress=progress)  # (chain, draw, map, ...)
    found = outcome_arrays({name: values.reshape(-1, *values.shape[2:]) for name, values in draws.items()})
    return found | {"seconds": np.array(time.perf_counter() - started)}


@dataclass(frozen=True)
class _Scaled:
    """A power of one group: its weighted summary, and the settings of a refit where the weights can't be trusted."""

    name: str
    arrays: Arrays
    k: float
    reliable: bool
    settings: FitSettings | None


def _variants(fit: Fit, base: FitSettings, grid: Sequence[Variant] | str | os.PathLike[str] | None) -> list[Variant]:
    if grid is None:
        return default_grid(fit.study, base)
    found = read_grid(grid) if isinstance(grid, str | os.PathLike) else list(grid)
    names = [one.name for one in found]
    if not found or len(set(names)) < len(names):
        raise SettingsError("give at least one variant, and each a name of its own.")
    return found


def _power_variants(fit: Fit, ratios: list[dict[str, LogRatio]]) -> Iterator[_Scaled]:
    """Each power of each group, of the `log_ratios` of each map."""
    posterior, maps = fit.posterior, range(len(ratios))
    draws = {name: posterior.draws(name) for name in QUANTITIES if posterior.has(name)}  # (draw, map, ...)
    ordered = {name: [Ordered.of(values[:, m]) for m in maps] for name, values in draws.items()}
    for group in ratios[0]:
        for power in _POWERS[group]:
            scaled = [power_scale(one[group], power) for one in ratios]
            arrays: Arrays = {"seconds": np.array(0.0)}
            for name, values in ordered.items():
                each = [one.summarise(own) for one, own in zip(scaled, values, strict=True)]
                arrays |= {f"{name}.{key}": np.stack([one[key] for one in each]) for key in each[0]}
            reliable = all(one.reliable for one in scaled)
            settings = None if reliable else scaled_settings(fit, group, power)
            yield _Scaled(f"{group} to the power {power:g}", arrays, max(one.k for one in scaled), reliable, settings)


def _lent_programs(fit: Fit, study: Study, settings: FitSettings) -> Arrays | None:
    """Trained programs of the fit, for a variant that leaves alone all that they depend on; else None."""
    own = fit.settings
    if not method_of(settings.training).keeps_programs or settings.seed != own.seed:
        return None
    if not study.same_as(fit.study, without=("map", "structure")):
        return None
    return fit.posterior.trained_programs if _programs_of(settings) == _programs_of(own) else None


def _programs_of(settings: FitSettings) -> list[Any]:
    """Values of the settings that trained programs depend on."""
    records = (settings.family, settings.training)
    return [vars(record)[name] for record in records for name in record.of_programs]
