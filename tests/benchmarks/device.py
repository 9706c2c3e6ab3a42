"""Check a device against the processor on the public maps, and time 1, 100 and 10,000 maps on both.

    python tests/benchmarks/device.py [--device cuda] [--draws 1000] [--most 10000] [--seed 0]

Every public map is fitted on both with the same seed: random numbers are drawn on the processor, so that the two give
the same draws up to rounding. Printed are the largest difference of region means and of standard deviations, in
posterior standard deviations, and of variance shares; then seconds by the clock of a first fit, of 100 null maps and
of 10,000 on each (`nv.nulls`, which fits them as one batch). Status 1 where means differ by more than a hundredth of a
standard deviation. Reads the folder that PYRO_NEUROVAE_DATA names, ../shared/data by default.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch
from compare import DATA, MAPS
from real_people import EXPRESSION, markdown

import pyro_neurovae as nv
from pyro_neurovae.inference.programs import source

# Largest difference of means, in standard deviations, that rounding explains.
TOLERANCE = 0.01


def fitted(study: nv.Study, device: str, given: argparse.Namespace) -> nv.Fit:
    """Fit from nothing."""
    source.forget()
    return nv.fit(study, seed=given.seed, draws=given.draws, device=device)


def differences(study: nv.Study, given: argparse.Namespace) -> dict[str, float]:
    """Largest differences of one map's results between the processor and the device."""
    one, other = (fitted(study, device, given) for device in ("cpu", given.device))
    first, second = one.regions(), other.regions()
    shares = one.variance()["mean"] - other.variance()["mean"]
    return {
        "means": float(((first["mean"] - second["mean"]).abs() / first["sd"]).max()),
        "sds": float((second["sd"] / first["sd"] - 1).abs().max()),
        "shares": float(shares.abs().max()),
    }


def clocked(run: Callable[[], Any]) -> float:
    """Seconds by the clock, once the device has done what it was given."""
    start = time.perf_counter()
    run()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


def timed(study: nv.Study, device: str, given: argparse.Namespace) -> dict[str, Any]:
    """Seconds of a first fit and of null maps."""
    fitted(study, device, given)  # what is loaded and compiled the first time
    kept = fitted(study, device, given)
    row: dict[str, Any] = {"device": device, "first fit": clocked(lambda: fitted(study, device, given))}
    for number in (100, given.most):
        row[f"{number:,} maps"] = clocked(lambda number=number: nv.nulls(kept, number=number, seed=given.seed))
    return row


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--most", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    if given.device.startswith("cuda") and not torch.cuda.is_available():
        sys.exit("there is no CUDA device here; --device cpu runs the script against the processor itself.")
    studies = {name: nv.Study.from_files(EXPRESSION, DATA / "thickness" / file) for name, file in MAPS.items()}
    found = pd.DataFrame({name: differences(study, given) for name, study in studies.items()}).T
    print(markdown(found.rename_axis("map"), 5))
    times = [timed(studies[next(iter(studies))], device, given) for device in dict.fromkeys(("cpu", given.device))]
    print("\n" + markdown(pd.DataFrame(times).set_index("device")))
    sys.exit(int(np.nanmax(found["means"]) > TOLERANCE))


if __name__ == "__main__":
    main()
