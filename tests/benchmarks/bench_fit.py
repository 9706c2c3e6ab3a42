"""Time fits: alone, ten in one batch, with few and many genes, and one further map.

    python tests/benchmarks/bench_fit.py

Reads the public data from the folder that PYRO_NEUROVAE_DATA names, ../shared/data by default. Every figure is the
median of three runs after a warm-up, in seconds; "fit" is what `nv.fit` takes, the study in memory and the import of
torch not counted.
"""

from __future__ import annotations

import os
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import pyro_neurovae as nv
from pyro_neurovae.inference.engine import fit_model, restart_seeds
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.models.options import fit_settings

DATA = Path(os.environ.get("PYRO_NEUROVAE_DATA", "../shared/data"))
RUNS = 3


def seconds(run: Callable[[], Any]) -> float:
    """Median time of a call."""
    run()
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def row(name: str, value: float, remark: str = "") -> None:
    """Print one figure."""
    print(f"{name:<58} {value:8.2f}  {remark}", flush=True)


def replicates(study: nv.Study, seeds: tuple[int, ...]) -> tuple[float, float]:
    """Time the training and the drawing of fits with these seeds as one batch."""
    settings, data = fit_settings(), observe(study, replicates=len(seeds))
    trained = fit_model(data, settings, seeds)
    training = seconds(lambda: fit_model(data, settings, seeds))
    return training, seconds(lambda: trained.sampler.draw(settings.draws))


def main() -> None:
    """Print all figures."""
    warnings.simplefilter("ignore")
    study = nv.Study.from_files(
        DATA / "expression/ahba_dk68_stable0.6.csv.gz",
        [DATA / "thickness/enigma_pd.txt"],
    )
    other = nv.Study.from_files(
        DATA / "expression/ahba_dk68_stable0.6.csv.gz", [DATA / "thickness/enigma_scz.csv"], genes=study.genes
    )
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads; seconds, medians of {RUNS}")
    row("enigma_pd, 1645 genes, 1000 draws: fit", seconds(lambda: nv.fit(study, draws=1000)))
    one = replicates(study, (0,))
    row("  training", one[0])
    row("  drawing 1000", one[1])
    for name, seeds in (("folds (one seed)", (0,) * 10), ("restarts (ten seeds)", restart_seeds(0, 10))):
        ten = replicates(study, seeds)
        row(f"ten {name} in one batch: training", ten[0], f"{ten[0] / one[0]:.1f} times one")
        row("  drawing 10 x 1000", ten[1], f"{ten[1] / one[1]:.1f} times one")
        row("  both", sum(ten), f"{sum(ten) / sum(one):.1f} times one")
    kept = nv.fit(study)
    row("a further map with programs=: fit", seconds(lambda: nv.fit(other, programs=kept)))
    for genes in (910, 12_000):
        simulated = nv.simulate(0, genes=genes)
        data, settings = observe(simulated), fit_settings()
        row(f"{genes} simulated genes: training", seconds(lambda d=data, s=settings: fit_model(d, s, (0,))))
        row(f"{genes} simulated genes: fit", seconds(lambda s=simulated: nv.fit(s)), "tables of genes included")


if __name__ == "__main__":
    main()
