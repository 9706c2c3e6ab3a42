"""Maps of vertices: seconds and memory from 68 regions to 20,484 vertices, and whether resolutions agree.

    PYRO_NEUROVAE_DATA=FOLDER python tests/benchmarks/vertices.py [--draws 500] [--repeats 3] [--nulls 100]
    python tests/benchmarks/vertices.py --coverage 40

The map is the t of grey-matter volume in late-onset Alzheimer's disease on fsaverage5 (scales/load_vbm_fsaverage5.npz),
or its first vertices, which are fsaverage4's and fsaverage3's; expression is that of the 68 Desikan-Killiany regions
throughout. Each row is run in processes of its own: the median of the seconds of the fit and of the draws at vertices
with their table, and the largest peak of memory. Effects are averaged over Desikan-Killiany regions by vertices
(`aggregate`) and compared with those of the fit at 68 regions.

Coverage is of simulated studies on 200 patches (`nv.simulate`, seeds from 0) with a map of fsaverage4's vertices:
detail of 15 mm, of which a share that is uniform over studies is effect. It needs no data.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

import pyro_neurovae as nv
from pyro_neurovae.atlases.vertices import at_vertices, vertex_parcels
from pyro_neurovae.graphs.surface_field import Detail, cortical_field, interpolation
from pyro_neurovae.studies.vertices import Vertices

FOLDER = Path(os.environ.get("PYRO_NEUROVAE_DATA", "."))
LEVELS, DETAIL = (50, 90, 95), 0.14
SIZES = {"fsaverage3": 642, "fsaverage4": 2_562, "fsaverage5": 10_242}
ROWS = (
    ("fsaverage5", "dk68", False),
    ("fsaverage5", "schaefer400", False),
    ("fsaverage3", "cortex200", True),
    ("fsaverage4", "cortex400", True),
    ("fsaverage5", "cortex200", True),
    ("fsaverage5", "cortex400", True),
)


class Run(NamedTuple):
    """What one fit took, in seconds and gigabytes, and what it says of regions, shares and programs."""

    nodes: int
    fit: float
    vertices: float
    memory: float
    effects: pd.DataFrame
    share: tuple[float, float, float]
    scores: pd.DataFrame
    nulls: float = float("nan")
    p: float = float("nan")


def run(surface: str, graph: str, fine: bool, draws: int, nulls: int = 0) -> Run:
    """Fit one row."""
    warnings.simplefilter("ignore")
    study = study_of(surface, graph)
    begun = time.perf_counter()
    fit = nv.fit(study, seed=0, draws=draws, progress=False)
    fitted = time.perf_counter()
    if fine:
        fit.vertices()
    told = time.perf_counter()
    effects = fit.regions() if graph == "dk68" else nv.aggregate(fit, "dk68")
    variance = fit.variance().set_index("source").loc["transcriptomic"]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    seconds, p = (float("nan"),) * 2
    if nulls:
        started = time.perf_counter()
        found = nv.nulls(fit, number=nulls, seed=0, progress=False)
        seconds, p = time.perf_counter() - started, float(found.summary["p"].iloc[0])
    programs = fit.programs()
    return Run(
        nodes=2 * SIZES[surface] if fine else study.n_regions,
        fit=fitted - begun,
        vertices=told - fitted if fine else 0.0,
        memory=memory,
        effects=effects.set_index("region")[["mean", "sd", "lower95", "upper95"]],
        share=(variance["mean"], variance["lower90"], variance["upper90"]),
        scores=programs[programs["quantity"] == "score"].pivot_table("mean", "name", "program"),
        nulls=seconds,
        p=p,
    )


def study_of(surface: str, graph: str) -> nv.Study:
    """The map on the vertices of a surface, read onto a graph."""
    with np.load(FOLDER / "scales" / "load_vbm_fsaverage5.npz") as kept:
        t = at_vertices(kept["t"].astype(float), SIZES[surface])
    expression = FOLDER / "expression" / "ahba_dk68_stable0.6.csv.gz"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "load_vbm.npz"
        np.savez(path, t=t)
        return nv.Study.from_files(expression, path, graph=graph, expression_graph="dk68")


def covered(seed: int) -> list[float]:
    """Share of vertices, and of regions, whose 50, 90 and 95% intervals hold what was drawn."""
    warnings.simplefilter("ignore")
    study, rng = nv.simulate(seed, graph=nv.RegionGraph.cortex(200), genes=200), np.random.default_rng([seed, 3])
    parcel = at_vertices(vertex_parcels(study.regions), SIZES["fsaverage4"])
    field, cortex = cortical_field(SIZES["fsaverage4"], 15.0)
    detail = Detail(field, parcel[cortex], interpolation(field, parcel[cortex]))
    share, drawn = rng.random(), DETAIL * detail.draw(rng.standard_normal((int(cortex.sum()), 2))).T
    fine, error = np.sqrt(share) * drawn[0], np.sqrt(1 - share) * drawn[1]
    truth = detail.joined @ study.truth["thinning"][0] + fine
    values = np.full(len(parcel), np.nan)
    values[cortex] = np.where(parcel[cortex] >= 0, detail.joined @ study.thinning[0] + fine + error, np.nan)
    errors = np.where(np.isnan(values), np.nan, 2 * DETAIL)
    vertices = Vertices("fsaverage4", parcel, values[None], errors[None])
    fit = nv.fit(replace(study, vertices=vertices), seed=seed, draws=300, progress=False)
    measured = vertices.measured(0)
    below = (fit.vertex_draws()[:, measured] < truth[measured[cortex]]).mean(0)
    of_regions = (fit.posterior.draws("thinning")[:, 0] < study.truth["thinning"][0]).mean(0)
    return [float((np.abs(one - 0.5) <= level / 200).mean()) for one in (below, of_regions) for level in LEVELS]


def alone(*task: object) -> Run:
    """Run in a process that has run nothing else."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(run, *task).result()  # type: ignore[arg-type]


def main() -> None:
    """Print a table, a row a resolution."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--nulls", type=int, default=100, help="null maps of the last row; 0 for none")
    parser.add_argument("--coverage", type=int, help="number of simulated studies, in place of the table")
    given = parser.parse_args()
    if given.coverage:
        held = np.array([covered(seed) for seed in range(given.coverage)])
        for name, own in (("vertices", held[:, :3]), ("regions", held[:, 3:])):
            told = ", ".join(
                f"{level}%: {100 * share:.1f} ({100 * se:.1f})"
                for level, share, se in zip(LEVELS, own.mean(0), own.std(0) / np.sqrt(len(own)), strict=True)
            )
            print(f"{name}: {told}")
        return
    print(
        "| surface | graph | nodes | fit (s) | vertices (s) | peak (GB) | transcriptomic share | r of effects | "
        "within 95% | rms / sd | r of programs |"
    )
    print("|---" * 11 + "|")
    reference: Run | None = None
    for number, (surface, graph, fine) in enumerate(ROWS):
        nulls = given.nulls if number == len(ROWS) - 1 else 0
        runs = [alone(surface, graph, fine, given.draws, nulls if not k else 0) for k in range(given.repeats)]
        first = runs[0]
        reference = reference or first
        both = first.effects.join(reference.effects, rsuffix="_68", how="inner")
        apart = (both["mean"] - both["mean_68"]) / np.hypot(both["sd"], both["sd_68"])
        programs = [
            abs(np.corrcoef(first.scores[name], reference.scores[name])[0, 1]) for name in list(reference.scores)[:3]
        ]
        cells = [
            surface if fine else "",
            graph,
            f"{first.nodes:,}",
            f"{np.median([one.fit for one in runs]):.1f}",
            f"{np.median([one.vertices for one in runs]):.1f}" if fine else "",
            f"{max(one.memory for one in runs):.1f}",
            "{:.2f} [{:.2f}, {:.2f}]".format(*first.share),
            f"{np.corrcoef(both['mean'], both['mean_68'])[0, 1]:.3f}",
            f"{(apart.abs() < 1.96).mean():.2f}",
            f"{np.sqrt((apart**2).mean()):.2f}",
            ", ".join(f"{one:.2f}" for one in programs),
        ]
        print("|", " | ".join(cells), "|", flush=True)
        if nulls:
            print(f"\n{nulls} null maps of the last row: {first.nulls:.0f} s, p {first.p:.3f}.")


if __name__ == "__main__":
    main()
