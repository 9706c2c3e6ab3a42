"""Does the answer hang on the prior, or on another choice? Power-scaling, and a grid of refits beside it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from .. import inferencedata
from ..errors import NeurovaeError, SettingsError
from ..models.settings import EXPRESSION_HALF, FitSettings
from ..posterior.fits import Fit
from ..studies.study import Study
from .power_scaling import GROUPS, log_components, power_scale, power_table, scaled_settings
from .runs import Job, fingerprint, run_jobs
from .variants import Variant, default_grid, read_grid

__all__ = ["Sensitivity", "refit", "sensitivity"]

Progress = Callable[[str, int, int, float], None]
Arrays = dict[str, np.ndarray]

# Powers that a prior group, and the likelihood, are raised to: half and twice the prior, four fifths and five quarters
# of the data, further than which importance weights seldom carry.
_POWERS = dict.fromkeys(GROUPS, (0.5, 2.0)) | {"likelihood": (0.8, 1.25)}
_MOST_AFFECTED = 10


@dataclass(frozen=True)
class Sensitivity:
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
                told += f" Prior and data pull against each other in {len(found)} quantities ({groups})."
        return told


def sensitivity(
    fit: Fit,
    grid: Sequence[Variant] | str | os.PathLike[str] | None = None,
    *,
    seed: int | None = None,
    workers: int = 1,
    resume: str | os.PathLike[str] | None = None,
    progress: bool | Progress = False,
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
    if fit.settings.method != "svi":
        raise SettingsError("variants are fitted by svi; fit the study without method= first.")
    base = fit.settings if seed is None else replace(fit.settings, seed=seed)
    variants = _variants(fit, base, grid)
    linear = fit.settings.model not in ("paper", "stacked")
    scaled = list(_power_variants(fit)) if linear else []
    again = {one.name: one.settings for one in scaled if one.settings is not None}
    applied = {one.name: one.apply(fit.study, base) for one in variants}
    refits = {name: (fit.study, settings) for name, settings in again.items()} | applied
    jobs = [_job(fit, name, *own) for name, own in refits.items()]
    from ..inference.progress import training_progress

    with training_progress(progress) as report:
        done = run_jobs(refit, jobs, workers=workers, resume=resume, label="variants", progress=report)
    results = dict(zip(refits, done, strict=True))
    reference, genes = _reference(fit), fit.study.genes
    rows: list[_Result] = []
    for one in scaled:
        how = "weights" if one.reliable else "refit" if one.settings is not None else "unreliable"
        rows.append(_Result(one.name, "power", how, one.k, results.get(one.name, one.arrays), genes))
    rows += [_Result(name, "choice", "refit", np.nan, results[name], applied[name][0].genes) for name in applied]
    return _tabulate(fit, reference, rows, power_table(fit) if linear else pd.DataFrame())


@dataclass(frozen=True)
class _Scaled:
    """A power of one group: its weighted summary, and the settings of a refit where the weights can't be trusted."""

    name: str
    arrays: Arrays
    k: float
    reliable: bool
    settings: FitSettings | None


@dataclass(frozen=True)
class _Result:
    """What one variant came to."""

    name: str
    kind: str
    how: str
    k: float
    arrays: Arrays
    genes: tuple[str, ...]


def _variants(fit: Fit, base: FitSettings, grid: Sequence[Variant] | str | os.PathLike[str] | None) -> list[Variant]:
    if grid is None:
        return default_grid(fit.study, base)
    found = read_grid(grid) if isinstance(grid, str | os.PathLike) else list(grid)
    names = [one.name for one in found]
    if not found or len(set(names)) < len(names):
        raise SettingsError("give at least one variant, and each a name of its own.")
    return found


def _power_variants(fit: Fit) -> Iterator[_Scaled]:
    posterior = inferencedata.group(fit.idata, "posterior")
    draws = {name: _draws(posterior[name]) for name in ("thinning", "gene_weight") if name in posterior}
    components = [log_components(fit, m) for m in range(len(fit.study.maps))]
    for group in components[0]:
        for power in _POWERS[group]:
            scaled = [power_scale(one[group], power, group=group) for one in components]
            arrays: Arrays = {"seconds": np.array(0.0)}
            for name, values in draws.items():
                each = [one.summarise(values[:, m]) for m, one in enumerate(scaled)]
                arrays |= {f"{name}.{key}": np.stack([one[key] for one in each]) for key in each[0]}
            reliable = all(one.reliable for one in scaled)
            settings = None if reliable else scaled_settings(fit, group, power)
            yield _Scaled(f"{group} to the power {power:g}", arrays, max(one.k for one in scaled), reliable, settings)


def _job(fit: Fit, name: str, study: Study, settings: FitSettings) -> Job:
    """Part of the run that fits one variant, with the fit's programs where it leaves them alone."""
    own, half = fit.settings, None
    same = study is fit.study and settings.seed == own.seed and settings.model == "cross-scale"
    if same and _programs_of(settings) == _programs_of(own):
        guide = inferencedata.group(fit.idata, "guide")
        half = {str(key): guide[key].values for key in guide.data_vars}
    arrays = [] if half is None else [values for _, values in sorted(half.items())]
    return Job(fingerprint("sensitivity", study, settings.to_json(), *arrays), (name, study, settings, half))


def _programs_of(settings: FitSettings) -> list[Any]:
    """What the trained expression half depends on."""
    family = [getattr(settings.family, name) for name in EXPRESSION_HALF]
    return [*family, *(getattr(settings.training, name) for name in ("steps", "learning_rate", "particles"))]


def refit(
    name: str, study: Study, settings: FitSettings, half: Arrays | None, *, progress: Progress | None = None
) -> Arrays:
    """Fit a variant; mean, sd and 90% interval of thinning (map, region) and gene weights (map, gene), and seconds."""
    from ..inference.engine import run_fit  # late: torch and Pyro take two seconds to import
    from ..inference.observation import pick_device
    from ..inference.programs.trained import ExpressionHalf

    started = time.perf_counter()
    programs = None if half is None else ExpressionHalf.from_arrays(half, pick_device(settings.device))
    try:
        posterior = run_fit(study, settings, programs=programs, progress=progress).groups["posterior"]
    except NeurovaeError as error:
        raise SettingsError(f"variant {name!r} can't be fitted: {error}") from error
    found: Arrays = {}
    for quantity in ("thinning", "gene_weight"):
        if quantity in posterior:
            values = posterior[quantity][1]
            summary = _summary(values.reshape(-1, *values.shape[2:]))
            found |= {f"{quantity}.{key}": value for key, value in summary.items()}
    return found | {"seconds": np.array(time.perf_counter() - started)}


def _summary(draws: np.ndarray) -> Arrays:
    lower, upper = np.quantile(draws, [0.05, 0.95], axis=0)
    return {"mean": draws.mean(0), "sd": draws.std(0), "lower90": lower, "upper90": upper}


def _draws(array: Any) -> np.ndarray:
    values = array.transpose("chain", "draw", "map", ...).values
    flat: np.ndarray = values.reshape(-1, *values.shape[2:])
    return flat


def _reference(fit: Fit) -> Arrays:
    posterior = inferencedata.group(fit.idata, "posterior")
    found: Arrays = {}
    for name in ("thinning", "gene_weight"):
        if name in posterior:
            found |= {f"{name}.{key}": value for key, value in _summary(_draws(posterior[name])).items()}
    return found


def _tabulate(fit: Fit, reference: Arrays, results: list[_Result], power: pd.DataFrame) -> Sensitivity:
    variants, regions, genes = [], [], []
    for one in results:
        for m, name in enumerate(fit.study.maps):
            about = {"map": name, "variant": one.name}
            table = _moved(one.arrays, reference, "thinning", m, np.arange(fit.study.n_regions))
            table.insert(0, "region", fit.study.regions)
            low = table["mean"].rank(method="first") <= _MOST_AFFECTED
            before = pd.Series(reference["thinning.mean"][m]).rank(method="first") <= _MOST_AFFECTED
            regions.append(table.assign(**about, most_affected=low, flips_most_affected=low != before))
            flips = int((table["flips_excludes_zero"] | (low != before)).sum())
            row = {**about, "kind": one.kind, "how": one.how, "k": one.k}
            row |= {"largest_shift": table["shift"].abs().max(), "median_shift": table["shift"].abs().median()}
            row |= {"flips": flips, "gene_flips": 0, "seconds": float(one.arrays["seconds"])}
            if "gene_weight.mean" in reference:
                place = {gene: j for j, gene in enumerate(fit.study.genes)}
                weights = _moved(one.arrays, reference, "gene_weight", m, np.array([place[gene] for gene in one.genes]))
                weights.insert(0, "gene", one.genes)
                genes.append(weights.assign(**about))
                row["gene_flips"] = int(weights["flips_excludes_zero"].sum())
            variants.append(row)

    def whole(tables: list[pd.DataFrame]) -> pd.DataFrame:
        table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=["map", "variant", "gene"])
        first = ["map", "variant"]
        return table[first + [column for column in table.columns if column not in first]]

    return Sensitivity(power, pd.DataFrame(variants), whole(regions), whole(genes))


def _moved(arrays: Arrays, reference: Arrays, name: str, m: int, rows: np.ndarray) -> pd.DataFrame:
    """Rows of a variant beside the fit; ``rows`` are the fit's numbers of what the variant has."""
    new = {key: arrays[f"{name}.{key}"][m] for key in ("mean", "lower90", "upper90")}
    old = {key: reference[f"{name}.{key}"][m][rows] for key in ("mean", "sd", "lower90", "upper90")}
    excludes = [(one["lower90"] > 0) | (one["upper90"] < 0) for one in (new, old)]
    return pd.DataFrame(
        new
        | {"shift": (new["mean"] - old["mean"]) / old["sd"]}
        | {"width": (new["upper90"] - new["lower90"]) / (old["upper90"] - old["lower90"])}
        | {"excludes_zero": excludes[0], "flips_excludes_zero": excludes[0] != excludes[1]}
    )
