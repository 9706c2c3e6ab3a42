"""Which correlation of sampling errors is right for a contrast: the question put to real people.

    python tests/benchmarks/error_correlation.py [--splits 300] [--people SUBJECTS.csv.gz]

A contrast of two small groups is set against the same contrast of all the others that it was drawn from. The two share
no person, so that with the right covariances V of both the difference e has covariance V_small + V_large: in whatever
direction of the regions, the mean of its squared length over that variance is 1. Above 1 a correlation is too sure,
below it too unsure. Directions are the eigenvectors of V_small + V_large: over all of them, the first (nearly the mean
of the cortex), the next five, and the lower half, which are contrasts of neighbours. "diagonal" has the regions alone,
which no correlation changes: what it lacks to 1 is the standard errors' own fault.

Each rule is used for both contrasts: the normative correlation of another dataset (of both together for age, whose
groups come from both); with a twentieth or a tenth of it replaced by an error common to the whole cortex; half of it
replaced by an equal correlation of the same mean; the equal one alone; the contrast's own people's; theirs shrunk
towards the normative one by the weight of 100, 300 and 1,000 people, of which `contrast` uses 300.

Directions are each rule's own; the equal correlation has hardly any (all its eigenvalues but one are nearly alike), so
its lower half is no contrast of neighbours.

The people are those of the IMPAC challenge (ABIDE and ADHD-200) with a good segmentation, all regions and age.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from pyro_neurovae.atlases.atlas import dk68_names
from pyro_neurovae.atlases.normative import normative_correlation
from pyro_neurovae.cohort.balance import effective_size
from pyro_neurovae.cohort.regression import Regression, hedges_factor, regress
from pyro_neurovae.studies.sampling import exchangeable, sampling_covariance

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = ROOT.parent / "shared" / "data" / "subjects" / "impac_dk_thickness.csv.gz"
COLUMNS = [f"{name[0].lower()}h_{name[2:]}_thickness" for name in dk68_names()]
WEIGHTS = (100, 300, 1000)


class Kind(NamedTuple):
    """Two pools of people, how many of each make the small contrast, its covariates, and whose correlation it takes."""

    name: str
    controls: pd.DataFrame
    cases: pd.DataFrame
    size: int
    covariates: tuple[str, ...]
    normative: str


def kinds(people: pd.DataFrame) -> list[Kind]:
    """The four contrasts."""
    abide, adhd = (people[people["dataset"] == name] for name in ("abide", "adhd200"))
    healthy = people[people["dx"] == 0]
    young, old = (healthy["age"] < healthy["age"].quantile(0.3)), (healthy["age"] > healthy["age"].quantile(0.7))
    both = ("age", "sex")
    return [
        Kind("ABIDE diagnosis, 100 + 100", abide[abide["dx"] == 0], abide[abide["dx"] == 1], 100, both, "adhd200"),
        Kind("ADHD-200 diagnosis, 60 + 60", adhd[adhd["dx"] == 0], adhd[adhd["dx"] == 1], 60, both, "abide"),
        Kind("ADHD-200 sex, 60 + 60", adhd[adhd["sex"] == "M"], adhd[adhd["sex"] == "F"], 60, ("age",), "abide"),
        Kind("age of controls, 30 + 30", healthy[young], healthy[old], 30, ("sex",), "pooled"),
    ]


def fitted(controls: pd.DataFrame, cases: pd.DataFrame, covariates: tuple[str, ...]) -> Regression:
    """Fit the linear models of a contrast."""
    table = pd.concat([controls, cases])
    own = [(table[name] == "M") if name == "sex" else table[name] for name in covariates]
    columns = [np.ones(len(table)), np.arange(len(table)) >= len(controls), *own]
    return regress(table[COLUMNS].to_numpy(), np.column_stack(columns).astype(float))


def errors(found: Regression) -> tuple[np.ndarray, np.ndarray]:
    """Standard errors of d, and the share of their squares that estimating the sd gives; (region,) each."""
    square = np.diag(found.d_hc3())
    means = np.diag(found.hc3()) * (hedges_factor(found.degrees) / found.sd) ** 2
    return np.sqrt(square), np.maximum(1 - means / square, 0)


def correlations(found: Regression, normative: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Every rule's correlation of the errors of means."""
    regions = len(normative)
    equal = exchangeable(regions, normative[np.triu_indices(regions, k=1)].mean())
    own, people = np.corrcoef(found.influence().T), effective_size((found.slope**2).mean(1))
    yield "normative", normative
    for share in (0.05, 0.1):
        yield f"normative, {share:.0%} common error", (1 - share) * normative + share
    yield "half normative, half equal", (normative + equal) / 2
    yield "equal", equal
    yield "own", own
    for weight in WEIGHTS:
        yield f"own, shrunk by {weight:,} people", (people * own + weight * normative) / (people + weight)


def squares(error: np.ndarray, covariance: np.ndarray) -> dict[str, Any]:
    """Mean squared standardised error over groups of directions."""
    values, vectors = np.linalg.eigh(covariance)
    square = (vectors.T @ error) ** 2 / values  # the least direction first
    return {
        "all": square.mean(),
        "first": square[-1],
        "next five": square[-6:-1].mean(),
        "lower half": square[: len(square) // 2].mean(),
        "diagonal": (error**2 / np.diag(covariance)).mean(),
    }


def split(kind: Kind, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    """One small contrast against the rest, a row for each rule."""
    controls, cases = (pool.iloc[rng.permutation(len(pool))] for pool in (kind.controls, kind.cases))
    small = fitted(controls.iloc[: kind.size], cases.iloc[: kind.size], kind.covariates)
    large = fitted(controls.iloc[kind.size :], cases.iloc[kind.size :], kind.covariates)
    normative, error = normative_correlation(kind.normative).to_numpy(), small.cohens_d() - large.cohens_d()
    spread = errors(small), errors(large)
    for (rule, one), (_, other) in zip(correlations(small, normative), correlations(large, normative), strict=True):
        covariance = sampling_covariance(*spread[0], one) + sampling_covariance(*spread[1], other)
        yield {"kind": kind.name, "rule": rule} | squares(error, covariance)


def main() -> None:
    """Print the table of each contrast."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splits", type=int, default=300)
    parser.add_argument("--people", type=Path, default=PEOPLE)
    given = parser.parse_args()
    people = pd.read_csv(given.people)
    people = people[(people["qc"] == 1) & (people[COLUMNS] > 0).all(axis=1) & people["age"].notna()]
    for number, kind in enumerate(kinds(people)):
        rng = np.random.default_rng([2, number])
        table = pd.DataFrame([row for _ in range(given.splits) for row in split(kind, rng)])
        means = table.groupby("rule", sort=False).mean(numeric_only=True)
        # Splits share people, so that their spread is a little small for the error of these means.
        spread = table[table["rule"] == "normative"][means.columns].std() / np.sqrt(given.splits)
        print(f"\n{kind.name} (of {len(kind.controls)} and {len(kind.cases)}); normative: {kind.normative}\n")
        print(f"| correlation | {' | '.join(means.columns)} |")
        print("|---|" + "---|" * len(means.columns))
        for rule, row in means.iterrows():
            print(f"| {rule} | {' | '.join(f'{one:.2f}' for one in row)} |")
        print(f"| se of the first row | {' | '.join(f'{one:.2f}' for one in spread)} |", flush=True)


if __name__ == "__main__":
    main()
