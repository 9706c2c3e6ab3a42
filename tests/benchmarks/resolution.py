"""One map at 68, 100 and 400 parcels with expression at each: do effects, shares and held-out scores agree?

PYRO_NEUROVAE_DATA=FOLDER python tests/benchmarks/resolution.py [--draws 500] [--quick]

The map is the t of grey-matter volume in late-onset Alzheimer's disease on fsaverage5 (scales/load_vbm_fsaverage5.npz),
averaged over the vertices of each parcel, so that all resolutions see the same numbers. Of each pair of expression and
thinning it prints the shares of variance, Pareto k, seconds, how the effects, averaged over Desikan-Killiany regions by
shared vertices, go with those of the fit at 68, and the held-out log density (bilateral blocks) against the structural
baseline's.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd

import pyro_neurovae as nv
from pyro_neurovae.atlases.vertices import dk68_vertices

PAIRS = (
    ("dk68", "dk68"),
    ("schaefer100", "dk68"),
    ("schaefer400", "dk68"),
    ("dk68", "schaefer100"),
    ("schaefer100", "schaefer100"),
    ("dk68", "schaefer400"),
    ("schaefer400", "schaefer400"),
)
FOLDER = Path(os.environ.get("PYRO_NEUROVAE_DATA", "."))


def labels(atlas: str) -> np.ndarray:
    """Parcel of every fsaverage5 vertex, from 0, negative outside; (vertex,)."""
    if atlas == "dk68":
        return dk68_vertices()
    return np.loadtxt(FOLDER / "scales" / f"{atlas}_fsaverage5_labels.csv", dtype=int) - 1


def expression(atlas: str) -> pd.DataFrame:
    """Expression of the genes stable across donors, parcels by genes."""
    if atlas == "dk68":
        return nv.datasets.load("ahba_dk68_stable0.6")
    table = pd.read_csv(FOLDER / "scales" / f"ahba_{atlas}_stable0.6.csv.gz", index_col=0)
    return table.loc[list(nv.RegionGraph.schaefer(int(atlas.removeprefix("schaefer"))).names)]


def thinning(atlas: str, graph: nv.RegionGraph) -> pd.DataFrame:
    """Mean t over each parcel's vertices."""
    with np.load(FOLDER / "scales" / "load_vbm_fsaverage5.npz") as kept:
        t = kept["t"].astype(float)
    own = labels(atlas)
    return pd.DataFrame({"t": [np.nanmean(t[own == k]) for k in range(graph.n_regions)]}, index=list(graph.names))


def shared(atlas: str, parcels: int) -> np.ndarray:
    """Share of each Desikan-Killiany region's vertices in each parcel; (region, parcel)."""
    region, parcel = labels("dk68"), labels(atlas)
    both, overlap = (region >= 0) & (parcel >= 0), np.zeros((68, parcels))
    np.add.at(overlap, (region[both], parcel[both]), 1)
    return overlap / overlap.sum(1, keepdims=True)


def score(study: nv.Study) -> tuple[float, float]:
    """Held-out log density of a region less the structural baseline's, and its standard error over regions."""
    found = nv.validate(study, models=["cross-scale", "structural"], folds="blocks", repeats=1, seed=0, draws=200)
    wide = found.pointwise.pivot_table("log_density", "region", "model")
    apart = wide["cross-scale"] - wide["structural"]
    return float(apart.mean()), float(apart.std() / np.sqrt(len(apart)))


def main() -> None:
    """Print a table, a row a pair."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--quick", action="store_true", help="leave out the held-out scores")
    given = parser.parse_args()
    graphs = {"dk68": nv.RegionGraph.dk68(), **{f"schaefer{n}": nv.RegionGraph.schaefer(n) for n in (100, 400)}}
    reference: pd.DataFrame | None = None
    print(
        "| expression | thinning | transcriptomic | spatial | structural | k scales | k programs | seconds "
        "| r of effects | within 95% | rms / sd | log density over structural |"
    )
    print("|---" * 12 + "|")
    for places, regions in PAIRS:
        frames = expression(places), thinning(regions, graphs[regions])
        study = nv.Study.from_frames(*frames, graph=regions, expression_graph=places, kind="t")
        begun = time.perf_counter()
        fit = nv.fit(study, seed=0, draws=given.draws, progress=False)
        seconds = time.perf_counter() - begun
        own = fit.regions()
        reference = own if reference is None else reference
        effect = fit.posterior.draws("thinning")[:, 0] @ shared(regions, study.n_regions).T
        apart = (effect.mean(0) - reference["mean"]) / np.hypot(effect.std(0), reference["sd"])
        within = np.abs(apart) < 1.96
        variance, stats = fit.variance().set_index("source"), fit.idata["sample_stats"]
        shares = [
            "{:.2f} [{:.2f}, {:.2f}]".format(*variance.loc[part, ["mean", "lower90", "upper90"]])
            for part in ("transcriptomic", "spatial", "structural")
        ]
        held = "" if given.quick else "{:+.3f} ({:.3f})".format(*score(study))
        numbers = [
            f"{float(stats['importance_k'].max()):.2f}",
            f"{float(stats['programs_k'].max()):.2f}",
            f"{seconds:.1f}",
            f"{np.corrcoef(effect.mean(0), reference['mean'])[0, 1]:.3f}",
            f"{within.mean():.2f}",
            f"{np.sqrt((apart**2).mean()):.2f}",
        ]
        print("|", " | ".join([places, regions, *shares, *numbers, held]), "|", flush=True)


if __name__ == "__main__":
    main()
