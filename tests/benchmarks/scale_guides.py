"""How the guide of a map's scales is found: a network, rounds of proposals, steps of SVI; writes scale_guides.md.

    python tests/benchmarks/scale_guides.py [--nulls 4] [--draws 1000] [--seed 0]

Every public map, and as many Moran null maps of each, is fitted as a further map (programs lent): from the network that
ships with the package, with rounds of adaptive importance sampling until enough proposals count (the default); with
one round after the network; with rounds that begin at the prior; with 200 steps of SVI (as in version 0.1). The
reference is a fit of 64 proposals a draw. Columns are processor seconds of a fit; Pareto k of the scales, its mean and
how often it is above 0.7; effective draws of the programs over all; the root mean square difference of region means
from the reference's in its standard deviations (a thousand exact draws would be off by .03), and the mean ratio of
standard deviations. Reads the folder that PYRO_NEUROVAE_DATA names, ../shared/data by default.
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

import pyro_neurovae as nv

WAYS: dict[str, dict[str, Any]] = {
    "network, then rounds": {},
    "network, then one round": {"map_rounds": 1},
    "rounds from the prior": {"map_network": "none"},
    "SVI, 200 steps": {"map_network": "none", "map_rounds": 0, "map_steps": 200},
}
REFERENCE = {"map_network": "none", "proposals": 64, "map_rounds": 8}
PAGE = Path(__file__).with_suffix(".md")


def effects(fit: nv.Fit) -> tuple[np.ndarray, np.ndarray]:
    """Means and standard deviations of the effects; (region,) each."""
    draws = fit.posterior.draws("thinning", 0)
    return draws.mean(0), draws.std(0)


def compare_ways(study: nv.Study, lent: nv.Fit, draws: int, seed: int) -> list[dict[str, Any]]:
    """Fit one map in every way: a row a way."""
    mean, sd = effects(nv.fit(study, seed=seed + 1, draws=draws, programs=lent, **REFERENCE))
    rows = []
    for way, options in WAYS.items():
        began = time.process_time()
        fit = nv.fit(study, seed=seed, draws=draws, programs=lent, **options)
        seconds = time.process_time() - began
        found = effects(fit)
        stats = fit.idata.sample_stats
        rows.append(
            {
                "way": way,
                "seconds": seconds,
                "k": float(stats["importance_k"].values.max()),
                "effective": float(stats["programs_ess"].values.mean()) / draws,
                "means off by": float(np.sqrt(np.mean(((found[0] - mean) / sd) ** 2))),
                "ratio of sds": float((found[1] / sd).mean()),
            }
        )
    return rows


def main() -> None:
    """Write the table, and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nulls", type=int, default=4)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    rows: list[dict[str, Any]] = []
    lent: nv.Fit | None = None
    for name in MAPS.values():
        study = nv.Study.from_files(EXPRESSION, DATA / "thickness" / name)
        if lent is None:
            lent = nv.fit(study, seed=given.seed, draws=given.draws)
        made = nv.make_null_maps(study.thinning[0], study.graph, number=given.nulls, seed=given.seed)
        for values in (study.thinning[0], *made):
            one = study.with_thinning(values, study.standard_error, covariance=study.covariance)
            rows += compare_ways(one, lent, given.draws, given.seed)
    table = pd.DataFrame(rows)
    mean = table.groupby("way", sort=False).mean()
    mean.insert(2, "k above .7", table.assign(k=table["k"] > 0.7).groupby("way", sort=False)["k"].mean())
    head = f"# Guides of a map's scales\n\n`python tests/benchmarks/scale_guides.py --nulls {given.nulls}`: "
    head += f"{len(table) // len(WAYS)} maps, {given.draws} draws each, one thread of {platform.machine()}; means. The "
    head += "reference is a fit of 64 proposals a draw; a thousand exact draws would be off by .03.\n\n"
    PAGE.write_text(head + markdown(mean) + "\n")
    print(markdown(mean))


if __name__ == "__main__":
    main()
