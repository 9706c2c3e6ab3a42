"""Time fits and what repeats them: a first fit, further maps, folds, null maps, sensitivity, the command line.

    python tests/benchmarks/bench_fit.py [--quick] [--profile]

Reads the public data from the folder that PYRO_NEUROVAE_DATA names, ../shared/data by default. Every figure is the
median of three runs after a warm-up: processor seconds of this process on one thread, which other work on the machine
lengthens less than it does the clock, and the ratio to what the floor of any exact method takes, a Cholesky factor of
68 x 68 for each of 1000 draws. `--quick` leaves out what takes long; `--profile` prints where a first fit spends its
time in place of the table.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import platform
import pstats
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import pyro_neurovae as nv
from pyro_neurovae.inference.programs import source

DATA = Path(os.environ.get("PYRO_NEUROVAE_DATA", "../shared/data"))
EXPRESSION, PD, SCZ = DATA / "expression/ahba_dk68_stable0.6.csv.gz", DATA / "thickness/enigma_pd.txt", "enigma_scz.csv"
RUNS, DRAWS = 3, 1000


def seconds(run: Callable[[], Any], clock: Callable[[], float] = time.process_time, runs: int = RUNS) -> float:
    """Median time of a call."""
    times = []
    for number in range(runs + 1):
        start = clock()
        run()
        if number or runs == 1:
            times.append(clock() - start)
    return statistics.median(times)


def fresh(run: Callable[[], Any]) -> Callable[[], Any]:
    """The call, with nothing remembered of earlier ones."""

    def forgetful() -> Any:
        source.forget()
        return run()

    return forgetful


def floor(regions: int) -> float:
    """Seconds that so many factors of one draw each take."""
    root = torch.randn(DRAWS, regions, regions, dtype=torch.float64)
    whole = root @ root.mT + regions * torch.eye(regions, dtype=torch.float64)
    return seconds(lambda: torch.linalg.cholesky(whole))


def command_line() -> None:
    """Fit by the command line, report and all, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        given = ["--expression", str(EXPRESSION), "--thinning", str(PD), "--out", f"{folder}/out", "--quiet"]
        subprocess.run([sys.executable, "-m", "pyro_neurovae", "fit", *given], check=True)


def profile(run: Callable[[], Any]) -> None:
    """Print the functions of the package that a call spends its processor time in."""
    found = cProfile.Profile(time.process_time)
    found.runcall(run)
    pstats.Stats(found).sort_stats("cumulative").print_stats("models|inference|pyro_neurovae", 40)


def main() -> None:
    """Print all figures as a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="leave out what takes long")
    parser.add_argument("--profile", action="store_true", help="print where a first fit spends its time")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    study = nv.Study.from_files(EXPRESSION, PD)
    other = nv.Study.from_files(EXPRESSION, DATA / "thickness" / SCZ, genes=study.genes)
    first = fresh(lambda: nv.fit(study, draws=DRAWS))
    first()
    if given.profile:
        profile(first)
        return
    unit, kept = floor(study.n_regions), nv.fit(study, draws=DRAWS)
    print(f"{platform.machine()}, Python {platform.python_version()}, torch {torch.__version__}, one thread\n")
    print("| what | processor seconds | times 1000 factors |\n|---|---|---|")

    def row(name: str, run: Callable[[], Any], **how: Any) -> None:
        value = seconds(run, **how)
        print(f"| {name} | {value:.2f} | {value / unit:.0f} |", flush=True)

    print(f"| Cholesky factors of 1000 matrices of 68 x 68 | {unit:.3f} | 1 |")
    row("`nv.fit` of enigma_pd with 1645 genes, 1000 draws", first)
    row("a further map with `programs=`", lambda: nv.fit(other, programs=kept, draws=DRAWS))
    row("ten folds of pairs (`nv.validate`)", fresh(lambda: nv.validate(study, ["cross-scale"])))
    many = nv.simulate(0, genes=12_000)
    row("12,000 simulated genes", fresh(lambda: nv.fit(many)), runs=1)
    row("100 null maps of enigma_pd (`nv.nulls`)", lambda: nv.nulls(kept, number=100), runs=1)
    if given.quick:
        return
    row("1,000 null maps", lambda: nv.nulls(kept, number=1000), runs=1)
    row("`nv.sensitivity` of enigma_pd, its default grid", lambda: nv.sensitivity(kept), runs=1)
    wall = seconds(command_line, clock=time.perf_counter, runs=1)
    print(f"\n`pyro-neurovae fit` with its report: {wall:.1f} s by the clock.")


if __name__ == "__main__":
    main()
