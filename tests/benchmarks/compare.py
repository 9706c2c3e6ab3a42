"""Held-out scores of every model on the public maps, on the folds that the peers' table was made with.

    python tests/benchmarks/compare.py [--models NAME ...] [--normalise gene|region|none] [--set NAME=VALUE ...]

Reads the public data from the folder that PYRO_NEUROVAE_DATA names, ../shared/data by default. Each entry is R2 / mean
log predictive density of a region / coverage of the 90% interval, averaged over two ways of folding (10 folds of
homologue pairs, 7 bilateral spatial blocks). Expression is the panel stable across donors (r > 0.6), normalised per
region unless --normalise says otherwise. The last row is the mean of the others.
"""

from __future__ import annotations

import argparse
import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

import pyro_neurovae as nv
from pyro_neurovae.models.options import parse_options

DATA = Path(os.environ.get("PYRO_NEUROVAE_DATA", "../shared/data"))
MAPS = {
    "pd": "enigma_pd.txt",
    "scz": "enigma_scz.csv",
    "bd_adult": "enigma_bd_adult.csv",
    "mdd_adult": "enigma_mdd_adult.csv",
    "tle_right": "enigma_tle_right.csv",
}
SCHEMES, SEEDS = ("pairs", "blocks"), (0, 1)
MODELS = ("cross-scale", "structural", "expression", "ridge", "pls", "neighbours")


def read_folds(study: nv.Study, scheme: str, seed: int) -> np.ndarray:
    """Fold of every region, in the study's order."""
    table = pd.read_csv(DATA / f"folds/{scheme}_{seed}.csv").set_index("region")["fold"]
    return table.loc[list(study.regions)].to_numpy()


def entry(scores: pd.DataFrame) -> str:
    """Scores of one model and scheme, averaged over ways of folding."""
    mean = scores[["r2", "elpd", "coverage90"]].mean()
    return f"{mean['r2']:.3f} / {mean['elpd']:.3f} / {mean['coverage90']:.2f}"


def main() -> None:
    """Print the table, row by row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--maps", nargs="+", default=list(MAPS))
    parser.add_argument("--normalise", choices=("gene", "region", "none"), default="region")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", nargs="*", help="settings of every model, NAME=VALUE", default=[])
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    options = parse_options(given.set)
    models = {name: {"model": name, "normalise": given.normalise} | options for name in given.models}
    every: list[pd.DataFrame] = []
    print("| map | folds |", " | ".join(models), "|")
    print("|---|---|" + "---|" * len(models), flush=True)
    for name in given.maps:
        study = nv.Study.from_files(DATA / "expression/ahba_dk68_stable0.6.csv.gz", [DATA / "thickness" / MAPS[name]])
        ways = [read_folds(study, scheme, seed) for scheme in SCHEMES for seed in SEEDS]
        scores = nv.validate(study, models, folds=ways, seed=given.seed).scores
        every.append(scores)
        for i, scheme in enumerate(SCHEMES):
            own = scores[scores["repeat"] // len(SEEDS) == i]
            cells = [entry(own[own["model"] == model]) for model in models]
            print(f"| {name} | {scheme} |", " | ".join(cells), "|", flush=True)
    whole = pd.concat(every)
    print("| mean | |", " | ".join(entry(whole[whole["model"] == model]) for model in models), "|")


if __name__ == "__main__":
    main()
