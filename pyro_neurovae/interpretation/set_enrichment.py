"""Gene sets whose weights on thinning differ from other genes', judged by null maps and by sets as co-expressed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..errors import NeurovaeError, SettingsError, check_seed
from ..models.families import families_that
from ..posterior.fits import Fit
from ..posterior.intervals import interval
from ..posterior.program_draws import standard_expression
from ..wording import least_p
from .gene_sets import PlacedSets, place_sets
from .null_weights import matched_sets, spatial_null_weights

__all__ = ["ENRICHMENT_COLUMNS", "enrichment"]

ENRICHMENT_COLUMNS = (
    "map", "set", "size", "found", "score", "null_mean", "null_sd", "p", "q", "probability", "lower90", "upper90"
)  # fmt: skip
# Components of expression whose products stand for squared correlations.
_COMPONENTS = 16


def enrichment(
    fit: Fit,
    sets: Mapping[str, Sequence[str]],
    *,
    map: str | None = None,
    null: Literal["spatial", "coexpression", "both"] = "spatial",
    direction: Literal["signed", "both"] = "signed",
    method: str = "model",
    n: int = 1000,
    seed: int = 0,
    minimum: int = 10,
    maximum: int = 500,
) -> pd.DataFrame:
    r"""Test gene sets for weights on thinning that differ from those of all other genes of the study.

    .. math:: \mathrm{score}(S) = \frac 1 {|S|} \sum_{j \in S} w_j - \frac 1 {g - |S|} \sum_{j \notin S} w_j

    with the posterior mean weight w of each gene (`tables.gene_table`: slope of the transcriptomic part of thinning on
    the gene's expression, in map units per standard deviation of that gene, so that genes count alike whatever their
    scale). A positive score: where the set is expressed more, the cortex is thinner less (Cohen's d: negative is
    thinner).

    Parameters
    ----------
    fit
        A fit that weighs genes.
    sets
        Name to genes, as `read_gmt` gives it. Genes that the study lacks are left out.
    map
        The map to test; None (the default) for each.
    null
        "spatial" (the default)
            The same score on null maps (`null_weights.spatial_null_weights`): could a map without expression do this?
            Of the first two it is the one that holds its rate for co-expressed genes.
        "coexpression"
            The score of random gene sets of the set's size and mean pairwise co-expression on the map itself: is it
            this set, or any set as tight? It takes the map for granted, whose match with expression may be chance, and
            alone rejects 28% of co-expressed sets at 0.05 on smooth maps unrelated to expression.
        "both"
            Both have to be beaten: the larger p, with the mean and sd of the null that it comes from.
    direction
        "signed" (the default): the score above, p two-sided (twice the smaller tail). "both": of the weights' sizes
        in place of the weights, for sets whose genes go either way; p one-sided, for large scores.
    method
        How null maps are made; see `evidence.null_tests.nulls`. "model" (the default): such as random groups of
        people show, with the structural and spatial parts that the map has, no expression, and errors that go
        together. Surrogates have the map's smoothness alone: of them "laplacian" rejects .044 to .061 at .05 on Markov
        fields ("moran" .064 to .089), .09 on maps with an exponential covariance (moran .12 to .13, "spin", which needs
        `neuromaps`, .07 to .08).
    n, seed
        Null maps, or random sets for each set, and the seed of them. No p is below 1 / (1 + n), two-sided 2 / (1 + n).
    minimum, maximum
        Sets of which fewer or more genes are found are left out.

    Returns
    -------
    DataFrame
        One row a map and set, within each map the smallest p first: ``map``, ``set``, ``size`` (genes listed),
        ``found`` (genes that the study has), ``score``, ``null_mean``, ``null_sd``, ``p``
        ((1 + number of null scores as far out) / (1 + n)), ``q`` (Benjamini & Hochberg over the map's sets),
        ``probability`` (posterior probability that the set's mean weight exceeds that of the other genes: the share of
        draws whose score is positive), ``lower90``, ``upper90`` (of the draws' scores). Its ``attrs`` have the names
        of the sets ``left_out`` and the ``least_p`` that so many null maps can give.

    Raises
    ------
    NeurovaeError
        For a fit without gene weights.
    SettingsError
        For an unknown map, null, direction or method, a number below 1, or a model that null maps can't go through.
    InputError
        When no set is left.

    Notes
    -----
    ``probability`` says how sure the sign of the score is given this map, and nothing of how often maps unrelated to
    expression have such a score: that is ``p``. Permuting genes, as gene set enrichment has it, takes co-expressed
    genes for independent ones and rejects 87% there (`tests/benchmarks/enrichment_validity.py`; spatial 6%, both 2%).

    References
    ----------
    Fulcher, Arnatkeviciute & Fornito (2021), Nature Communications 12; Wei et al. (2022), Human Brain Mapping 43;
    Phipson & Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9.
    """
    _check(fit, null, direction, n, seed)
    maps = fit.study.maps
    if map is not None and map not in maps:
        raise SettingsError(f"the fit has no map {map!r}: it has {', '.join(maps)}.")
    placed = place_sets(sets, fit.study.genes, minimum=minimum, maximum=maximum)
    draws = fit.posterior.draws("gene_weight")  # (draw, map, gene)
    random = _random_sets(fit, placed, direction, n, seed) if null != "spatial" else []
    parts = []
    for m in range(len(maps)) if map is None else [maps.index(map)]:
        weights = draws[:, m].mean(0, dtype=float)
        score = placed.means(_size(weights, direction))
        nulls = []
        if null != "coexpression":
            spatial = spatial_null_weights(fit, m, number=n, seed=seed, method=method)
            nulls.append(placed.means(_size(spatial, direction)))
        if null != "spatial":
            nulls.append(_set_scores(_size(weights, direction), random))
        columns = _against(score, nulls, direction)
        drawn = placed.means(_size(draws[:, m], direction))  # (draw, set)
        columns["probability"] = (drawn > 0).mean(0)
        columns["lower90"], columns["upper90"] = interval(drawn.astype(float), 0.9)
        parts.append(_table(maps[m], placed, columns))
    found = pd.concat(parts, ignore_index=True)
    found.attrs["left_out"] = tuple(name for name in sets if name not in set(placed.names))
    found.attrs["least_p"] = (1 if direction == "both" else 2) * least_p(n)
    return found


def _check(fit: Fit, null: str, direction: str, n: int, seed: int) -> None:
    if not fit.posterior.has_genes:
        models = families_that(linear=True, genes=True)
        raise NeurovaeError(f"this fit weighs no genes: fit the model {models} to test gene sets.")
    for name, value, known in (
        ("null", null, ("spatial", "coexpression", "both")),
        ("direction", direction, ("signed", "both")),
    ):
        if value not in known:
            raise SettingsError(f"unknown {name} {value!r}: the known ones are {', '.join(known)}.")
    if n < 1:
        raise SettingsError(f"n is {n}; give at least 1 null map or random set.")
    check_seed(seed)


def _size(weights: np.ndarray, direction: str) -> np.ndarray:
    return np.abs(weights) if direction == "both" else weights


def _random_sets(fit: Fit, placed: PlacedSets, direction: str, n: int, seed: int) -> list[np.ndarray]:
    """Genes of the random sets that go with each set; (random set, gene) each."""
    measured = fit.study.expression_observed
    unit = (standard_expression(fit.study)[measured] / np.sqrt(measured.sum())).T  # (gene, region)
    features = _products(unit) if direction == "both" else unit
    made = []
    for row, members in enumerate(placed.members):
        rng = np.random.default_rng([seed, row, *b"gene sets"])
        made.append(matched_sets(features, members, number=n, rng=rng)[0])
    return made


def _products(unit: np.ndarray) -> np.ndarray:
    """Features whose product is the squared correlation, on the leading components: what sizes of weights share."""
    left, values, _ = np.linalg.svd(unit, full_matrices=False)
    kept = left[:, :_COMPONENTS] * values[:_COMPONENTS]
    length = np.linalg.norm(kept, axis=1, keepdims=True)
    kept = np.divide(kept, length, out=np.zeros_like(kept), where=length > 0)
    first, second = np.triu_indices(kept.shape[1])
    twice = np.where(first == second, 1.0, np.sqrt(2.0))
    products: np.ndarray = kept[:, first] * kept[:, second] * twice
    return products


def _set_scores(weights: np.ndarray, random: list[np.ndarray]) -> np.ndarray:
    """Score of each random set on one map; (random set, set)."""
    total, count = weights.sum(), len(weights)
    sums = np.stack([weights[chosen].sum(1) for chosen in random], 1)
    sizes = np.array([chosen.shape[1] for chosen in random])
    scores: np.ndarray = sums / sizes - (total - sums) / (count - sizes)
    return scores


def _against(score: np.ndarray, nulls: list[np.ndarray], direction: str) -> dict[str, Any]:
    """P of each score (set,) among its null scores (null, set), the larger where there are two nulls."""
    kept: dict[str, Any] = {}
    for scores in nulls:
        above, below = (
            (1 + (scores >= score).sum(0)) / (1 + len(scores)),
            (1 + (scores <= score).sum(0)) / (1 + len(scores)),
        )
        p = above if direction == "both" else np.minimum(1.0, 2 * np.minimum(above, below))
        own = {"null_mean": scores.mean(0), "null_sd": scores.std(0), "p": p}
        larger = p > kept.get("p", -1.0)
        kept = {name: np.where(larger, column, kept.get(name, column)) for name, column in own.items()}
    return {"score": score} | kept


def _table(name: str, placed: PlacedSets, columns: dict[str, np.ndarray]) -> pd.DataFrame:
    from scipy.stats import false_discovery_control  # late: SciPy's statistics take half a second to import

    columns = {"size": placed.sizes, "found": placed.found, **columns, "q": false_discovery_control(columns["p"])}
    table = pd.DataFrame({"map": name, "set": placed.names, **columns})[list(ENRICHMENT_COLUMNS)]
    return table.sort_values("p", kind="stable", ignore_index=True)
