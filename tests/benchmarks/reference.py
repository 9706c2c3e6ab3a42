"""Hold the trained guide of `cross-scale` against NUTS on public maps and a simulated study.

    python tests/benchmarks/reference.py [--maps pd scz simulated] [--warm-up 500] [--draws 1000]

Reads the public data from the folder that PYRO_NEUROVAE_DATA names, ../shared/data by default. Takes minutes a map. For
each map: R-hat and effective draws of the reference over regions, and the guide's region means (in the reference's sd),
sd ratios, ends of the 90% interval and variance shares against it.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from pathlib import Path

import arviz as az
import numpy as np

import pyro_neurovae as nv

DATA = Path(os.environ.get("PYRO_NEUROVAE_DATA", "../shared/data"))
MAPS = {"pd": "enigma_pd.txt", "scz": "enigma_scz.csv"}


def study_of(name: str) -> nv.Study:
    """A public map with the stable panel, or a simulated study."""
    if name == "simulated":
        return nv.simulate(0)
    return nv.Study.from_files(DATA / "expression/ahba_dk68_stable0.6.csv.gz", DATA / "thickness" / MAPS[name])


def flat(fit: nv.Fit, name: str) -> np.ndarray:
    """Draws of a variable of the only map; (draw, ...)."""
    values = fit.idata.posterior[name].values[:, :, 0]
    return values.reshape(-1, *values.shape[2:])


def main() -> None:
    """Print one block a map."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--maps", nargs="+", default=[*MAPS, "simulated"])
    parser.add_argument("--warm-up", type=int, default=500)
    parser.add_argument("--draws", type=int, default=1000)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    for name in given.maps:
        study, start = study_of(name), time.perf_counter()
        reference = nv.fit(study, method="nuts", warm_up=given.warm_up, draws=given.draws)
        elapsed = time.perf_counter() - start
        guided = nv.fit(study, draws=4000)
        rhat = az.rhat(reference.idata.posterior[["thinning"]])["thinning"].values
        ess = az.ess(reference.idata.posterior[["thinning"]])["thinning"].values
        one, other = flat(guided, "thinning"), flat(reference, "thinning")
        sd = other.std(0)
        difference, ratio = np.abs(one.mean(0) - other.mean(0)) / sd, one.std(0) / sd
        ends = np.abs(np.quantile(one, [0.05, 0.95], axis=0) - np.quantile(other, [0.05, 0.95], axis=0)) / sd
        shares = [flat(fit, "variance_share").mean(0) for fit in (guided, reference)]
        measured = study.expression_observed
        print(f"{name}: NUTS 4 x {given.draws} draws in {elapsed:.0f} s")
        print(f"  reference: R-hat up to {rhat.max():.3f} (median {np.median(rhat):.3f}), ESS from {ess.min():.0f}")
        print(f"  mean, in sd: rms {np.sqrt((difference**2).mean()):.3f}, largest {difference.max():.3f}, ", end="")
        print(f"where expression is measured {difference[measured].max():.3f}")
        print(f"  sd ratio {ratio.min():.3f} to {ratio.max():.3f}; ends of 90% intervals, in sd: {ends.max():.3f}")
        print(f"  variance shares: {shares[0].round(3)} against {shares[1].round(3)}", flush=True)


if __name__ == "__main__":
    main()
