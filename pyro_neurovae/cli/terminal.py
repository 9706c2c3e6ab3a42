"""What the command line prints: results, fits, contrasts and the list of datasets."""

from __future__ import annotations

import sys
from collections.abc import Collection, Container, Iterable, Iterator
from typing import TYPE_CHECKING

import pandas as pd

from ..atlases.readable_names import patches_in_words
from ..cards import Part, Shown, text_of
from ..evidence.result import Result
from ..posterior.tables import largest_first
from .streams import say

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from ..cohort import Contrast
    from ..posterior.fits import Fit

__all__ = ["print_contrast", "print_datasets", "print_fit", "print_held", "print_result"]

_WIDTH = 100  # where the output is no terminal
_MOST_AFFECTED = 10
# Of the demo's studies, in percent: how many were tried, what 90% intervals cover on average, and between what bounds
# in nine of ten; as tests/benchmarks/demo.md has it.
DEMO_STUDIES, DEMO_MEAN, DEMO_LOWER, DEMO_UPPER = 100, 91, 79, 99


def print_result(found: Result, *, said: Container[str] = (), tables: bool = True) -> None:
    """Print what a result has to say but what is ``said`` already, its tables unless not wanted, and its sentences."""
    _print_notices(found.remarks(), said)
    _print(part for part in found.shown() if tables or isinstance(part, str))


def print_fit(fitted: Fit, *, said: Container[str] = ()) -> None:
    """Print the notices but those ``said`` already, and each map's most affected regions and variance shares."""
    _print_notices(fitted.notices, said)
    # Without its frame the table fits 80 columns, whatever the region.
    _print(_fit_parts(fitted), padding=(0, 1, 0, 0))


def print_contrast(found: Contrast) -> None:
    """Print notices, the groups, the regions that differ most, and how unlike single subjects are."""
    _print_notices(found.notices)
    _print(_contrast_parts(found))


def print_datasets() -> None:
    """Print the public datasets, a table a kind."""
    from ..datasets.catalogue import table

    columns = {name: f"{{{name}}}" for name in ("name", "what", "checksum")}
    kinds = table().groupby("kind", sort=False)
    _print((Shown.of(str(kind), rows, columns, names=len(columns)) for kind, rows in kinds), wrapped=("what",))
    say("'pyro-neurovae datasets NAME ...' fetches; PYRO_NEUROVAE_DATA names a folder of files already there.")


def print_held(fitted: Fit) -> None:
    """Print how many of a simulated study's true values the 90% intervals cover, and how that varies over studies."""
    regions, truth = fitted.regions(), (fitted.study.truth or {})["thinning"].ravel()
    held = int(((regions["lower90"] <= truth) & (truth <= regions["upper90"])).sum())
    say(f"The 90% intervals cover {held} of {len(truth)} true values ({held / len(truth):.0%}).")
    say(
        f"Over {DEMO_STUDIES} such studies they cover {DEMO_MEAN}% on average, and {DEMO_LOWER} to {DEMO_UPPER}% in "
        "nine of ten: regions of one study miss together (python tests/benchmarks/demo.py)."
    )


def _print_notices(notices: Iterable[str], said: Container[str] = ()) -> None:
    console = _console()
    for notice in notices:
        if notice not in said:
            console.print(_line(f"note: {notice}"), soft_wrap=True)


def _print(parts: Iterable[Part], *, padding: tuple[int, ...] = (0, 1), wrapped: Collection[str] | None = None) -> None:
    """Print tables and sentences; the columns ``wrapped`` may break their cells into lines, else those of words."""
    console = _console()
    for part in parts:
        if isinstance(part, str):
            console.print(_line(part), soft_wrap=True)
        elif isinstance(part, Shown):
            console.print(part.table(console.width, padding=padding, wrapped=wrapped))


def _console() -> Console:
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False)


def _line(text: str) -> Text:
    return text_of(text.replace("\n", " "))


def _fit_parts(fitted: Fit) -> Iterator[Shown | str]:
    regions, shares = fitted.regions(), fitted.variance()
    places = patches_in_words(fitted.study.regions, fitted.study.graph.label)
    columns = {
        "region": "{region}",
        "observed": "{shown}",
        "effect": "{mean:+.3f}",
        "90% interval": "{lower90:+.3f} to {upper90:+.3f}",
        "transcriptomic": "{transcriptomic_share:.0%}",
    }
    for name in fitted.study.maps:
        rows = largest_first(regions[regions["map"] == name]).head(_MOST_AFFECTED)
        seen = zip(rows["observed"], rows["thinning_observed"], strict=True)
        rows = rows.assign(shown=[f"{value:+.3f}" if known else "missing" for value, known in seen])
        rows["region"] = rows["region"].map(places)
        yield Shown.of(f"{name}: the {_MOST_AFFECTED} most affected regions (negative = thinner)", rows, columns)
        yield f"share of the variance: {_shares(shares[shares['map'] == name])}"


def _shares(rows: pd.DataFrame) -> str:
    return ", ".join(
        f"{row['source']} {row['mean']:.0%} ({row['lower90']:.0%} to {row['upper90']:.0%})"
        for row in rows.to_dict("records")
    )


def _contrast_parts(found: Contrast) -> Iterator[Shown | str]:
    value, unit = ("d", "Cohen's d") if "d" in found.map.columns else ("b", "mm")
    told = ", ".join(
        f"{row['n']} {row['group']}s"
        + (f" (worth {row['n_effective']:.0f})" if row["n_effective"] < row["n"] - 0.5 else "")
        for row in found.groups.to_dict("records")
    )
    columns = {
        "region": "{region}",
        unit: f"{{{value}:+.3f}}",
        "se": "{se:.3f}",
        "95% interval": "{lower95:+.3f} to {upper95:+.3f}",
        "unadjusted": "{unadjusted:+.3f}",
    }
    rows = found.map.merge(found.comparison[["region", "unadjusted"]], on="region")
    rows = largest_first(rows, value).head(_MOST_AFFECTED)
    yield Shown.of(f"{told}: the {_MOST_AFFECTED} regions that differ most (negative = thinner)", rows, columns)
    check = found.subject_check()
    yield (
        f"A single case's 90% interval is {check['ratio'].median():.0f} times as wide as the group's, and "
        f"{check['thinner'].median():.0%} of cases are thinner than comparable controls are on average (medians over "
        "regions): the map describes the group, not a person."
    )
