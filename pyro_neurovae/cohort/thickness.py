"""Thickness of subjects' regions from one or several files, put side by side by subject and region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..atlases.atlas import dk68_names
from ..errors import InputError
from ..readers.magnitudes import check_magnitude
from ..wording import first_names
from .missing_codes import check_suspects

__all__ = ["HEMISPHERES", "SCALES", "Thickness", "check_scale", "join_thickness"]

# The cortex is 1 to 4.5 mm thick; a region's mean outside this range is a wrong unit, code or column.
RANGE = (0.5, 6.0)
SCALES = ("mm", "free")
HEMISPHERES = {"both": "LR", "left": "L", "right": "R"}


@dataclass(frozen=True, eq=False)
class Thickness:
    """Mean cortical thickness of regions, one row a scan.

    Attributes
    ----------
    source
        File or argument.
    subjects, regions
        Subject of each row, and name of each column.
    values
        Thickness (row, region) in mm, NaN where missing.
    visits
        Visit of each row; empty where the source tells none.
    columns
        What else the source says of each row, QC and covariates for example.
    notices
        What was dropped or assumed, one sentence each.
    """

    source: str
    subjects: tuple[str, ...]
    regions: tuple[str, ...]
    values: np.ndarray
    visits: tuple[str, ...] = ()
    columns: pd.DataFrame = field(default_factory=pd.DataFrame)
    notices: tuple[str, ...] = ()

    @property
    def keys(self) -> list[tuple[str, str]]:
        """Subject and visit of each row."""
        return list(zip(self.subjects, self.visits or [""] * len(self.subjects), strict=True))


def join_thickness(parts: Sequence[Thickness], hemispheres: str = "both") -> Thickness:
    """Put hemispheres side by side by subject (and visit), in the order of the first part and of the atlas.

    Raises
    ------
    InputError
        If two parts hold the same regions, a subject is in one part only, or a hemisphere is missing.
    """
    joined = parts[0]
    for part in parts[1:]:
        joined = _beside(joined, part)
    wanted = HEMISPHERES[hemispheres]
    lacking = [side for side in wanted if not any(region[0] == side for region in joined.regions)]
    if lacking:
        side, other = {"L": ("left", "right"), "R": ("right", "left")}[lacking[0]]
        raise InputError(
            f"{joined.source}: no region of the {side} hemisphere; give its table too, "
            f'or say --hemispheres {other} (hemispheres="{other}").'
        )
    order = [name for name in dk68_names() if name in joined.regions and name[0] in wanted]
    place = [joined.regions.index(name) for name in order]
    return Thickness(
        joined.source,
        joined.subjects,
        tuple(order),
        joined.values[:, place],
        joined.visits,
        joined.columns,
        joined.notices,
    )


def check_scale(thickness: Thickness, scale: str = "mm", *, suspects: bool = True) -> None:
    """Check that every thickness is between 0.5 and 6 mm or, on a free scale, a number that can be computed with.

    ``suspects`` looks for codes for missing on a free scale.

    Raises
    ------
    InputError
        Naming subject and region of the first that is not.
    """
    if scale == "free":
        for column, region in enumerate(thickness.regions):
            values, what = thickness.values[:, column], f"thickness of {region}"
            check_magnitude(values, labels=thickness.subjects, source=thickness.source, what=what)
            if suspects:
                check_suspects(thickness.source, what, values)
        return
    low, high = RANGE
    with np.errstate(invalid="ignore"):
        outside = (thickness.values < low) | (thickness.values > high)
    if outside.any():
        row, column = np.argwhere(outside)[0]
        raise InputError(
            f"{thickness.source}, subject {thickness.subjects[row]}, region {thickness.regions[column]}: thickness "
            f"{thickness.values[row, column]:g} is outside {low} to {high:g} mm ({int(outside.sum())} such values); "
            "correct it, leave it empty if it is missing (--missing-codes for a code), or check the unit and the "
            "column, or say --scale free for z-scores, residuals and the like."
        )


def _beside(left: Thickness, right: Thickness) -> Thickness:
    both = [region for region in right.regions if region in left.regions]
    if both:
        kind = {"L": "left", "R": "right"}[both[0][0]]
        raise InputError(
            f"{left.source} and {right.source} both hold the {kind} hemisphere ({first_names(both, limit=2)}); "
            "give one table of each hemisphere."
        )
    for one, other in ((left, right), (right, left)):
        _unique(one)
        absent = sorted(set(one.keys) - set(other.keys))
        if absent:
            raise InputError(
                f"subject {' '.join(absent[0]).strip()} is in {one.source} and not in {other.source} "
                f"({len(absent)} such rows in all); give both hemispheres of every subject."
            )
    place = {key: row for row, key in enumerate(right.keys)}
    rows = [place[key] for key in left.keys]
    columns = right.columns.iloc[rows].reset_index(drop=True) if len(right.columns.columns) else right.columns
    new = [column for column in columns.columns if column not in left.columns.columns]
    return Thickness(
        f"{left.source} and {right.source}",
        left.subjects,
        left.regions + right.regions,
        np.concatenate([left.values, right.values[rows]], axis=1),
        left.visits,
        pd.concat([left.columns, columns[new]], axis=1),
        left.notices + right.notices,
    )


def _unique(thickness: Thickness) -> None:
    keys = thickness.keys
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InputError(
            f"{thickness.source}: subject {' '.join(twice).strip()} has {keys.count(twice)} rows; "
            "keep one row for each scan."
        )
