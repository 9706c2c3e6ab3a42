"""What the command line prints of a fit."""

from __future__ import annotations

import sys
from collections.abc import Container
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from ..cohort import Contrast
    from ..evidence.null_tests import Nulls
    from ..evidence.sensitivities import Sensitivity
    from ..evidence.validation import Validation
    from ..evidence.verification import Verification
    from ..posterior.fits import Fit

__all__ = [
    "print_contrast",
    "print_datasets",
    "print_fit",
    "print_held",
    "print_nulls",
    "print_sensitivity",
    "print_validation",
    "print_verification",
]

_SCORES = {"r2": "R2", "r": "correlation", "elpd": "log density a region", "coverage90": "90% coverage"}
_WIDTH = 100  # where the output is no terminal
_MOST_AFFECTED = 10
_LEAST_SURPRISING = 0.05


def print_fit(fitted: Fit, *, said: Container[str] = ()) -> None:
    """Print the notices but those ``said`` already, and each map's most affected regions and variance shares."""
    console = _console()
    for notice in fitted.notices:
        if notice not in said:
            console.print(f"note: {notice}", markup=False, soft_wrap=True)
    regions, shares = fitted.regions(), fitted.variance()
    for name in fitted.study.maps:
        console.print(_most_affected(name, regions[regions["map"] == name]))
        console.print(f"share of the variance: {_shares(shares[shares['map'] == name])}", soft_wrap=True)


def print_contrast(found: Contrast) -> None:
    """Print notices, the groups, the regions that differ most, and how unlike single subjects are."""
    from rich import box
    from rich.table import Table

    console = _console()
    for notice in found.notices:
        console.print(f"note: {notice}", markup=False, soft_wrap=True)
    value = "d" if "d" in found.map.columns else "b"
    sizes = {row["group"]: row for row in found.groups.to_dict("records")}
    told = ", ".join(
        f"{row['n']} {name}s" + (f" (worth {row['n_effective']:.0f})" if row["n_effective"] < row["n"] - 0.5 else "")
        for name, row in sizes.items()
    )
    title = f"{told}: the {_MOST_AFFECTED} regions that differ most"
    table = Table(title=title, title_justify="left", box=box.SIMPLE, pad_edge=False)
    table.add_column("region", no_wrap=True)
    for column in ("Cohen's d" if value == "d" else "mm", "se", "95% interval", "unadjusted"):
        table.add_column(column, justify="right", no_wrap=True)
    rows = found.map.merge(found.comparison[["region", "unadjusted"]], on="region")
    for row in rows.nsmallest(_MOST_AFFECTED, value).to_dict("records"):
        table.add_row(
            row["region"],
            f"{row[value]:+.3f}",
            f"{row['se']:.3f}",
            f"{row['lower95']:+.3f} to {row['upper95']:+.3f}",
            f"{row['unadjusted']:+.3f}",
        )
    console.print(table)
    check = found.subject_check()
    console.print(
        f"A single case's 90% interval is {check['ratio'].median():.0f} times as wide as the group's; of the cases "
        f"{check['thinner'].median():.0%} are thinner than controls of their covariates are on average (medians over "
        "regions): the map is of the group.",
        soft_wrap=True,
    )


def print_datasets() -> None:
    """Print the public datasets, a table a kind."""
    from rich import box
    from rich.table import Table

    from ..datasets.catalogue import table

    console = _console()
    for kind, rows in table().groupby("kind", sort=False):
        shown = Table(title=str(kind), title_justify="left", box=box.SIMPLE, pad_edge=False)
        shown.add_column("name", no_wrap=True)
        shown.add_column("what")
        shown.add_column("checksum", no_wrap=True)
        for row in rows.to_dict("records"):
            shown.add_row(row["name"], row["what"], row["checksum"])
        console.print(shown)
    print("'pyro-neurovae datasets NAME ...' fetches; PYRO_NEUROVAE_DATA names a folder of files already there.")


def print_verification(found: Verification, *, said: Container[str] = (), table: bool = True) -> None:
    """Print notices, the checklist, each in-sample figure with its held-out twin, and what may be concluded."""
    console = _console()
    for notice in found.notices:
        if notice not in said:
            console.print(f"note: {notice}", markup=False, soft_wrap=True)
    if table:
        console.print(_checklist(found.checks))
        console.print(_beside(found))
    console.print(found.conclusion, soft_wrap=True)


def print_nulls(found: Nulls) -> None:
    """Print each map's statistics among those of its null maps, and what may be concluded."""
    console = _console()
    for name in dict.fromkeys(found.summary["map"]):
        own = found.summary[found.summary["map"] == name]
        console.print(_among_nulls(name, own))
        genes = found.genes[found.genes["map"] == name]
        console.print(_null_conclusion(own, genes), soft_wrap=True, markup=False)


def print_sensitivity(found: Sensitivity) -> None:
    """Print each map's variants, and what holds."""
    from rich import box
    from rich.table import Table

    console = _console()
    for name in dict.fromkeys(found.variants["map"]):
        title = f"{name}: how far regions move, in posterior standard deviations"
        table = Table(title=title, title_justify="left", box=box.SIMPLE, pad_edge=False)
        table.add_column("variant", no_wrap=True)
        for column in ("by", "largest", "median", "regions that flip", "genes that flip"):
            table.add_column(column, justify="right", no_wrap=True)
        for row in found.variants[found.variants["map"] == name].to_dict("records"):
            moved = (f"{row['largest_shift']:.2f}", f"{row['median_shift']:.2f}")
            table.add_row(row["variant"], row["how"], *moved, str(row["flips"]), str(row["gene_flips"]))
        console.print(table)
        console.print(found.conclusion(name), soft_wrap=True, markup=False)


def print_validation(found: Validation) -> None:
    """Print each map's scores, a row a model, and what may be concluded."""
    console = _console()
    scores = found.summary().merge(found.differences, on=["map", "model"]).merge(found.weights, on=["map", "model"])
    for name in dict.fromkeys(scores["map"]):
        own = scores[scores["map"] == name]
        console.print(_scored(name, own))
        console.print(_concluded(own), soft_wrap=True, markup=False)


def print_held(fitted: Fit) -> None:
    """Print how many of a simulated study's true values the 90% intervals hold."""
    regions, truth = fitted.regions(), (fitted.study.truth or {})["thinning"].ravel()
    held = int(((regions["lower90"] <= truth) & (truth <= regions["upper90"])).sum())
    print(f"The 90% intervals hold {held} of {len(truth)} true values ({held / len(truth):.0%}).")


def _console() -> Console:
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False)


def _checklist(checks: pd.DataFrame) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title="The paper's checklist", title_justify="left", box=box.SIMPLE, pad_edge=False)
    for column in ("check", "found", "expected", "status"):
        table.add_column(column, no_wrap=True)
    for row in checks.to_dict("records"):
        table.add_row(*(str(row[column]) for column in ("check", "found", "expected", "status")))
    return table


def _beside(found: Verification) -> Table:
    """Scores in-sample and held out, and the ceiling, one column each."""
    from rich import box
    from rich.table import Table

    table = Table(title="What the figures are worth", title_justify="left", box=box.SIMPLE, pad_edge=False)
    table.add_column("score", no_wrap=True)
    held_out = {f"held out, {name}": one for name, one in found.held_out.items()}
    columns = {"in-sample": found.in_sample, "all regions": found.all_regions} | held_out
    for name in (*columns, "ceiling"):
        table.add_column(name, justify="right", no_wrap=True)
    ceiling = "unknown" if found.noise_ceiling is None else f"{found.noise_ceiling:.3f}"
    for score, label in _SCORES.items():
        values = [f"{one[score]:.3f}" if score in one else "" for one in columns.values()]
        table.add_row(label, *values, ceiling if score == "r2" else "")
    return table


def _among_nulls(name: str, rows: pd.DataFrame) -> Table:
    from rich import box
    from rich.table import Table

    title = f"{name} among {rows['n'].iloc[0]} null maps ({rows['method'].iloc[0]})"
    table = Table(title=title, title_justify="left", box=box.SIMPLE, pad_edge=False)
    table.add_column("statistic", no_wrap=True)
    for column in ("observed", "null mean", "95% of null maps", "p"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows.to_dict("records"):
        table.add_row(
            row["statistic"].replace("_", " "),
            f"{row['observed']:.3f}",
            f"{row['null_mean']:.3f}",
            f"{row['null_lower95']:.3f} to {row['null_upper95']:.3f}",
            f"{row['p']:.3g}",
        )
    return table


def _null_conclusion(rows: pd.DataFrame, genes: pd.DataFrame) -> str:
    """What the share's p and the genes' false discovery rates say."""
    p = float(rows.loc[rows["statistic"] == "transcriptomic_share", "p"].iloc[0])
    more = "more" if p <= _LEAST_SURPRISING else "no more"
    found = int((genes["q"] <= _LEAST_SURPRISING).sum())
    return (
        f"Expression explains {more} of the map than of maps that are as smooth (p {p:.3g}); {found} of {len(genes)} "
        f"genes have a weight that null maps do not reach at a false discovery rate of {_LEAST_SURPRISING:.0%}."
    )


def _scored(name: str, rows: pd.DataFrame) -> Table:
    from rich import box
    from rich.table import Table

    ceiling = rows["noise_ceiling"].iloc[0]
    known = "unknown noise ceiling" if pd.isna(ceiling) else f"noise ceiling of R2 {ceiling:.2f}"
    title = f"{name}, held out by {rows['folds'].iloc[0]}; {known}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE, pad_edge=False)
    table.add_column("model", no_wrap=True)
    for column in ("log density", "less than best", "R2", "r", "90% coverage", "CRPS", "stacking"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows.sort_values("elpd", ascending=False).to_dict("records"):
        best = row["model"] == row["best"]
        table.add_row(
            row["model"],
            f"{row['elpd']:.3f}",
            "" if best else f"{-row['elpd_difference']:.3f} ± {row['se']:.3f}",
            *(f"{row[score]:.3f}" for score in ("r2", "r", "coverage90", "crps")),
            f"{row['weight']:.2f}",
        )
    return table


def _concluded(rows: pd.DataFrame) -> str:
    """Which models predict as well as the best, by two standard errors."""
    best = str(rows["best"].iloc[0])
    near = rows.loc[(rows["model"] != best) & (rows["elpd_difference"] > -2 * rows["se"]), "model"].tolist()
    told = f"by less than two standard errors ahead of {', '.join(near)}" if near else "two standard errors ahead"
    if len(rows) == 1:
        told = "the only model"
    predicts = bool((rows.loc[rows["model"] == best, "r2"] > 0).all())
    worth = "" if predicts else " It predicts no better than the mean of the map."
    return f"{best} predicts best ({told}).{worth}"


def _most_affected(name: str, rows: pd.DataFrame) -> Table:
    from rich import box
    from rich.table import Table

    # Without its frame the table fits 80 columns, whatever the region.
    title = f"{name}: the {_MOST_AFFECTED} most affected regions"
    table = Table(title=title, title_justify="left", box=box.SIMPLE, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("region", no_wrap=True)
    for column in ("observed", "mean", "90% interval", "transcriptomic"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows.nsmallest(_MOST_AFFECTED, "mean").to_dict("records"):
        table.add_row(
            row["region"],
            f"{row['observed']:+.3f}" if row["thinning_observed"] else "missing",
            f"{row['mean']:+.3f}",
            f"{row['lower90']:+.3f} to {row['upper90']:+.3f}",
            f"{row['transcriptomic_share']:.0%}",
        )
    return table


def _shares(rows: pd.DataFrame) -> str:
    return ", ".join(
        f"{row['source']} {row['mean']:.0%} ({row['lower90']:.0%} to {row['upper90']:.0%})"
        for row in rows.to_dict("records")
    )
