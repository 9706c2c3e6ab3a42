"""False-positive rate of null maps, and their speed.

    python tests/benchmarks/null_validity.py [--runs 200] [--nulls 39] [--methods moran spin] [--seed 0]
        [--timing 1000] [--refits 50] [--map enigma_pd.txt]

Each run draws a map that is smooth and has nothing to do with expression (ICAR on the Desikan-Killiany graph, and a
quarter as much white noise), with the expression of the public panel, fits `cross-scale` to it and to its null maps,
and asks whether p is at most 0.05. Beside it stand what is done without null maps: Pearson's parametric p of the map's
correlation with the first principal component of expression, and the same refits with shuffled values. With 39 null
maps a valid test rejects 5% of the time. --timing N measures the time of N null maps of a public map instead, and
--refits N holds the quick fits of N null maps against `nv.fit` of each. Reads the folder that PYRO_NEUROVAE_DATA names,
../shared/data by default.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from pathlib import Path

import numpy as np
from scipy.stats import binomtest, pearsonr, spearmanr

import pyro_neurovae as nv
from pyro_neurovae.evidence.null_tests import null_fit_settings
from pyro_neurovae.inference.null_fits import fit_maps

DATA = Path(os.environ.get("PYRO_NEUROVAE_DATA", "../shared/data"))
PANEL = "expression/ahba_dk68_stable0.6.csv.gz"
LEVEL = 0.05


def smooth_maps(graph: nv.RegionGraph, count: int, seed: int) -> np.ndarray:
    """Maps in Cohen's d that know nothing of expression; (run, region)."""
    rng = np.random.default_rng([seed, 5])
    values, vectors = np.linalg.eigh(nv.GMRF(graph, "icar").covariance().numpy())
    smooth = rng.standard_normal((count, len(values))) @ (vectors * np.sqrt(values.clip(min=0))).T
    return -0.2 + 0.08 * smooth + 0.02 * rng.standard_normal(smooth.shape)


def first_component(study: nv.Study) -> np.ndarray:
    """First principal component of expression over the regions that have it, 0 elsewhere; (region,)."""
    expression, measured = study.normalised_expression(), study.expression_observed
    centred = np.where(measured[:, None], expression - expression[measured].mean(0), 0.0)
    return np.linalg.svd(centred, full_matrices=False)[0][:, 0]


def p_values(fit: nv.Fit, maps: np.ndarray, method: str, nulls: int, seed: int) -> np.ndarray:
    """P of the transcriptomic share of each map (run, region); (run,)."""
    settings, programs = null_fit_settings(fit, draws=50, map_steps=60)
    sets = [
        np.concatenate(
            [one[None], nv.make_null_maps(one, fit.study.graph, method=method, number=nulls, seed=seed + run)]
        )
        for run, one in enumerate(maps)
    ]
    every = np.stack(sets)  # (run, map, region), the observed map first
    share = np.concatenate(
        [
            fit_maps(fit.study, settings, every[run : run + 4].reshape(-1, 1, every.shape[-1]), programs)["share"][:, 0]
            for run in range(0, len(maps), 4)
        ]
    ).reshape(every.shape[:2])
    return (1 + (share[:, 1:] >= share[:, :1]).sum(1)) / (1 + nulls)


def against_refits(fit: nv.Fit, number: int, seed: int) -> None:
    """Print p by quick fits and by full ones, and how the null maps' shares agree."""
    study, quick = fit.study, nv.nulls(fit, method="moran", number=number, seed=seed)
    made = nv.make_null_maps(study.thinning[0], study.graph, method="moran", number=number, seed=seed)
    shares = []
    for values in np.concatenate([study.thinning, made]):
        own = study.with_thinning(values, study.standard_error, covariance=study.covariance)
        shares.append(nv.fit(own, seed=seed).variance().set_index("source").loc["transcriptomic", "mean"])
    full = (1 + (np.array(shares[1:]) >= shares[0]).sum()) / (1 + number)
    r = spearmanr(quick.distribution["transcriptomic_share"], shares[1:]).statistic
    print(f"{number} null maps of the share: p {quick.summary['p'].iloc[0]:.3f} quick, {full:.3f} by full refits; ")
    print(f"Spearman of the null maps' shares {r:.3f}; mean {quick.summary['null_mean'].iloc[0]:.3f} and ", end="")
    print(f"{np.mean(shares[1:]):.3f}")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--nulls", type=int, default=39)
    parser.add_argument("--methods", nargs="+", default=["moran", "spin", "shuffle"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--timing", type=int)
    parser.add_argument("--refits", type=int)
    parser.add_argument("--map", default="enigma_scz.csv")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    study = nv.Study.from_files(DATA / PANEL, [DATA / "thickness" / given.map])
    fit = nv.fit(study, seed=given.seed)
    if given.refits:
        against_refits(fit, given.refits, given.seed)
        return
    if given.timing:
        started = time.perf_counter()
        found = nv.nulls(fit, number=given.timing, workers=given.workers)
        print(found.summary.round(4).to_string(index=False))
        print(f"{given.timing} null maps, {given.workers} workers: {time.perf_counter() - started:.0f} s")
        return
    maps = smooth_maps(study.graph, given.runs, given.seed)
    component, measured = first_component(study), study.expression_observed
    found = {"Pearson, parametric": [pearsonr(one[measured], component[measured]).pvalue for one in maps]}
    for method in given.methods:
        found[method] = p_values(fit, maps, method, given.nulls, given.seed)
    print(f"{given.runs} smooth maps unrelated to expression, seed {given.seed}; {given.nulls} null maps each\n")
    print("| null maps | rejected at 0.05 | 95% interval |\n|---|---|---|")
    for method, p in found.items():
        rejected = int((np.array(p) <= LEVEL + 1e-9).sum())
        ends = binomtest(rejected, given.runs).proportion_ci()
        print(f"| {method} | {rejected / given.runs:.3f} | {ends.low:.3f} to {ends.high:.3f} |")


if __name__ == "__main__":
    main()
