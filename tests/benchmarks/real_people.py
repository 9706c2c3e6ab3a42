"""Real people: groups that differ in nothing, contrasts against the people left out, and held-out regions.

    python tests/benchmarks/real_people.py [--only groups splits held-out] [--groups 100] [--splits 40] [--nulls 39]
        [--workers 2] [--seed 0]

*groups*: random groups of 30 to 200 + as many controls of ABIDE or ADHD-200, split within sites, so that every effect
is nought. *splits*: contrasts of few people (age, diagnosis, sex) against the same contrast in the people left out, its
own error allowed for. *held-out*: the public maps on the folds at hand. Each with the subjects at hand (the errors'
own covariance, null maps of permuted groups), as published (d and group sizes: normative errors, null maps of the
model without expression), and as version 0.1 had it (independent errors, no structural part, the predictable part
reported, Moran null maps); and what the field does on the groups. The normative correlation is always that of the other
data set, of both for the contrast of ages. Subjects come from subjects/impac_dk_thickness.csv.gz in the folder that
PYRO_NEUROVAE_DATA names, ../shared/data by default.
"""

from __future__ import annotations

import argparse
import multiprocessing
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from compare import DATA, MAPS, SCHEMES, SEEDS, read_folds
from scipy.stats import false_discovery_control

import pyro_neurovae as nv
from pyro_neurovae.atlases.normative import normative_correlation
from pyro_neurovae.studies.sampling import mixed_correlation

EXPRESSION = DATA / "expression/ahba_dk68_stable0.6.csv.gz"
SIZES = (30, 60, 100, 200)
OTHER = {"abide": "adhd200", "adhd200": "abide", "both": "pooled"}
WIDE = nv.PCPrior(1.0, 0.1)
OLD = dict.fromkeys(("transcriptomic_scale", "spatial_scale", "structural_scale", "unexplained_scale"), WIDE)
WAYS = ("subjects at hand", "as published", "version 0.1")
FIELD = 499  # null maps of what the field does, which costs nothing

Row = dict[str, Any]


# People


@lru_cache(maxsize=1)
def people() -> pd.DataFrame:
    """Everyone with a good scan, whole; age and sex as numbers, and the data set in two words."""
    table = pd.read_csv(DATA / "subjects/impac_dk_thickness.csv.gz")
    measured = [name for name in table if name.endswith("thickness")]
    table = table[(table["qc"] == 1) & (table[measured] > 0).all(axis=1)].dropna()  # 0: a region that was not found
    table["dataset"] = table["dataset"].where(table["dataset"] == "adhd200", "abide")
    return table.assign(male=(table["sex"] == "M").astype(int), site=table["site"].astype(str)).reset_index(drop=True)


def random_groups(source: str, size: int, rng: np.random.Generator) -> pd.DataFrame:
    """``size`` pairs of controls of the same site, one of each pair called a case."""
    pool = people().query("dataset == @source and dx == 0").sample(frac=1, random_state=rng)
    place = pool.groupby("site").cumcount()
    even = pool.groupby("site")["site"].transform("size") // 2 * 2
    pool = pool.assign(case=place % 2, pair=pool["site"] + "/" + (place // 2).astype(str))[place < even]
    return pool[pool["pair"].isin(rng.permutation(pool["pair"].unique())[:size])]


def splits() -> dict[str, tuple[pd.DataFrame, pd.DataFrame, int, tuple[str, ...], str]]:
    """Kinds of contrast: controls, cases, how many of each are few, covariates, and the data set."""
    table = people()
    healthy = table[table["dx"] == 0]
    young, old = (healthy["age"].quantile(q) for q in (0.3, 0.7))
    abide, adhd = (table[table["dataset"] == name] for name in ("abide", "adhd200"))
    both = ("age", "male")
    return {
        "age, 30 + 30": (healthy[healthy["age"] < young], healthy[healthy["age"] > old], 30, ("male",), "both"),
        "ABIDE diagnosis, 100 + 100": (abide[abide["dx"] == 0], abide[abide["dx"] == 1], 100, both, "abide"),
        "ADHD-200 diagnosis, 60 + 60": (adhd[adhd["dx"] == 0], adhd[adhd["dx"] == 1], 60, both, "adhd200"),
        "ADHD-200 sex, 60 + 60": (adhd[adhd["male"] == 1], adhd[adhd["male"] == 0], 60, ("age",), "adhd200"),
    }


def contrasted(table: pd.DataFrame, covariates: tuple[str, ...], source: str, **options: Any) -> nv.Contrast:
    """Cohen's d of cases against controls, its covariance shrunk towards the normative one of other people."""
    kept = [name for name in covariates if not (table[name] == table[name].iloc[0]).all()]
    return nv.contrast(
        table.drop(columns=["dataset", "dx", "qc", "sex"]).rename(columns={"subject_id": "SubjID"}),
        group="case",
        case=1,
        control=0,
        covariates=kept,
        subject_column="SubjID",
        normative=OTHER[source],
        **options,
    )


# Fits


@lru_cache(maxsize=1)
def panel() -> tuple[pd.DataFrame, nv.Fit]:
    """Expression, and a fit that lends its programs: no map enters them."""
    expression = pd.read_csv(EXPRESSION, index_col=0)
    study = nv.Study.from_frames(expression, pd.Series(np.linspace(-1, 1, 68), nv.RegionGraph.dk68().names, name="x"),
                                 standard_error="none")  # fmt: skip
    return expression, nv.fit(study, draws=50)


def fitted(found: nv.Contrast, way: str, source: str, draws: int = 600) -> nv.Fit:
    """Fit of a contrast as one of `WAYS`; all have one seed, so that programs are drawn once."""
    expression, lent = panel()
    other = normative_correlation(OTHER[source])
    frame = found.map[["region", "d", "se", "spread_share"]]
    if way == "subjects at hand":
        study = nv.Study.from_frames(expression, frame, covariance=found.covariance, structure=other)
        return nv.fit(study, draws=draws, programs=lent)
    sizes = found.map[["region", "d", "n_control", "n_case"]]
    if way == "as published":
        mixed = pd.DataFrame(mixed_correlation(other.to_numpy()), other.index, other.columns)
        study = nv.Study.from_frames(expression, sizes, sampling_correlation=mixed, structure=other)
        return nv.fit(study, draws=draws, programs=lent)
    study = nv.Study.from_frames(expression, sizes, sampling_correlation="independent", structure="none")
    return nv.fit(study, draws=draws, programs=lent, **OLD)


def effects(fit: nv.Fit, way: str) -> np.ndarray:
    """Draws of what is reported of the regions; (draw, region)."""
    return fit.posterior.predictable(0) if way == "version 0.1" else fit.posterior.draws("thinning", 0)


# Groups that differ in nothing


def groups_task(task: tuple[int, int, int]) -> list[Row]:
    """One random pair of groups: a row a way."""
    number, nulls, seed = task
    quiet()
    rng = np.random.default_rng([seed, number, 1])
    source, size = ("abide", "adhd200")[number % 2], SIZES[number // 2 % len(SIZES)]
    table = random_groups(source, min(size, 110 if source == "adhd200" else size), rng)
    found = contrasted(table, ("age", "male"), source, permutations=nulls, strata="site", seed=number)
    rows = []
    for way in WAYS:
        fit = fitted(found, way, source)
        drawn = effects(fit, way)
        if way == "subjects at hand":
            tested = nv.nulls(fit, null_maps=found.permuted, number=nulls, seed=number)
        else:
            kind = "moran" if way == "version 0.1" else "model"
            tested = nv.nulls(fit, method=kind, number=nulls, seed=number)
        p = tested.summary.set_index("statistic")["p"]
        lower95, lower90, upper90, upper95 = np.quantile(drawn, [0.025, 0.05, 0.95, 0.975], axis=0)
        called = fit.genes()["local_false_sign_rate"] <= 0.05 if way == "version 0.1" else tested.genes["called"]
        rows.append(
            {
                "way": way,
                "regions excluded": np.mean((lower95 > 0) | (upper95 < 0)),
                "90% hold zero": np.mean((lower90 <= 0) & (upper90 >= 0)),
                "share p": float(p["transcriptomic_share"] <= 0.05),
                "correlation p": float(p["correlation"] <= 0.05),
                "gene list": float(called.any()),
                "share": float(fit.variance().set_index("source")["mean"]["transcriptomic"]),
            }
        )
    z = found.map["d"] / found.map["se"]
    plain = {
        "way": "z scores",
        "regions excluded": np.mean(np.abs(z) > 1.96),
        "90% hold zero": np.mean(np.abs(z) < 1.645),
    }
    return [*rows, plain, *field(fit.study, found.map["d"].to_numpy(), number)]


def field(study: nv.Study, d: np.ndarray, seed: int) -> list[Row]:
    """What the field does: correlation with genes and the first component, and PLS, each under null maps."""
    measured = study.expression_observed
    genes = study.normalised_expression()[measured]
    genes = (genes - genes.mean(0)) / genes.std(0)
    left = np.linalg.svd(genes, full_matrices=False)[0]
    rows = []
    for kind in ("moran", "spin"):
        made = nv.make_null_maps(d, study.graph, method=kind, number=FIELD, seed=seed)
        every = np.concatenate([d[None], made])[:, measured]
        every = (every - every.mean(1, keepdims=True)) / every.std(1, keepdims=True)
        r = np.abs(every @ genes / measured.sum())
        component = np.abs(every @ left[:, 0])
        # PLS1: weights proportional to the covariances; its variance explained, and its weights over their bootstrap.
        weights = every @ genes / measured.sum()
        score = weights @ genes.T
        explained = ((every * score).sum(1) / np.linalg.norm(score, axis=1)) ** 2
        p = (1 + (r[1:] >= r[0]).sum(0)) / (1 + FIELD)
        rows += [
            {"way": f"r with the first component, {kind}", "share p": float(tail(component) <= 0.05)},
            {
                "way": f"r with each gene, {kind}, FDR 5%",
                "gene list": float((false_discovery_control(p) <= 0.05).any()),
            },
            {"way": f"PLS, {kind}", "share p": float(tail(explained) <= 0.05)},
        ]
    rng = np.random.default_rng([seed, 3])
    y = (d[measured] - d[measured].mean()) / d[measured].std()
    drawn = [rng.integers(0, len(y), len(y)) for _ in range(200)]
    spread = np.std([(y[own] - y[own].mean()) @ genes[own] / len(own) for own in drawn], axis=0)
    z = (y @ genes / len(y)) / spread
    p = 2 * (1 - normal_below(np.abs(z)))
    return [
        *rows,
        {"way": "PLS weights, bootstrap z, FDR 5%", "gene list": float((false_discovery_control(p) <= 0.05).any())},
    ]


def normal_below(z: np.ndarray) -> np.ndarray:
    """Standard normal distribution function."""
    from scipy.special import ndtr

    found: np.ndarray = ndtr(z)
    return found


def tail(values: np.ndarray) -> float:
    """P of the first value among the others."""
    return float((1 + (values[1:] >= values[0]).sum()) / len(values))


# Contrasts against the people left out


def splits_task(task: tuple[int, int]) -> list[Row]:
    """Every kind of contrast, its people dealt out anew: a row a kind and way."""
    number, seed = task
    quiet()
    rows = []
    for kind, (controls, cases, few, covariates, source) in splits().items():
        rng = np.random.default_rng([seed, number, 2])
        parts = [(one.iloc[rng.permutation(len(one))], case) for case, one in enumerate((controls, cases))]
        small, large = (
            contrasted(pd.concat([one[part].assign(case=case) for one, case in parts]), covariates, source)
            for part in (slice(None, few), slice(few, None))
        )
        target, error = large.map["d"].to_numpy(), large.map["se"].to_numpy()
        for way in WAYS:
            drawn = effects(fitted(small, way, source), way)
            white = np.random.default_rng([seed, number, 4]).standard_normal(drawn.shape)
            rows.append({"kind": kind, "way": way} | against(drawn + error * white, drawn.mean(0), target))
        d, both = small.map["d"].to_numpy(), np.hypot(small.map["se"], error).to_numpy()
        raw = d + both * np.random.default_rng([seed, number, 5]).standard_normal((2000, len(d)))
        rows.append({"kind": kind, "way": "raw d"} | against(raw, d, target))
    return rows


def against(drawn: np.ndarray, mean: np.ndarray, target: np.ndarray) -> Row:
    """Coverage, error and correlation of what was predicted of the larger sample's values."""
    lower90, lower50, upper50, upper90 = np.quantile(drawn, [0.05, 0.25, 0.75, 0.95], axis=0)
    return {
        "90%": np.mean((lower90 <= target) & (target <= upper90)),
        "50%": np.mean((lower50 <= target) & (target <= upper50)),
        "squared error": np.mean((mean - target) ** 2),
        "r": np.corrcoef(mean, target)[0, 1],
        "bias": np.mean(mean - target),
    }


# Held-out regions


def held_out_task(task: tuple[str, int]) -> list[Row]:
    """One public map on all folds: a row a model and scheme."""
    name, seed = task
    quiet()
    rows = []
    for model, changes, options in (
        ("cross-scale", {}, {"model": "cross-scale"}),
        ("structural", {}, {"model": "structural"}),
        ("version 0.1", {"sampling_correlation": "independent", "structure": "none"}, {"model": "cross-scale"} | OLD),
    ):
        study = nv.Study.from_files(EXPRESSION, DATA / "thickness" / MAPS[name], **changes)
        ways = [read_folds(study, scheme, number) for scheme in SCHEMES for number in SEEDS]
        scores = nv.validate(study, {model: options}, folds=ways, seed=seed).scores
        for i, scheme in enumerate(SCHEMES):
            own = scores[scores["repeat"] // len(SEEDS) == i][["elpd", "r2", "coverage90"]].mean()
            rows.append({"model": model, "map": name, "folds": scheme} | own.to_dict())
    return rows


# Tables


def quiet() -> None:
    """One thread a worker, and no warnings."""
    import torch

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")


def every(
    work: Callable[[Any], list[Row]], tasks: Iterable[Any], workers: int, out: Path | None = None
) -> pd.DataFrame:
    """Rows of all tasks; those that are there are in ``out`` at any time."""
    found: list[Row] = []
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        for rows in pool.map(work, tasks):
            found += rows
            if out is not None:
                pd.DataFrame(found).to_csv(out, index=False)
    return pd.DataFrame(found)


def markdown(table: pd.DataFrame, digits: int = 3) -> str:
    """Table in Markdown, an empty cell where there is nothing."""
    head = [*table.index.names, *table.columns]
    rows = [
        [*(key if isinstance(key, tuple) else (key,)), *("" if np.isnan(x) else f"{x:.{digits}f}" for x in row)]
        for key, row in zip(table.index, table.to_numpy(float), strict=True)
    ]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=("groups", "splits", "held-out"),
                        default=["groups", "splits", "held-out"])  # fmt: skip
    parser.add_argument("--groups", type=int, default=100)
    parser.add_argument("--splits", type=int, default=40)
    parser.add_argument("--nulls", type=int, default=39)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="folder that keeps the rows as they come")
    given = parser.parse_args()

    def kept(name: str) -> Path | None:
        return None if given.out is None else given.out / f"{name}.csv"

    if "groups" in given.only:
        rows = every(
            groups_task, [(i, given.nulls, given.seed) for i in range(given.groups)], given.workers, kept("groups")
        )
        print(f"## {given.groups} pairs of random groups, {given.nulls} null maps each\n")
        print(markdown(rows.groupby("way", sort=False).mean()), "\n", flush=True)
    if "splits" in given.only:
        rows = every(splits_task, [(i, given.seed) for i in range(given.splits)], given.workers, kept("splits"))
        mean = rows.groupby(["kind", "way"], sort=False).mean()
        mean["root mean squared error"] = np.sqrt(mean.pop("squared error"))
        print(f"## {given.splits} splits of each kind\n\n{markdown(mean)}\n", flush=True)
    if "held-out" in given.only:
        rows = every(held_out_task, [(name, given.seed) for name in MAPS], given.workers, kept("held_out"))
        mean = rows.groupby("model", sort=False)[["elpd", "r2", "coverage90"]].mean()
        print("## Held out\n\n" + markdown(rows.set_index(["model", "map", "folds"])))
        print("\n" + markdown(mean))


if __name__ == "__main__":
    main()
