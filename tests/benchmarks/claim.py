"""The claim, judged: what each public map's fit explains in-sample and held out, beside its ceiling and its null maps.

    python tests/benchmarks/claim.py [--nulls 499] [--seed 0] [--workers 2]

In-sample and held-out R2 are of the posterior mean of thinning under the default `cross-scale` (homologue pairs, two
ways of folding); the ceiling is what the published standard errors leave to be explained; p is of the share of variance
that the transcriptomic part holds, among null maps by Moran randomisation and by spins. Beside it the R2 of
`paper` at the settings that come near to what arXiv:2606.05870 reports. Reads the folder that PYRO_NEUROVAE_DATA names,
../shared/data by default.
"""

from __future__ import annotations

import argparse
import warnings

from compare import DATA, MAPS

import pyro_neurovae as nv
from pyro_neurovae.evidence.scores import r_squared
from pyro_neurovae.evidence.verification import PAPER_OPTIONS


def main() -> None:
    """Print the table, row by row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nulls", type=int, default=499)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    print(
        "| map | in-sample R2 | held-out R2 | ceiling | share, p (moran) | p (spin) | `paper`: in-sample, held-out R2 |"
    )
    print("|---|---|---|---|---|---|---|", flush=True)
    for name in MAPS:
        study = nv.Study.from_files(DATA / "expression/ahba_dk68_stable0.6.csv.gz", [DATA / "thickness" / MAPS[name]])
        fit, paper = nv.fit(study, seed=given.seed), nv.fit(study, "paper", seed=given.seed, **PAPER_OPTIONS)
        models = {"cross-scale": {"model": "cross-scale"}, "paper": {"model": "paper"} | PAPER_OPTIONS}
        scores = nv.validate(study, models, repeats=2, seed=given.seed).summary().set_index("model")
        seen = [r_squared(study.thinning[0], one.regions()["mean"].to_numpy()) for one in (fit, paper)]
        shares = []
        for method in ("moran", "spin"):
            found = nv.nulls(fit, method=method, number=given.nulls, seed=given.seed, workers=given.workers)
            shares.append(found.summary.set_index("statistic").loc["transcriptomic_share"])
        held, ceiling = scores["r2"], scores["noise_ceiling"].iloc[0]
        print(
            f"| {name} | {seen[0]:.2f} | {held['cross-scale']:.2f} | {ceiling:.2f} | "
            f"{shares[0]['observed']:.2f}, {shares[0]['p']:.3f} | {shares[1]['p']:.3f} | "
            f"{seen[1]:.2f}, {held['paper']:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
