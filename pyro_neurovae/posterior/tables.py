"""Tables of a fit: regions, genes, programs and variance shares, each row with its credible intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..errors import NeurovaeError
from ..models.families import families_that
from ..studies.study import Study
from .intervals import asked_columns, summary_columns
from .posterior import Posterior

__all__ = [
    "GENE_COLUMNS",
    "PROGRAM_COLUMNS",
    "gene_table",
    "largest_first",
    "prediction_table",
    "raw_program_table",
    "region_table",
    "surest_genes",
    "tidy_programs",
    "variance_table",
]

GENE_COLUMNS = (
    "map", "gene", "weight", "sd", "lower90", "upper90", "p_positive", "local_false_sign_rate", "stability",
    "q_value",
)  # fmt: skip
# Share of the effect's standard deviation below which a transcriptomic part is practically nought.
_NOUGHT = 0.1

PROGRAM_COLUMNS = ("program", "quantity", "name", "mean", "sd", "lower90", "upper90")


def region_table(posterior: Posterior, study: Study, *, prob: float | None = None, hdi: bool = False) -> pd.DataFrame:
    """Tabulate the regions: one row a map and region, in the study's order.

    ``mean``, ``sd`` and the intervals are of the effect theta: all that is real, what no program and no field explains
    too, without sampling error; in the map's units. ``p_negative`` is its posterior probability of being below zero.
    ``predictable_mean``, ``predictable_lower90`` and ``predictable_upper90`` are of its part that programs and fields
    give. Where a map's sampling error is not known it can't be told from what is a region's own: then the effect is
    its predictable part. The shares are posterior means of each part's share of the region's squared deviation from
    the map's mean. ``observed`` and ``se`` are what the study holds: NaN where it holds nothing, ``se`` also where a
    map's sampling error is unknown. A further interval of the effect, of probability ``prob`` or the shortest
    (``hdi``), comes last (`intervals.asked_columns`).
    """
    draws = posterior.draws("thinning")  # (draw, map, region)
    share = posterior.draws("region_share").mean(0)  # (map, region, source)
    unknown = ~(study.standard_error > 0).any(1, keepdims=True)
    table = _grid("region", study.maps, study.regions)
    for name, values in (("hemisphere", study.graph.hemispheres), ("lobe", study.graph.lobes)):
        table[name] = np.tile(values, len(study.maps)) if values is not None else ""
    table["observed"] = study.thinning.ravel()
    table["se"] = np.where(unknown, np.nan, study.standard_error).ravel()
    columns = summary_columns(draws, (50, 90, 95)) | {"p_negative": (draws < 0).mean(0)}
    predictable = summary_columns(posterior.predictable(), (90,))
    columns |= {f"predictable_{name}": predictable[name] for name in ("mean", "lower90", "upper90")}
    for name, column in columns.items():
        table[name] = column.ravel()
    table["expression_observed"] = np.tile(study.expression_observed, len(study.maps))
    table["thinning_observed"] = study.thinning_observed.ravel()
    sources = posterior.labels("source")
    for part in ("transcriptomic", "spatial", "structural"):
        if part in sources:  # files of version 0.1 have no structural part
            table[f"{part}_share"] = share[..., sources.index(part)].ravel()
    return table.assign(**{name: ends.ravel() for name, ends in asked_columns(draws, prob, hdi=hdi).items()})


def gene_table(posterior: Posterior, study: Study, *, prob: float | None = None, hdi: bool = False) -> pd.DataFrame:
    """Tabulate the genes: one row a map and gene, within each map the largest ``weight`` in size first.

    ``weight`` is the posterior mean slope of the transcriptomic part of thinning on the gene's normalised
    expression, in map units per standard deviation of expression: a marginal association of the part that expression
    gives, not the gene's effect with the others held fixed. Hundreds of co-expressed genes share it: it does not tell
    which of them, if any, is a cause. ``local_false_sign_rate`` is the posterior probability that the weight does not
    have its more probable sign; draws in which the transcriptomic part is practically nought, its standard
    deviation over regions below a tenth of the effect's, count as such, so that it is at least the probability that
    there is no transcriptomic part. ``stability`` is the share of draws in which the gene is among the tenth of genes
    with the largest weights in size. ``q_value`` is the expected share of false signs among the map's genes that are at
    least as sure: the mean of their local false sign rates (Stephens 2017). ``prob`` and ``hdi`` add an interval, as in
    `region_table`.

    Raises
    ------
    NeurovaeError
        For a family without genes.

    References
    ----------
    Stephens (2017), Biostatistics 18, 275-294.
    """
    if not posterior.has_genes:
        models = families_that(linear=True, genes=True)
        raise NeurovaeError(f"this fit weighs no genes: fit the model {models} for a table of genes.")
    draws = posterior.draws("gene_weight")  # (draw, map, gene)
    size, there = np.abs(draws), _has_transcriptomic_part(posterior)[..., None]
    leading = max(1, round(0.1 * draws.shape[-1]))
    threshold = np.partition(size, -leading, axis=-1)[..., -leading, None]
    moments = summary_columns(draws)
    columns = {"weight": moments.pop("mean"), **moments}
    false = 1 - np.maximum(((draws > 0) & there).mean(0), ((draws < 0) & there).mean(0))
    columns |= {
        "p_positive": (draws > 0).mean(0),
        "local_false_sign_rate": false,
        "stability": (size >= threshold).mean(0),
        "q_value": np.stack([_expected_false(own) for own in false]),
    }
    columns |= asked_columns(draws, prob, hdi=hdi)
    table = _grid("gene", study.maps, study.genes)
    for name, column in columns.items():
        table[name] = column.ravel().astype(float)
    order = np.lexsort((-table["weight"].abs(), np.repeat(np.arange(len(study.maps)), len(study.genes))))
    return table.iloc[order].reset_index(drop=True)


def _has_transcriptomic_part(posterior: Posterior) -> np.ndarray:
    """Whether a draw's transcriptomic part is more than practically nought; (draw, map).

    It is nought below a hundredth of the effect's variance, which no one would call a part. That is above most of what
    the prior of a scale has for a part that is not there (`SpikedPrior`: a mean of .03 of the map's sd), and far below
    what it has for one that is.
    """
    effect = posterior.draws("thinning")  # (draw, map, region)
    if not posterior.has("transcriptomic"):
        return np.ones(effect.shape[:2], dtype=bool)
    there: np.ndarray = posterior.draws("transcriptomic").std(-1) >= _NOUGHT * effect.std(-1)
    return there


def _expected_false(rate: np.ndarray) -> np.ndarray:
    """Mean of the local rates (gene,) that are at most as large as each; (gene,)."""
    order = np.sort(rate)
    means = np.cumsum(order) / np.arange(1, len(order) + 1)
    found: np.ndarray = means[np.searchsorted(order, rate, side="right") - 1]
    return found


def raw_program_table(posterior: Posterior, study: Study) -> pd.DataFrame:
    """Tabulate the programs as they were drawn, tidily: program, quantity, name, mean, sd, lower90, upper90.

    They are called raw1, raw2 and so on, here as in ``idata``: draws differ by rotations of the programs into each
    other, so that these means are of what differs from draw to draw, and raw1 is not the P1 of `Fit.programs`.

    Quantities: ``strength``; ``smoothness``; ``weight`` on each map (effect of one standard deviation of the
    program, in map units); ``score`` of each region; ``loading`` of each gene, with the interval of a normal
    distribution of its posterior mean and sd.

    Raises
    ------
    NeurovaeError
        For a family without programs.
    """
    if not posterior.has_programs:
        models = families_that(programs=True)
        raise NeurovaeError(f"this fit has no programs: fit the model {models} for a table of programs.")
    rows = []
    for quantity, variable, names in (
        ("strength", "strength", ("",)),
        ("smoothness", "smoothness", ("",)),
        ("weight", "program_weight", study.maps),
        ("score", "program_score", study.measured_in.names),
    ):
        columns = posterior.summary(variable)  # ([name,] program)
        tables = {one: np.atleast_2d(column) for one, column in columns.items()}
        rows.append(tidy_programs(quantity, names, tables, prefix="raw"))
    rows.append(tidy_programs("loading", study.genes, posterior.loadings(), prefix="raw"))
    return pd.concat(rows, ignore_index=True)


def variance_table(posterior: Posterior, *, prob: float | None = None, hdi: bool = False) -> pd.DataFrame:
    """Tabulate the shares of each map's variance: one row a map and source, 50, 90 and 95% intervals, and one asked."""
    table = _grid("source", posterior.labels("map"), posterior.labels("source"))
    draws = posterior.draws("variance_share")  # (draw, map, source)
    for name, column in (summary_columns(draws, (50, 90, 95)) | asked_columns(draws, prob, hdi=hdi)).items():
        table[name] = column.ravel()
    return table


def prediction_table(posterior: Posterior, study: Study) -> pd.DataFrame:
    """Tabulate predictions: mean, sd, lower90, upper90 of a map's region observed anew, all noise included.

    Where a region has no standard error, the median of its map's stands for it.
    """
    table = _grid("region", study.maps, study.regions)
    for name, column in posterior.summary("thinning", group="predictions").items():
        table[name] = column.ravel()
    return table


def tidy_programs(
    quantity: str, names: Sequence[str], columns: dict[str, np.ndarray], *, prefix: str = "P"
) -> pd.DataFrame:
    """Turn columns (name, program) of one quantity into rows, program by program: what tables of programs are."""
    n, programs = columns["mean"].shape
    labels = np.repeat([f"{prefix}{k + 1}" for k in range(programs)], n)
    table = pd.DataFrame({"program": labels, "quantity": quantity, "name": np.tile(list(names), programs)})
    for name, column in columns.items():
        table[name] = column.T.ravel()
    return table


def largest_first(table: pd.DataFrame, column: str = "mean") -> pd.DataFrame:
    """Rows by the size of an effect, the largest first whatever its sign; of equal ones the first."""
    return table.sort_values(column, key=np.abs, ascending=False, kind="stable")


def surest_genes(genes: pd.DataFrame) -> pd.DataFrame:
    """Rows of a table of genes by the size of their weight in its posterior sds, the largest first."""
    sureness = (genes["weight"].abs() / genes["sd"].where(genes["sd"] > 0)).fillna(0)
    return genes.loc[sureness.sort_values(ascending=False).index]


def _grid(label: str, maps: Sequence[str], names: Sequence[str]) -> pd.DataFrame:
    """Pair every map with every name, map by map."""
    return pd.DataFrame({"map": np.repeat(list(maps), len(names)), label: np.tile(list(names), len(maps))})
