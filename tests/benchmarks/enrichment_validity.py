"""False-positive rate of gene-set enrichment, by null.

    python tests/benchmarks/enrichment_validity.py [--maps 200] [--nulls 199] [--sets 40] [--seed 0] [--draws 300]
        [--simulated] [--refits 20] [--methods laplacian moran] [--kinds]

Each map is smooth and has nothing to do with expression (ICAR on the Desikan-Killiany graph, and a quarter as much
white noise, as in null_validity.py). `cross-scale` is fitted to it, and gene sets are tested that were chosen without
it: co-expressed ones (random genes among those nearest to a random gene by correlation, 15 to 100 of them) and random
ones of the same sizes. A valid test has p at or below 0.05 in 5% of them. Beside the nulls of `enrichment` stands the
permutation of genes (random sets of the size), as gene set enrichment is usually done. Rates are over maps and sets,
their intervals from 2,000 bootstraps over maps, because the sets of one map depend on each other. --refits N also holds
the linear null weights against full (quick) fits of the null maps, for the first N maps. --kinds holds spatial nulls
against maps of other kinds of smoothness, through the smoother of one fit. Reads the folder that
PYRO_NEUROVAE_DATA names, ../shared/data by default; --simulated needs no data.

Rejected at 0.05 among co-expressed sets (95% interval) and among random ones: 1,645 genes, 199 nulls, 40 sets of each
kind. Seed 0, 200 maps: permutation 0.866 (0.852 to 0.878) and 0.062; coexpression 0.277 (0.254 to 0.300) and 0.034;
spatial by moran 0.059 (0.037 to 0.086) and 0.053. Seed 1, 120 maps: permutation 0.900, coexpression 0.252, spatial by
moran 0.088 (0.054 to 0.125) and 0.096. With --kinds, 600 maps of each, co-expressed sets: ICAR 0.053 by laplacian and
0.072 by moran, other Markov fields 0.044 to 0.061 and 0.064 to 0.089, exponential covariances 0.092 and 0.119 to 0.135.
Spins (900 maps through another smoother): ICAR 0.054, exponential covariances 0.069 to 0.076.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

import pyro_neurovae as nv
from pyro_neurovae import inferencedata
from pyro_neurovae.evidence.null_tests import fit_null_maps, null_fit_settings
from pyro_neurovae.interpretation.gene_sets import place_sets
from pyro_neurovae.interpretation.null_weights import matched_sets, transcriptomic_smoother
from pyro_neurovae.interpretation.set_enrichment import enrichment
from pyro_neurovae.posterior.program_draws import standard_expression

DATA = Path(os.environ.get("PYRO_NEUROVAE_DATA", "../shared/data"))
PANEL = "expression/ahba_dk68_stable0.6.csv.gz"
LEVEL = 0.05
KINDS = ("co-expressed", "random")


def smooth_maps(graph: nv.RegionGraph, count: int, seed: int) -> np.ndarray:
    """Maps in Cohen's d that know nothing of expression; (map, region)."""
    rng = np.random.default_rng([seed, 5])
    values, vectors = np.linalg.eigh(nv.GMRF(graph, "icar").covariance().numpy())
    smooth = rng.standard_normal((count, len(values))) @ (vectors * np.sqrt(values.clip(min=0))).T
    return -0.2 + 0.08 * smooth + 0.02 * rng.standard_normal(smooth.shape)


def kinds_of_maps(graph: nv.RegionGraph, count: int, seed: int) -> dict[str, np.ndarray]:
    """Smooth maps of other kinds, each with a quarter as much white noise; name to (map, region)."""
    folded = np.column_stack([np.abs(graph.centroids[:, 0]), graph.centroids[:, 1:]])
    distance = np.linalg.norm(folded[:, None] - folded, axis=-1)
    same = np.equal.outer(graph.hemispheres, graph.hemispheres)
    apart, near = nv.RegionGraph.dk68(homologues=False), nv.RegionGraph.dk68(weights="distance")
    covariance = {
        "ICAR": nv.GMRF(graph, "icar").covariance().numpy(),
        "ICAR, hemispheres apart": nv.GMRF(apart, "icar").covariance().numpy(),
        "ICAR, edges weighted by distance": nv.GMRF(near, "icar").covariance().numpy(),
        "Leroux, rho 0.9": nv.GMRF(graph, "leroux", rho=0.9).covariance().numpy(),
        "BYM2, phi 0.5": nv.GMRF(graph, "bym2", phi=0.5).covariance().numpy(),
    }
    covariance |= {  # homologues correlate by 0.8
        f"exp(-distance / {mm} mm)": np.where(same, 1.0, 0.8) * np.exp(-distance / mm) for mm in (30, 60)
    }
    made = {}
    for name, matrix in covariance.items():
        rng = np.random.default_rng([seed, 9])
        values, vectors = np.linalg.eigh(matrix)
        smooth = rng.standard_normal((count, len(values))) @ (vectors * np.sqrt(values.clip(min=0))).T
        made[name] = -0.2 + 0.08 * smooth + 0.02 * rng.standard_normal(smooth.shape)
    return made


def gene_sets(study: nv.Study, count: int, seed: int) -> dict[str, list[str]]:
    """Co-expressed and random sets, of the same sizes in turn."""
    rng, genes = np.random.default_rng([seed, 6]), np.array(study.genes)
    standard = standard_expression(study)
    sets = {}
    for one in range(count):
        size = int(rng.integers(15, 101))
        near = np.argsort(-(standard.T @ standard[:, rng.integers(len(genes))]), kind="stable")[: 2 * size]
        sets[f"co-expressed {one}"] = list(genes[rng.permutation(near)[:size]])
        sets[f"random {one}"] = list(rng.choice(genes, size, replace=False))
    return sets


def two_sided(score: np.ndarray, null: np.ndarray) -> np.ndarray:
    """P of scores (set,) among null scores (null, set)."""
    above, below = ((1 + side.sum(0)) / (1 + len(null)) for side in (null >= score, null <= score))
    return np.minimum(1.0, 2 * np.minimum(above, below))


class FixedSets:
    """The sets of the study, with random sets that are drawn once for all maps."""

    def __init__(self, study: nv.Study, sets: dict[str, list[str]], nulls: int, seed: int) -> None:
        self.placed = place_sets(sets, study.genes, minimum=1, maximum=10**6)
        measured, rng = study.expression_observed, np.random.default_rng([seed, 7])
        unit = (standard_expression(study)[measured] / np.sqrt(measured.sum())).T
        self.matched = [matched_sets(unit, own, number=nulls, rng=rng) for own in self.placed.members]
        self.permuted = [
            np.argpartition(rng.random((nulls, len(unit))), own.sum(), axis=1)[:, : own.sum()]
            for own in self.placed.members
        ]
        own = [
            ((unit[row].sum(0) ** 2).sum() - row.sum()) / (row.sum() * (row.sum() - 1)) for row in self.placed.members
        ]
        missed = np.array([abs(reached.mean() - goal) for (_, reached), goal in zip(self.matched, own, strict=True)])
        print(
            f"mean co-expression of the sets {np.round(np.quantile(own, [0, 0.5, 1]), 2)} (least, median, most); ",
            end="",
        )
        print(f"of the matched sets it is off by {missed.max():.3f} at most")

    def p(self, weights: np.ndarray, kind: str) -> np.ndarray:
        """P of each set by random sets: "coexpression" or "permutation"."""
        random = [one for one, _ in self.matched] if kind == "coexpression" else self.permuted
        total, count = weights.sum(), len(weights)
        sums = np.stack([weights[one].sum(1) for one in random], 1)
        size = np.array([one.shape[1] for one in random])
        return two_sided(self.placed.means(weights), sums / size - (total - sums) / (count - size))


def refitted(fit: nv.Fit, fixed: FixedSets, method: str, nulls: int, seed: int) -> np.ndarray:
    """P of each set where every null map is fitted as the map was (`nv.nulls`' quick fits)."""
    settings, programs = null_fit_settings(fit, draws=100, map_steps=60)
    made = nv.make_null_maps(fit.study.thinning[0], fit.study.graph, method=method, number=nulls, seed=seed)
    every = np.concatenate([fit.study.thinning, made])[:, None]
    weight = [
        fit_null_maps(fit.study, settings, every[i : i + 100], programs)["weight"][:, 0]
        for i in range(0, len(every), 100)
    ]
    scores = fixed.placed.means(np.concatenate(weight).astype(float))
    return two_sided(scores[0], scores[1:])


def report(name: str, p: np.ndarray, kinds: np.ndarray, seed: int) -> None:
    """Print the rates of one null; p is (map, set)."""
    rng = np.random.default_rng([seed, 8])
    cells = []
    for kind in KINDS:
        rejected = (p[:, kinds == kind] <= LEVEL + 1e-9).mean(1)
        again = rejected[rng.integers(len(rejected), size=(2000, len(rejected)))].mean(1)
        low, high = np.quantile(again, [0.025, 0.975])
        cells.append(f"{rejected.mean():.3f} | {low:.3f} to {high:.3f}")
    print(f"| {name} | {' | '.join(cells)} |")


def by_kind(fit: nv.Fit, given: argparse.Namespace) -> None:
    """Print rates of the spatial nulls on several kinds of smooth maps, all through one fit's smoother."""
    study, smoother = fit.study, transcriptomic_smoother(fit, 0)
    placed = place_sets(gene_sets(study, given.sets, given.seed), study.genes, minimum=1, maximum=10**6)
    standard = standard_expression(study) / study.expression_observed.sum()
    score = placed.means((standard.T @ smoother).T)  # (region, set): scores are linear in the map
    tight = np.array([name.startswith(KINDS[0]) for name in placed.names])
    print(
        f"{given.maps} maps of each kind, {given.nulls} null maps, seed {given.seed}: rejected at 0.05 among ", end=""
    )
    print("co-expressed / random sets\n")
    print(f"| maps | {' | '.join(given.methods)} |\n|---|{'---|' * len(given.methods)}")
    for kind, maps in kinds_of_maps(study.graph, given.maps, given.seed).items():
        cells = []
        for method in given.methods:
            p = []
            for run, one in enumerate(maps):
                made = nv.make_null_maps(one, study.graph, method=method, number=given.nulls, seed=run)
                p.append(two_sided(one @ score, made @ score))
            rejected = np.array(p) <= LEVEL + 1e-9
            cells.append(f"{rejected[:, tight].mean():.3f} / {rejected[:, ~tight].mean():.3f}")
        print(f"| {kind} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--maps", type=int, default=200)
    parser.add_argument("--nulls", type=int, default=199)
    parser.add_argument("--sets", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--draws", type=int, default=300)
    parser.add_argument("--refits", type=int, default=0)
    parser.add_argument("--methods", nargs="+", default=["laplacian", "moran"])
    parser.add_argument("--simulated", action="store_true")
    parser.add_argument("--kinds", action="store_true")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    started = time.perf_counter()
    if given.simulated:
        study = nv.simulate(given.seed)
    else:
        study = nv.Study.from_files(DATA / PANEL, [DATA / "thickness" / "enigma_scz.csv"])
    if given.kinds:
        by_kind(nv.fit(study, seed=given.seed), given)
        return
    sets = gene_sets(study, given.sets, given.seed)
    fixed = FixedSets(study, sets, given.nulls, given.seed)
    first = nv.fit(study, seed=given.seed)
    spatial = [f"spatial, {method}" for method in given.methods]
    found: dict[str, list[np.ndarray]] = {
        name: [] for name in ("permutation", "coexpression", *spatial, "both", "refits")
    }
    for run, values in enumerate(smooth_maps(study.graph, given.maps, given.seed)):
        own = study.with_thinning(values, np.full(len(values), 0.06))
        fit = nv.fit(own, seed=given.seed, draws=given.draws, programs=first)
        for name, method in zip(spatial, given.methods, strict=True):
            options = {"n": given.nulls, "seed": run, "method": method, "minimum": 1, "maximum": 10**6}
            table = enrichment(fit, sets, **options).set_index("set")
            found[name].append(table.loc[list(fixed.placed.names), "p"].to_numpy())
        weights = inferencedata.group(fit.idata, "posterior")["gene_weight"].values[:, :, 0].mean((0, 1), dtype=float)
        for kind in ("permutation", "coexpression"):
            found[kind].append(fixed.p(weights, kind))
        found["both"].append(np.maximum(found[spatial[0]][-1], found["coexpression"][-1]))
        if run < given.refits:
            found["refits"].append(refitted(fit, fixed, given.methods[0], given.nulls, run))
    kinds = np.array([name.rsplit(" ", 1)[0] for name in fixed.placed.names])
    panel = "simulated, 910 genes" if given.simulated else f"{PANEL}, {len(study.genes)} genes"
    print(f"{given.maps} smooth maps unrelated to expression ({panel}); {given.sets} sets of each kind, ", end="")
    print(f"seed {given.seed}, {given.nulls} null maps or sets; {time.perf_counter() - started:.0f} s\n")
    print("| null | co-expressed sets | 95% interval | random sets | 95% interval |\n|---|---|---|---|---|")
    for name in ("permutation", "coexpression", *spatial, "both"):
        report(name, np.array(found[name]), kinds, given.seed)
    if given.refits:
        report(f"spatial, null maps refitted ({given.refits} maps)", np.array(found["refits"]), kinds, given.seed)
        report(f"spatial, the same {given.refits} maps", np.array(found[spatial[0]][: given.refits]), kinds, given.seed)
        r = spearmanr(np.ravel(found["refits"]), np.ravel(found[spatial[0]][: given.refits])).statistic
        print(f"\nSpearman of p by refits and by the linear null weights: {r:.3f}")


if __name__ == "__main__":
    main()
