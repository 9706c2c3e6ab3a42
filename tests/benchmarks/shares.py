"""Shares and null tests on maps that are not drawn from the model: known shares, real genes, foreign fields.

    python tests/benchmarks/shares.py [--maps 100] [--fields 60] [--nulls 39] [--workers 2] [--seed 0]

First, maps whose transcriptomic share is 0, .33 or .65, of five genes (sparse) or of all (dense) with weights drawn
anew, on the expression of the public panel and with the standard errors of a public map; what is left after the
sampling errors is a smooth field, a structural one and noise, a third each, or a field of exponential covariance (30
mm; homologues .8). Second, smooth maps without expression (Gaussian, exponential covariance of 25 to 40 mm, homologues
.7 to .9) under null maps: how often p is at most .05. Reads the folder that PYRO_NEUROVAE_DATA names, ../shared/data by
default.
"""

from __future__ import annotations

import argparse
from functools import lru_cache

import numpy as np
import pandas as pd
from compare import DATA, MAPS
from real_people import EXPRESSION, every, markdown, panel, quiet

import pyro_neurovae as nv

TRUTHS, EFFECTS, RESTS = (0.0, 0.33, 0.65), ("sparse", "dense"), ("parts", "exponential")
LENGTHS, HOMOLOGUES = (25.0, 30.0, 40.0), (0.7, 0.8, 0.9)
FEW = 5
MOST_ERROR = 0.3  # of a map's variance: errors beyond it are scaled down, so that a share of .65 fits in


@lru_cache(maxsize=1)
def studies() -> list[nv.Study]:
    """Studies of the public maps, for their standard errors and covariances."""
    return [nv.Study.from_files(EXPRESSION, DATA / "thickness" / name) for name in MAPS.values()]


def exponential(graph: nv.RegionGraph, length: float, homologue: float) -> np.ndarray:
    """Covariance exp(-distance / length) within a hemisphere, times ``homologue`` with the mirrored other one."""
    mirrored = np.abs(graph.centroids * [1.0, 0.0, 0.0]) + graph.centroids * [0.0, 1.0, 1.0]
    distance = np.linalg.norm(mirrored[:, None] - mirrored, axis=-1)
    side = np.array(graph.hemispheres)
    return np.exp(-distance / length) * np.where(side[:, None] == side, 1.0, homologue)


def unit(values: np.ndarray) -> np.ndarray:
    """Centre and scale to variance one."""
    return (values - values.mean()) / values.std()


def draw(covariance: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw from N(0, covariance); (region,)."""
    return np.linalg.cholesky(covariance + 1e-9 * np.eye(len(covariance))) @ rng.standard_normal(len(covariance))


def known_share(study: nv.Study, truth: float, effect: str, rest: str, rng: np.random.Generator) -> tuple:
    """Study of a map with about the share asked for, and the share that it has."""
    variance = np.nanvar(study.thinning[0])
    error = min(MOST_ERROR, np.mean(study.standard_error[0] ** 2) / variance)
    shrink = np.sqrt(error * variance / np.mean(study.standard_error[0] ** 2))
    genes, measured = study.normalised_expression(), study.expression_observed
    genes[~measured] = genes[study.graph.homologue[~measured]]
    weight = rng.standard_normal(genes.shape[1])
    if effect == "sparse":
        weight *= np.isin(np.arange(len(weight)), rng.choice(len(weight), FEW, replace=False))
    transcriptomic = unit((genes - genes.mean(0)) @ weight) * np.sqrt(truth * variance)
    if rest == "parts":
        smooth = nv.GMRF(study.graph, "icar").covariance().numpy()
        fields = sum(unit(draw(one, rng)) for one in (smooth, study.structure, np.eye(study.n_regions)))
    else:
        fields = draw(exponential(study.graph, 30.0, 0.8), rng)
    others = unit(fields) * np.sqrt(max(1 - truth - error, 0.02) * variance)
    covariance = study.covariance[0] * shrink**2
    value = np.nanmean(study.thinning) + transcriptomic + others + draw(covariance, rng)
    made = study.with_thinning(value, np.sqrt(np.diagonal(covariance)), covariance=covariance[None])
    whole = transcriptomic.var() + others.var() + np.diagonal(covariance).mean()
    return made, transcriptomic.var() / whole


def shares_task(task: tuple[int, int]) -> list[dict]:
    """One map of every kind: its share against the truth."""
    number, seed = task
    quiet()
    rows = []
    for i, (truth, effect, rest) in enumerate((t, e, r) for t in TRUTHS for e in EFFECTS for r in RESTS):
        rng = np.random.default_rng([seed, number, i])
        study, true = known_share(studies()[number % len(MAPS)], truth, effect, rest, rng)
        fit = nv.fit(study, programs=panel()[1])
        one = fit.variance().set_index("source").loc["transcriptomic"]
        rows.append(
            {"rest": rest, "truth": truth, "effects": effect, "true share": true, "mean": one["mean"]}
            | {"90% holds it": float(one["lower90"] <= true + 0.005 and true <= one["upper90"])}
            | {"lower": one["lower90"], "upper": one["upper90"]}
        )
    return rows


def fields_task(task: tuple[int, int, int]) -> list[dict]:
    """One smooth map without expression: p under each kind of null maps, and whether genes are called."""
    number, nulls, seed = task
    quiet()
    rng = np.random.default_rng([seed, number, 99])
    study = studies()[number % len(MAPS)]
    length, homologue = LENGTHS[number % 3], HOMOLOGUES[number // 3 % 3]
    made, _ = known_share(study, 0.0, "dense", "exponential", rng)
    field = unit(draw(exponential(study.graph, length, homologue), rng)) * np.nanstd(study.thinning)
    made = made.with_thinning(field + draw(made.covariance[0], rng), made.standard_error, covariance=made.covariance)
    fit, row = nv.fit(made, programs=panel()[1]), {"length": length}
    for method in ("model", "moran", "spin"):
        found = nv.nulls(fit, method=method, number=nulls, seed=number)
        row[f"share, {method}"] = float(found.summary.set_index("statistic")["p"]["transcriptomic_share"] <= 0.05)
        row[f"genes called, {method}"] = float(found.genes["called"].any())
    return [row]


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--maps", type=int, default=100)
    parser.add_argument("--fields", type=int, default=60)
    parser.add_argument("--nulls", type=int, default=39)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if given.maps:
        rows = every(shares_task, [(i, given.seed) for i in range(given.maps)], given.workers)
        print(f"## {given.maps} maps of each kind\n\n{markdown(rows.groupby(['truth', 'effects', 'rest']).mean())}")
        print("\n" + markdown(rows.drop(columns="rest").groupby(["truth", "effects"]).mean()) + "\n", flush=True)
    if given.fields:
        tasks = [(i, given.nulls, given.seed) for i in range(given.fields)]
        rows: pd.DataFrame = every(fields_task, tasks, given.workers)
        print(f"## {given.fields} smooth maps without expression, {given.nulls} null maps each\n")
        print(markdown(rows.groupby("length").mean()))


if __name__ == "__main__":
    main()
