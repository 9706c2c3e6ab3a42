"""Hold the default fit of `cross-scale` against NUTS on public maps and a simulated study; writes reference.md.

    python tests/benchmarks/reference.py [--maps pd scz adni1_ad simulated] [--warm-up 500] [--draws 1000]

Reads the public data from the folder that PYRO_NEUROVAE_DATA names, ../shared/data by default. Takes some three minutes
a map. The default fit has 4,000 draws here, as NUTS has, so that Monte Carlo error hides nothing.
"""

from __future__ import annotations

import argparse
import datetime
import os
import time
import warnings
from pathlib import Path

import arviz as az
import numpy as np

import pyro_neurovae as nv

DATA = Path(os.environ.get("PYRO_NEUROVAE_DATA", "../shared/data"))
MAPS = {"pd": "enigma_pd.txt", "scz": "enigma_scz.csv", "adni1_ad": "adni1_ad_freesurfer.csv"}
PAGE = Path(__file__).with_name("reference.md")
COLUMNS = (
    "study", "NUTS, s", "largest R-hat", "least ESS", "means: largest, rms", "sd ratio", "ends of 90%", "shares",
    "tau, total strength, mean phi: means", "their sd ratios",
)  # fmt: skip


def study_of(name: str) -> nv.Study:
    """A public map with the stable panel, or a simulated study."""
    if name == "simulated":
        return nv.simulate(0)
    return nv.Study.from_files(DATA / "expression/ahba_dk68_stable0.6.csv.gz", DATA / "thickness" / MAPS[name])


def flat(fit: nv.Fit, name: str) -> np.ndarray:
    """Draws of a variable of the only map; (draw, ...)."""
    values = fit.idata.posterior[name].values[:, :, 0]
    return values.reshape(-1, *values.shape[2:])


def programs(fit: nv.Fit) -> np.ndarray:
    """Draws of log tau, log |s| and the mean of phi, which do not depend on the programs' order; (draw, 3)."""
    posterior = fit.idata.posterior
    tau, strength = posterior["expression_noise"].values.ravel(), posterior["strength"].values
    phi = posterior["smoothness"].values.mean(-1).ravel()
    return np.stack([np.log(tau), np.log(np.linalg.norm(strength, axis=-1)).ravel(), phi], 1)


def row(name: str, warm_up: int, draws: int) -> list[str]:
    """One study, by COLUMNS."""
    study, start = study_of(name), time.perf_counter()
    reference = nv.fit(study, method="nuts", warm_up=warm_up, draws=draws)
    elapsed = time.perf_counter() - start
    given = nv.fit(study, draws=4 * draws)
    rhat = az.rhat(reference.idata.posterior[["thinning"]])["thinning"].values
    ess = az.ess(reference.idata.posterior[["thinning"]])["thinning"].values
    one, other = flat(given, "thinning"), flat(reference, "thinning")
    sd = other.std(0)
    difference, ratio = (one.mean(0) - other.mean(0)) / sd, one.std(0) / sd
    ends = np.abs(np.quantile(one, [0.05, 0.95], axis=0) - np.quantile(other, [0.05, 0.95], axis=0)) / sd
    shares = [flat(fit, "variance_share").mean(0) for fit in (given, reference)]
    ours, theirs = programs(given), programs(reference)
    of_programs = np.abs(ours.mean(0) - theirs.mean(0)) / theirs.std(0)
    return [
        name,
        f"{elapsed:.0f}",
        f"{rhat.max():.3f}",
        f"{ess.min():.0f}",
        f"{np.abs(difference).max():.3f}, {np.sqrt((difference**2).mean()):.3f}",
        f"{ratio.min():.2f} to {ratio.max():.2f}",
        f"{ends.max():.3f}",
        f"{np.abs(shares[0] - shares[1]).max():.3f}",
        ", ".join(f"{value:.2f}" for value in of_programs),
        ", ".join(f"{value:.2f}" for value in ours.std(0) / theirs.std(0)),
    ]


def main() -> None:
    """Write one row a study."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--maps", nargs="+", default=[*MAPS, "simulated"])
    parser.add_argument("--warm-up", type=int, default=500)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--out", type=Path, default=PAGE)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    today = datetime.datetime.now(tz=datetime.UTC).date()
    command = f"tests/benchmarks/reference.py --warm-up {given.warm_up} --draws {given.draws}"
    lines = [
        "# The default fit of `cross-scale` against NUTS",
        "",
        f"`python {command}`, {today}, version {nv.__version__}, seed 0, NUTS with four chains.",
        "",
        "Differences are in posterior standard deviations of NUTS: of the regions' effects, the largest over all",
        "regions; of the variance shares, the largest absolute one.",
        "",
        "| " + " | ".join(COLUMNS) + " |",
        "|---" * len(COLUMNS) + "|",
    ]
    for name in given.maps:
        lines.append("| " + " | ".join(row(name, given.warm_up, given.draws)) + " |")
        print(lines[-1], flush=True)
    given.out.write_text("\n".join([*lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
