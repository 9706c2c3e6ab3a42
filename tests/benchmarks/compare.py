"""Held-out scores of every model on the public maps, on the folds that the peers' table was made with.

    python tests/benchmarks/compare.py [--models cross-scale paper ...] [--maps pd scz ...]

Reads the public data from the folder that PYRO_NEUROVAE_DATA names, ../shared/data by default. Each entry is R2 / mean
log predictive density of a region / coverage of the 90% interval, averaged over two seeds of folds (10 folds of
homologue pairs, 7 bilateral spatial blocks). Expression is the panel stable across donors (r > 0.6), normalised per
gene, for ``paper`` per region as the paper does.
"""

from __future__ import annotations

import argparse
import os
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

import pyro_neurovae as nv
from pyro_neurovae.inference.held_out import HeldOut, predict_held_out
from pyro_neurovae.scores import coverage, r_squared
from pyro_neurovae.settings import fit_settings

DATA = Path(os.environ.get("PYRO_NEUROVAE_DATA", "../shared/data"))
MAPS = {
    "pd": "enigma_pd.txt",
    "scz": "enigma_scz.csv",
    "bd_adult": "enigma_bd_adult.csv",
    "mdd_adult": "enigma_mdd_adult.csv",
    "tle_right": "enigma_tle_right.csv",
}
SCHEMES, SEEDS = ("pairs", "blocks"), (0, 1)
MODELS = ("cross-scale", "expression", "spatial", "paper")


def read_folds(study: nv.Study, scheme: str, seed: int) -> np.ndarray:
    """Fold of every region, in the study's order."""
    table = pd.read_csv(DATA / f"folds/{scheme}_{seed}.csv").set_index("region")["fold"]
    return table.loc[list(study.regions)].to_numpy()


def entry(study: nv.Study, found: list[HeldOut]) -> str:
    """Scores of one scheme, averaged over its seeds."""
    observed = study.thinning[0]
    scores = [
        (
            r_squared(observed, one.mean[0]),
            np.nanmean(one.log_density),
            coverage(observed, one.lower90[0], one.upper90[0]),
        )
        for one in found
    ]
    r2, elpd, held = np.mean(scores, axis=0)
    return f"{r2:.3f} / {elpd:.3f} / {held:.2f}"


def main() -> None:
    """Print the table, row by row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--maps", nargs="+", default=list(MAPS))
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| map | folds |", " | ".join(given.models), "|")
    print("|---|---|" + "---|" * len(given.models), flush=True)
    for name in given.maps:
        study = nv.Study.from_files(DATA / "expression/ahba_dk68_stable0.6.csv.gz", [DATA / "thickness" / MAPS[name]])
        folds = [read_folds(study, scheme, seed) for scheme in SCHEMES for seed in SEEDS]
        cells = []
        for model in given.models:
            shown = replace(study, normalise="region" if model == "paper" else "gene")
            found = predict_held_out(shown, fit_settings(model), folds)
            cells.append([entry(study, found[i : i + len(SEEDS)]) for i in range(0, len(found), len(SEEDS))])
        for i, scheme in enumerate(SCHEMES):
            print(f"| {name} | {scheme} |", " | ".join(column[i] for column in cells), "|", flush=True)


if __name__ == "__main__":
    main()
