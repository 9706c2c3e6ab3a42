"""Tables of a fit: regions, genes, programs and variance shares, each row with its credible intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from .. import inferencedata
from ..errors import NeurovaeError
from ..studies.study import Study

__all__ = [
    "GENE_COLUMNS",
    "PROGRAM_COLUMNS",
    "gene_table",
    "has_genes",
    "has_programs",
    "interval",
    "prediction_table",
    "program_table",
    "region_table",
    "variance_table",
]

GENE_COLUMNS = (
    "map", "gene", "weight", "sd", "lower90", "upper90", "p_positive", "local_false_sign_rate", "stability"
)  # fmt: skip
PROGRAM_COLUMNS = ("program", "quantity", "name", "mean", "sd", "lower90", "upper90")

# The 95th centile of a standard normal: ends of the 90% interval of what is kept as a mean and sd.
_NORMAL95 = 1.6448536269514722


def interval(draws: np.ndarray, probability: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the equal-tailed credible interval over the first dimension."""
    tail = (1 - probability) / 2
    lower, upper = np.quantile(draws, [tail, 1 - tail], axis=0)
    return lower, upper


def region_table(idata: Any, study: Study) -> pd.DataFrame:
    """Tabulate the regions: one row a map and region, in the study's order.

    ``mean``, ``sd`` and the intervals are of the noise-free thinning (intercept, transcriptomic and spatial
    part), in the map's units; ``p_negative`` is its posterior probability of being below zero; the shares are
    posterior means of each part's share of the region's squared deviation from the map's mean. ``observed`` and
    ``se`` are what the study holds: NaN where it holds nothing, ``se`` also where a map's sampling error is
    unknown.
    """
    draws = _draws(idata, "posterior", "thinning")  # (draw, map, region)
    share = _draws(idata, "posterior", "region_share").mean(0)  # (map, region, source)
    unknown = ~(study.standard_error > 0).any(1, keepdims=True)
    table = _grid("region", study.maps, study.regions)
    for name, values in (("hemisphere", study.graph.hemispheres), ("lobe", study.graph.lobes)):
        table[name] = np.tile(values, len(study.maps)) if values is not None else ""
    table["observed"] = study.thinning.ravel()
    table["se"] = np.where(unknown, np.nan, study.standard_error).ravel()
    columns = _moments(draws) | _intervals(draws, (50, 90, 95)) | {"p_negative": (draws < 0).mean(0)}
    for name, column in columns.items():
        table[name] = column.ravel()
    table["expression_observed"] = np.tile(study.expression_observed, len(study.maps))
    table["thinning_observed"] = study.thinning_observed.ravel()
    table["transcriptomic_share"], table["spatial_share"] = share[..., 0].ravel(), share[..., 1].ravel()
    return table


def has_genes(idata: Any) -> bool:
    """Whether the fit's family weighs genes."""
    return "gene_weight" in inferencedata.group(idata, "posterior")


def has_programs(idata: Any) -> bool:
    """Whether the fit's family has programs."""
    return "program_score" in inferencedata.group(idata, "posterior")


def gene_table(idata: Any, study: Study) -> pd.DataFrame:
    """Tabulate the genes: one row a map and gene, within each map the largest ``weight`` in size first.

    ``weight`` is the posterior mean slope of the transcriptomic part of thinning on the gene's normalised
    expression, in map units per standard deviation of expression: the gene's own association, not its effect
    with the other genes held fixed. ``local_false_sign_rate`` is the posterior probability that the weight's
    sign is the less probable one; ``stability`` is the share of draws in which the gene is among the tenth of
    genes with the largest weights in size.

    Raises
    ------
    NeurovaeError
        For a family without genes.
    """
    if not has_genes(idata):
        raise NeurovaeError("this fit weighs no genes: fit the model cross-scale or expression for a table of genes.")
    draws = _draws(idata, "posterior", "gene_weight")  # (draw, map, gene)
    positive, size = (draws > 0).mean(0), np.abs(draws)
    leading = max(1, round(0.1 * draws.shape[-1]))
    threshold = np.partition(size, -leading, axis=-1)[..., -leading, None]
    columns = {"weight": draws.mean(0), "sd": draws.std(0)} | _intervals(draws, (90,))
    columns |= {
        "p_positive": positive,
        "local_false_sign_rate": 1 - np.maximum(positive, (draws < 0).mean(0)),
        "stability": (size >= threshold).mean(0),
    }
    table = _grid("gene", study.maps, study.genes)
    for name, column in columns.items():
        table[name] = column.ravel().astype(float)
    order = np.lexsort((-table["weight"].abs(), np.repeat(np.arange(len(study.maps)), len(study.genes))))
    return table.iloc[order].reset_index(drop=True)


def program_table(idata: Any, study: Study) -> pd.DataFrame:
    """Tabulate the programs, tidily: program, quantity, name, mean, sd, lower90, upper90.

    Quantities: ``strength``; ``smoothness``; ``weight`` on each map (effect of one standard deviation of the
    program, in map units); ``score`` of each region; ``loading`` of each gene, with the interval of a normal
    distribution of its posterior mean and sd.

    Raises
    ------
    NeurovaeError
        For a family without programs.
    """
    if not has_programs(idata):
        raise NeurovaeError("this fit has no programs: fit the model cross-scale for a table of programs.")
    rows = []
    for quantity, variable, names in (
        ("strength", "strength", ("",)),
        ("smoothness", "smoothness", ("",)),
        ("weight", "program_weight", study.maps),
        ("score", "program_score", study.regions),
    ):
        draws = _draws(idata, "posterior", variable)
        draws = draws[:, None] if draws.ndim == 2 else draws  # (draw, name, program)
        rows.append(_tidy(quantity, names, _moments(draws) | _intervals(draws, (90,))))
    rows.append(_tidy("loading", study.genes, _loading_columns(idata)))
    return pd.concat(rows, ignore_index=True)


def variance_table(idata: Any) -> pd.DataFrame:
    """Tabulate the shares of each map's variance: one row a map and source, 50, 90 and 95% intervals."""
    posterior = inferencedata.group(idata, "posterior")
    draws = _draws(idata, "posterior", "variance_share")  # (draw, map, source)
    table = _grid("source", posterior["map"].values, posterior["source"].values)
    for name, column in (_moments(draws) | _intervals(draws, (50, 90, 95))).items():
        table[name] = column.ravel()
    return table


def prediction_table(idata: Any, study: Study) -> pd.DataFrame:
    """Tabulate predictions: mean, sd, lower90, upper90 of a map's region observed anew, all noise included.

    Where a region has no standard error, the median of its map's stands for it.
    """
    draws = _draws(idata, "predictions", "thinning")
    table = _grid("region", study.maps, study.regions)
    for name, column in (_moments(draws) | _intervals(draws, (90,))).items():
        table[name] = column.ravel()
    return table


def _draws(idata: Any, group: str, variable: str) -> np.ndarray:
    """Stack the chains of a variable after one another; (draw, ...)."""
    values: np.ndarray = inferencedata.group(idata, group)[variable].values
    return values.reshape(-1, *values.shape[2:])


def _grid(label: str, maps: Sequence[str], names: Sequence[str]) -> pd.DataFrame:
    """Pair every map with every name, map by map."""
    return pd.DataFrame({"map": np.repeat(list(maps), len(names)), label: np.tile(list(names), len(maps))})


def _moments(draws: np.ndarray) -> dict[str, np.ndarray]:
    return {"mean": draws.mean(0), "sd": draws.std(0)}


def _intervals(draws: np.ndarray, percents: tuple[int, ...]) -> dict[str, np.ndarray]:
    ends = {}
    for percent in percents:
        ends[f"lower{percent}"], ends[f"upper{percent}"] = interval(draws, percent / 100)
    return ends


def _loading_columns(idata: Any) -> dict[str, np.ndarray]:
    """Pool the loadings of the chains, each a mean and an sd; (gene, program)."""
    loadings = inferencedata.group(idata, "loadings")
    means = loadings["mean"].values  # (chain, program, gene)
    mean = means.mean(0).T
    sd = np.sqrt((loadings["sd"].values ** 2).mean(0) + means.var(0)).T
    return {"mean": mean, "sd": sd, "lower90": mean - _NORMAL95 * sd, "upper90": mean + _NORMAL95 * sd}


def _tidy(quantity: str, names: Sequence[str], columns: dict[str, np.ndarray]) -> pd.DataFrame:
    """Turn columns of (name, program) into rows, program by program."""
    n, programs = columns["mean"].shape
    labels = np.repeat([f"P{k + 1}" for k in range(programs)], n)
    table = pd.DataFrame({"program": labels, "quantity": quantity, "name": np.tile(list(names), programs)})
    for name, column in columns.items():
        table[name] = column.T.ravel()
    return table
