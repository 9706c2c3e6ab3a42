"""Tables of a fit: regions, genes, programs and variance shares, each row with its credible intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from . import inferencedata
from .errors import NeurovaeError
from .study import Study

__all__ = ["gene_table", "interval", "prediction_table", "program_table", "region_table", "variance_table"]


def interval(draws: np.ndarray, probability: float) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the equal-tailed credible interval over the first dimension."""
    tail = (1 - probability) / 2
    lower, upper = np.quantile(draws, [tail, 1 - tail], axis=0)
    return lower, upper


def region_table(idata: Any, study: Study) -> pd.DataFrame:
    """One row a map and region, in the study's order: noise-free thinning with its intervals, and what was seen.

    ``mean``, ``sd`` and the intervals are of the noise-free thinning (intercept + transcriptomic + spatial part),
    in the map's units; ``p_negative`` is its posterior probability of being below zero; the shares are posterior
    means of each part's share of the region's squared deviation from the map's mean.
    """
    draws = _draws(idata, "posterior", "thinning")  # (draw, map, region)
    share = _draws(idata, "posterior", "region_share").mean(0)  # (map, region, source)
    columns = _moments(draws) | _intervals(draws, (50, 90, 95)) | {"p_negative": (draws < 0).mean(0)}
    m, r = len(study.maps), study.n_regions
    table = pd.DataFrame({"map": np.repeat(study.maps, r), "region": np.tile(study.regions, m)})
    for name, values in (("hemisphere", study.graph.hemispheres), ("lobe", study.graph.lobes)):
        table[name] = np.tile(values, m) if values is not None else ""
    table["observed"], table["se"] = study.thinning.ravel(), study.standard_error.ravel()
    for name, column in columns.items():
        table[name] = column.ravel()
    table["expression_observed"] = np.tile(study.expression_observed, m)
    table["thinning_observed"] = study.thinning_observed.ravel()
    table["transcriptomic_share"], table["spatial_share"] = share[..., 0].ravel(), share[..., 1].ravel()
    return table


def gene_table(idata: Any, study: Study) -> pd.DataFrame:
    """One row a map and gene, strongest posterior mean first within each map.

    ``weight`` is the slope of the transcriptomic part of thinning on the gene's normalised expression, in map
    units per standard deviation of expression. ``local_false_sign_rate`` is the posterior probability that the
    weight has the other sign; ``stability`` is the share of draws in which the gene is among the tenth of genes
    with the largest weights in size.

    Raises
    ------
    NeurovaeError
        For a family without genes.
    """
    draws = _draws(idata, "posterior", "gene_weight")  # (draw, map, gene)
    positive = (draws > 0).mean(0)
    size = np.abs(draws)
    keep = max(1, round(0.1 * draws.shape[-1]))
    threshold = np.partition(size, -keep, axis=-1)[..., -keep][..., None]
    columns = {"weight": draws.mean(0), "sd": draws.std(0)} | _intervals(draws, (90,))
    columns |= {
        "p_positive": positive,
        "local_false_sign_rate": np.minimum(positive, (draws < 0).mean(0)),
        "stability": (size >= threshold).mean(0),
    }
    m, g = len(study.maps), len(study.genes)
    table = pd.DataFrame({"map": np.repeat(study.maps, g), "gene": np.tile(study.genes, m)})
    for name, column in columns.items():
        table[name] = column.ravel().astype(float)
    order = np.lexsort((-table["weight"].abs(), np.repeat(np.arange(m), g)))
    return table.iloc[order].reset_index(drop=True)


def program_table(idata: Any, study: Study) -> pd.DataFrame:
    """Tidy table of the programs: program, quantity, name, mean, sd, lower90, upper90.

    Quantities: ``strength``; ``smoothness``; ``weight`` (effect of one standard deviation of the program on each
    map); ``score`` of each region; ``loading`` of each gene (posterior mean and sd, with normal interval ends).

    Raises
    ------
    NeurovaeError
        For a family without programs.
    """
    rows = []
    for quantity, variable, names in (
        ("strength", "strength", [""]),
        ("smoothness", "smoothness", [""]),
        ("weight", "program_weight", list(study.maps)),
        ("score", "program_score", list(study.regions)),
    ):
        draws = _draws(idata, "posterior", variable)
        draws = draws[:, None] if draws.ndim == 2 else draws  # (draw, name, program)
        rows.append(_tidy(quantity, names, _moments(draws) | _intervals(draws, (90,))))
    loadings = inferencedata.group(idata, "loadings")
    mean = loadings["mean"].values.mean(0).T  # (gene, program)
    sd = np.sqrt((loadings["sd"].values ** 2).mean(0).T + loadings["mean"].values.var(0).T)
    rows.append(
        _tidy("loading", list(study.genes), {"mean": mean, "sd": sd, "lower90": mean - 1.6449 * sd, "upper90": mean + 1.6449 * sd})
    )
    return pd.concat(rows, ignore_index=True)


def variance_table(idata: Any) -> pd.DataFrame:
    """One row a map and source: share of the map's variance with 50, 90 and 95% intervals."""
    posterior = inferencedata.group(idata, "posterior")["variance_share"]
    draws = _draws(idata, "posterior", "variance_share")  # (draw, map, source)
    maps, sources = posterior["map"].values, posterior["source"].values
    table = pd.DataFrame({"map": np.repeat(maps, len(sources)), "source": np.tile(sources, len(maps))})
    for name, column in (_moments(draws) | _intervals(draws, (50, 90, 95))).items():
        table[name] = column.ravel()
    return table


def prediction_table(idata: Any, study: Study) -> pd.DataFrame:
    """One row a map and region: mean, sd, lower90, upper90 of a value observed anew, all noise included."""
    draws = _draws(idata, "posterior_predictive", "thinning")
    table = pd.DataFrame(
        {"map": np.repeat(study.maps, study.n_regions), "region": np.tile(study.regions, len(study.maps))}
    )
    for name, column in (_moments(draws) | _intervals(draws, (90,))).items():
        table[name] = column.ravel()
    return table


def _draws(idata: Any, group: str, variable: str) -> np.ndarray:
    """Draws of a variable with all chains after one another; (draw, ...)."""
    dataset = inferencedata.group(idata, group)
    if variable not in dataset:
        raise NeurovaeError(f"this fit has no {variable.replace('_', ' ')}: its model does not contain one.")
    values: np.ndarray = dataset[variable].values
    return values.reshape(-1, *values.shape[2:])


def _moments(draws: np.ndarray) -> dict[str, np.ndarray]:
    return {"mean": draws.mean(0), "sd": draws.std(0)}


def _intervals(draws: np.ndarray, percents: tuple[int, ...]) -> dict[str, np.ndarray]:
    ends = {}
    for percent in percents:
        ends[f"lower{percent}"], ends[f"upper{percent}"] = interval(draws, percent / 100)
    return ends


def _tidy(quantity: str, names: list[str], columns: dict[str, np.ndarray]) -> pd.DataFrame:
    """Columns of (name, program) as rows, program by program."""
    n, programs = columns["mean"].shape
    labels = [f"P{k + 1}" for k in range(programs)]
    table = pd.DataFrame({"program": np.repeat(labels, n), "quantity": quantity, "name": np.tile(names, programs)})
    for name, column in columns.items():
        table[name] = column.T.ravel()
    return table
