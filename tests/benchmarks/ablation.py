"""What training the programs' guide buys over its start from principal components; writes ablation.md.

    python tests/benchmarks/ablation.py [--draws 1000] [--seed 0] [--quick]

Studies: three public maps with the stable panel, a simulated study, one with 50 genes, one with a third of the regions
without expression, and one of 200 regions on a sphere. Ways: thirty steps of SVI from principal components and ten
sweeps (the default); no step and ten sweeps; no step and thirty; three hundred steps and no sweep. The reference is a
chain of 400 sweeps from each of 100 starts, which agrees with NUTS (reference.md). Printed are processor seconds of a
first fit; how far log tau, log |s| and the mean of phi are off, in standard deviations of the reference; the same of
region means, root mean square; the largest difference of variance shares; Pareto k of the scales; effective draws of
the programs over all. Reads the folder that PYRO_NEUROVAE_DATA names, ../shared/data by default.
"""

from __future__ import annotations

import argparse
import platform
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from compare import DATA, MAPS
from real_people import EXPRESSION, markdown
from reference import flat, programs

import pyro_neurovae as nv
from pyro_neurovae.inference.programs import source

WAYS: dict[str, dict[str, int]] = {
    "30 steps, 10 sweeps": {},
    "0 steps, 10 sweeps": {"steps": 0},
    "0 steps, 30 sweeps": {"steps": 0, "program_sweeps": 30},
    "300 steps, 0 sweeps": {"steps": 300, "program_sweeps": 0},
}
REFERENCE = {"steps": 30, "program_sweeps": 400}
PAGE = Path(__file__).with_suffix(".md")


def sphere(regions: int, seed: int = 0) -> nv.RegionGraph:
    """Regions evenly over a sphere, each joined with its six nearest."""
    number = np.arange(regions) + 0.5
    z, angle = 1 - 2 * number / regions, np.pi * (1 + 5**0.5) * number
    place = np.stack([np.sqrt(1 - z**2) * np.cos(angle), np.sqrt(1 - z**2) * np.sin(angle), z], 1)
    distance = np.linalg.norm(place[:, None] - place, axis=-1)
    near = distance <= np.sort(distance, 1)[:, 6:7]
    weights = (near | near.T).astype(float) * (1 - np.eye(regions))
    return nv.RegionGraph.from_adjacency(weights, [f"r{i:03d}" for i in range(regions)])


def studies(*, quick: bool) -> dict[str, nv.Study]:
    """Every study, by name."""
    names = nv.RegionGraph.dk68().names
    found = {name: nv.Study.from_files(EXPRESSION, DATA / "thickness" / MAPS[name]) for name in list(MAPS)[:3]}
    found["simulated"] = nv.simulate(0)
    found["50 genes"] = nv.simulate(1, genes=50)
    found["a third unmeasured"] = nv.simulate(2, missing_expression=names[::3])
    if not quick:
        found["200 regions"] = nv.simulate(3, genes=400, graph=sphere(200))
    return found


def apart(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Difference of means in the second's standard deviations, column by column."""
    return np.abs(first.mean(0) - second.mean(0)) / second.std(0)


def rows(name: str, study: nv.Study, draws: int, seed: int) -> list[dict[str, Any]]:
    """One study, a row a way."""
    reference = nv.fit(study, seed=seed + 1, draws=4 * draws, **REFERENCE)
    found = []
    for way, options in WAYS.items():
        source.forget()
        began = time.process_time()
        fit = nv.fit(study, seed=seed, draws=draws, **options)
        seconds = time.process_time() - began
        tau, size, phi = apart(programs(fit), programs(reference))
        effects = apart(flat(fit, "thinning"), flat(reference, "thinning"))
        shares = flat(fit, "variance_share").mean(0) - flat(reference, "variance_share").mean(0)
        stats = fit.idata.sample_stats
        found.append(
            {
                "study": name,
                "way": way,
                "seconds": seconds,
                "log tau": tau,
                "log size of s": size,
                "phi": phi,
                "effects": float(np.sqrt((effects**2).mean())),
                "shares": float(np.abs(shares).max()),
                "k": float(stats["importance_k"].values.max()),
                "effective": float(stats["programs_ess"].values.mean()) / draws,
            }
        )
    return found


def main() -> None:
    """Write the table, and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="leave out the study of 200 regions")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    nv.fit(nv.simulate(0, genes=30), draws=20)  # what is loaded the first time
    table: list[dict[str, Any]] = []
    for name, study in studies(quick=given.quick).items():
        table += rows(name, study, given.draws, given.seed)
        print(f"{name} done", flush=True)
    found = markdown(pd.DataFrame(table).set_index(["study", "way"]), 2)
    head = f"# The programs' guide\n\n`python tests/benchmarks/ablation.py`: {given.draws} draws, one thread of "
    PAGE.write_text(f"{head}{platform.machine()}.\n\n{found}\n")
    print(found)


if __name__ == "__main__":
    main()
