"""A study in words: what it holds, what is missing, how much of each map noise leaves to explain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..cards import Shown
from ..wording import counted, first_names

if TYPE_CHECKING:
    from .study import Study

__all__ = ["ceiling_alarms", "map_table", "noise_ceiling", "noise_ceilings", "sizes", "summarise"]

NORMALISED = {"gene": "standardised per gene", "region": "standardised per region", "none": "as given"}


def noise_ceiling(thinning: np.ndarray, standard_error: np.ndarray, covariance: np.ndarray | None = None) -> float:
    r"""Share of a map's variance that is not sampling error.

    .. math:: 1 - \frac{\mathrm{tr} V - 1'V1 / n}{(n - 1) \, \mathrm{var}(y)}

    with the sampling covariance V of the n observed regions: what its errors vary about their own mean, which for
    independent errors is mean(se^2), and less for errors that go together, whose common part is a matter of the map's
    level. What no model of the map can exceed in R2, up to chance. NaN where the standard errors are not known (all 0).
    Below zero the errors as given are larger than the map.

    Parameters
    ----------
    thinning, standard_error
        One map (region,), NaN where missing.
    covariance
        Sampling covariance of the map (region, region); None (the default) for independent errors.
    """
    observed = ~np.isnan(thinning)
    if not standard_error[observed].any():
        return float("nan")
    varies = np.mean(standard_error[observed] ** 2)
    if covariance is not None:
        error, number = covariance[np.ix_(observed, observed)], int(observed.sum())
        varies = (np.trace(error) - error.sum() / number) / max(number - 1, 1)
    return float(1 - varies / np.var(thinning[observed]))


def noise_ceilings(study: Study) -> dict[str, float]:
    """`noise_ceiling` of every map of a study, by its name."""
    joint = [None] * len(study.maps) if study.covariance is None else study.covariance
    each = zip(study.maps, study.thinning, study.standard_error, joint, strict=True)
    return {name: noise_ceiling(*one) for name, *one in each}


def ceiling_alarms(study: Study) -> tuple[str, ...]:
    """Say of each map whose noise ceiling is below zero that its errors can't be right, one sentence each."""
    return tuple(
        f"{name}: the noise ceiling is {ceiling:.2f}, below zero: sampling errors as large as its standard errors say "
        "would vary more than the whole map does; check their column and unit, or take those that group sizes imply "
        "(sizes)."
        for name, ceiling in noise_ceilings(study).items()
        if ceiling < 0
    )


def sizes(study: Study) -> str:
    """Say how many regions, genes and maps there are."""
    return (
        f"{counted(study.n_regions, 'region')} on graph {study.graph.label}, {counted(len(study.genes), 'gene')}, "
        f"{counted(len(study.maps), 'map')}"
    )


def summarise(study: Study) -> str:
    """Return the text of `Study.summary`."""
    own = "region" if study.places is None else f"{study.measured_in.label} parcel"
    lines = [
        f"Study: {sizes(study)}",
        f"Expression: measured in {counted(int(study.measured.sum()), own)}, {NORMALISED[study.normalise]}",
        *_missing("expression", study.measured_in.names, study.measured),
        "Thinning: effects in each map's own units, negative where cases are thinner",
        _together(study),
        "",
        *_map_lines(study),
    ]
    for name, observed in zip(study.maps, study.thinning_observed, strict=True):
        lines += _missing(f"thinning in {name}", study.regions, observed)
    notices = (*study.notices, *ceiling_alarms(study))
    if notices:
        lines += ["", "Notices:", *(f"  - {notice}" for notice in notices)]
    return "\n".join(lines)


def _together(study: Study) -> str:
    """Say how sampling errors go together, and whether the correlation of thickness is known."""
    words = study.sampling_correlation
    each = zip(study.maps, words, strict=True)
    told = words[0] if len(set(words)) == 1 else ", ".join(f"{name} {word}" for name, word in each)
    structure = "none"
    if study.structure is not None:
        pairs = np.triu_indices(study.n_regions, k=1)
        structure = f"mean {study.structure[pairs].mean():.2f} over pairs of regions"
    return f"Correlation of sampling errors: {told}; of thickness across people (structure): {structure}"


def map_table(study: Study) -> Shown:
    """Tabulate the maps: regions with a value, mean, sd, median standard error and noise ceiling."""
    rows, ceilings = [], noise_ceilings(study)
    for name, value, error in zip(study.maps, study.thinning, study.standard_error, strict=True):
        observed = ~np.isnan(value)
        ceiling = ceilings[name]
        known = not np.isnan(ceiling)
        typical = f"{np.median(error[observed]):.4g}" if known else "unknown"
        share = f"{ceiling:.2f}" if known else "unknown"
        mean, sd = value[observed].mean(), value[observed].std(ddof=1)
        rows.append((name, str(int(observed.sum())), f"{mean:.3g}", f"{sd:.3g}", typical, share))
    return Shown("", ("map", "regions", "mean", "sd", "median se", "noise ceiling"), tuple(rows))


def _map_lines(study: Study) -> list[str]:
    shown = map_table(study)
    width = max(len("map"), *(len(name) for name in study.maps))
    return [
        f"{name:<{width}}  {number:>7}  {mean:>7}  {sd:>7}  {typical:>9}  {share:>13}"
        for name, number, mean, sd, typical, share in (shown.headings, *shown.rows)
    ]


def _missing(what: str, regions: tuple[str, ...], observed: np.ndarray) -> list[str]:
    lacking = [region for region, seen in zip(regions, observed, strict=True) if not seen]
    return [f"No {what}: {first_names(lacking, limit=20)}"] if lacking else []
