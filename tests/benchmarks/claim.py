"""The claim, judged: what expression explains of each public map once errors and structure have their due.

    python tests/benchmarks/claim.py [--nulls 99] [--seed 0] [--workers 2] [--paper]

The transcriptomic share as version 0.1 had it (independent errors, no structural part) and now, with its 90% interval
and its p among maps drawn from the model without expression; what expression adds to the log density of held-out
regions, `cross-scale` less `structural` (homologue pairs, two ways of folding), with its standard error; R2 of the
predictable part, in-sample and held out, and the ceiling that the errors leave; with --paper beside it both R2 of
`paper` at the settings that come near to what arXiv:2606.05870 reports, which takes most of the time. Reads the folder
that PYRO_NEUROVAE_DATA names, ../shared/data by default.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator

import pandas as pd
from compare import DATA, MAPS
from real_people import OLD

import pyro_neurovae as nv
from pyro_neurovae.evidence.scores import r_squared
from pyro_neurovae.evidence.verification import PAPER_OPTIONS


def studies() -> Iterator[tuple[str, nv.Study, nv.Study]]:
    """Name of each map, its study, and its study as version 0.1 took it."""
    expression = DATA / "expression/ahba_dk68_stable0.6.csv.gz"
    old = {"sampling_correlation": "independent", "structure": "none"}
    for name, file in MAPS.items():
        given = expression, DATA / "thickness" / file
        yield name, nv.Study.from_files(*given), nv.Study.from_files(*given, **old)
    given = pd.read_csv(expression, index_col=0), nv.datasets.load("adni1_ad")
    yield "adni1_ad", nv.Study.from_frames(*given), nv.Study.from_frames(*given, **old)


def share(fit: nv.Fit) -> pd.Series:
    """Transcriptomic share: mean, lower90, upper90."""
    return fit.variance().set_index("source").loc["transcriptomic"]


def main() -> None:
    """Print the table, row by row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nulls", type=int, default=99)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--paper", action="store_true")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    head = ["map", "share, 0.1", "share (90%), p", "expression adds", "in-sample, held-out R2", "ceiling"]
    head += ["`paper`, both R2"] * given.paper
    print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|", flush=True)
    for name, study, before in studies():
        fits = {"cross-scale": nv.fit(study, seed=given.seed)}
        if given.paper:
            fits["paper"] = nv.fit(study, "paper", seed=given.seed, **PAPER_OPTIONS)
        print("| " + " | ".join([name, *cells(study, before, fits, given)]) + " |", flush=True)


def cells(study: nv.Study, before: nv.Study, fits: dict[str, nv.Fit], given: argparse.Namespace) -> list[str]:
    """Cells of one map."""
    old = share(nv.fit(before, seed=given.seed, beyond_programs=False, homologue_sharing=0.25, **OLD))["mean"]
    models = {one: {"model": one} | (PAPER_OPTIONS if one == "paper" else {}) for one in ("structural", *fits)}
    validated = nv.validate(study, models, repeats=2, seed=given.seed, workers=given.workers)
    scores = validated.summary().set_index("model")
    points = validated.pointwise.pivot_table(index="region", columns="model", values="log_density")
    added = points["cross-scale"] - points["structural"]
    pairs = added.groupby(added.index.str[2:]).mean()  # homologues were hidden together
    seen = study.thinning_observed[0]
    both = []
    for model, fit in fits.items():
        inside = r_squared(study.thinning[0, seen], fit.posterior.predictable(0).mean(0)[seen])
        both.append(f"{inside:.2f}, {scores.loc[model, 'r2']:.2f}")
    found = nv.nulls(fits["cross-scale"], number=given.nulls, seed=given.seed, workers=given.workers)
    p, now = found.summary.set_index("statistic").loc["transcriptomic_share", "p"], share(fits["cross-scale"])
    return [
        f"{old:.2f}",
        f"{now['mean']:.2f} ({now['lower90']:.2f} to {now['upper90']:.2f}), {p:.2f}",
        f"{added.mean():+.3f} ± {pairs.std(ddof=1) / len(pairs) ** 0.5:.3f}",
        both[0],
        f"{scores['noise_ceiling'].iloc[0]:.2f}",
        *both[1:],
    ]


if __name__ == "__main__":
    main()
