"""How many true values the intervals of `pyro-neurovae demo` cover, over many seeds; writes demo.md.

    python tests/benchmarks/demo.py [--studies 100] [--workers 2]

Study and fit i have seed i, as `pyro-neurovae demo --seed i` has them. What a single study covers varies: its 68
regions share programs and errors, so that they miss together.
"""

from __future__ import annotations

import argparse
import datetime
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from calibration import quiet

import pyro_neurovae as nv

PAGE = Path(__file__).with_name("demo.md")


def covered(seed: int) -> float:
    """Share of the true effects that the 90% intervals cover."""
    quiet()
    study = nv.simulate(seed)
    regions, truth = nv.fit(study, seed=seed).regions(), study.truth["thinning"].ravel()
    return float(((regions["lower90"] <= truth) & (truth <= regions["upper90"])).mean())


def main() -> None:
    """Fit the studies and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=PAGE)
    given = parser.parse_args()
    with ProcessPoolExecutor(given.workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        shares = 100 * np.array(list(pool.map(covered, range(given.studies))))
    lower, upper = np.quantile(shares, [0.05, 0.95])
    today = datetime.datetime.now(tz=datetime.UTC).date()
    lines = [
        "# Coverage of the demo over studies",
        "",
        f"`python tests/benchmarks/demo.py --studies {given.studies}`, {today}, version {nv.__version__}.",
        "",
        "True effects that 90% intervals cover, in percent of a study's 68 regions, seeds 0 and on.",
        "",
        "| studies | mean | nine in ten from | to | least | most | seed 0 |",
        "|---|---|---|---|---|---|---|",
        f"| {given.studies} | {shares.mean():.1f} | "
        + " | ".join(f"{one:.0f}" for one in (lower, upper, shares.min(), shares.max(), shares[0]))
        + " |",
        "",
    ]
    given.out.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
