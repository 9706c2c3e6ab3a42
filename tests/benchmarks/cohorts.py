"""The contrast on simulated cohorts of 926 controls and 426 cases: bias, coverage, and the worth of the covariance.

    python tests/benchmarks/cohorts.py --cohorts 500
    python tests/benchmarks/cohorts.py --studies 40
    python tests/benchmarks/cohorts.py --timing

The first compares, over cohorts with the same planted effects, errors correlated 0.5 across regions and cases 2.5 years
older, the estimates of d with the truth. The second fits `cross-scale` to the contrast of cohorts whose effects come
from simulated studies, once with the squared standard errors alone and once with the full sampling covariance.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

import pyro_neurovae as nv

GROUPS = {"group": "diagnosis", "case": "AD", "control": "CN"}
COVARIATES = ["age", "sex", "icv"]
LEVELS = (50, 90, 95)


def recovery(number: int) -> None:
    """Print bias and 95% coverage of d over many cohorts with one set of planted effects."""
    effect = np.random.default_rng(0).normal(-0.2, 0.15, 68)
    choices = {
        "unadjusted": {"covariates": []},
        "adjusted, hc3": {"covariates": COVARIATES},
        "adjusted, classical": {"covariates": COVARIATES, "errors": "classical"},
        "inverse-frequency, hc3": {"covariates": COVARIATES, "weights": "inverse-frequency"},
        "overlap, hc3": {"covariates": COVARIATES, "weights": "overlap"},
    }
    print("| contrast | mean bias of d | largest bias of a region | 95% intervals hold | se of that |")
    print("|---|---|---|---|---|")
    for name, options in choices.items():
        errors, held = [], []
        for seed in range(number):
            cohort = nv.simulate_cohort(seed, effect=effect)
            table = nv.contrast(cohort.subjects, **GROUPS, **options).map
            errors.append(table["d"].to_numpy() - effect)
            held.append(((table["lower95"] <= effect) & (effect <= table["upper95"])).mean())
        bias = np.mean(errors, axis=0)
        told = f"{bias.mean():+.4f} | {np.abs(bias).max():.4f} | {100 * np.mean(held):.1f}%"
        print(f"| {name} | {told} | {100 * np.std(held) / np.sqrt(number):.1f} |", flush=True)


def covariance(number: int) -> None:
    """Print how often intervals of regions hold the truth with and without the errors' covariance."""
    held: dict[str, list[list[float]]] = {"standard errors": [], "full covariance": []}
    level: dict[str, list[float]] = {"standard errors": [], "full covariance": []}
    for seed in range(number):
        study = nv.simulate(seed, unexplained_scale=0.0)
        truth = (study.truth or {})["thinning"][0]
        found = nv.contrast(nv.simulate_cohort(seed, effect=truth).subjects, **GROUPS, covariates=COVARIATES)
        for name, joint in (("standard errors", None), ("full covariance", found.covariance.to_numpy()[None])):
            data = study.with_thinning(found.map["d"].to_numpy(), found.map["se"].to_numpy(), covariance=joint)
            table = nv.fit(data, seed=seed, draws=500).regions()
            inside = [((table[f"lower{at}"] <= truth) & (truth <= table[f"upper{at}"])).mean() for at in LEVELS]
            held[name].append([float(one) for one in inside])
            level[name].append(float(np.abs(table["mean"] - truth).mean()))
    print("| likelihood | 50% | 90% | 95% | se of the 90% column | mean absolute error of a region's mean |")
    print("|---|---|---|---|---|---|")
    for name, rows in held.items():
        shares = " | ".join(f"{100 * one:.1f}" for one in np.mean(rows, axis=0))
        spread = 100 * np.std([row[1] for row in rows]) / np.sqrt(number)
        print(f"| {name} | {shares} | {spread:.1f} | {np.mean(level[name]):.3f} |")


def timing() -> None:
    """Print how long a contrast of 1,352 subjects takes, without and with 2,000 replicates."""
    cohort = nv.simulate_cohort(0)
    for replicates in (0, 2000):
        for weights in ("none", "overlap"):
            took = []
            for _ in range(3):
                start = time.perf_counter()
                nv.contrast(cohort.subjects, **GROUPS, covariates=COVARIATES, weights=weights, bootstrap=replicates)
                took.append(time.perf_counter() - start)
            print(f"weights {weights}, {replicates} replicates: {np.median(took):.2f} s")


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohorts", type=int, default=0)
    parser.add_argument("--studies", type=int, default=0)
    parser.add_argument("--timing", action="store_true")
    given = parser.parse_args()
    if given.cohorts:
        recovery(given.cohorts)
    if given.studies:
        covariance(given.studies)
    if given.timing:
        timing()


if __name__ == "__main__":
    main()
