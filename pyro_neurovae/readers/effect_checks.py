"""Whether the numbers of a map are effects of the kind that they are taken for, and which way they point."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import InputError
from .column_names import KINDS, name_words
from .magnitudes import check_magnitude, constant

__all__ = ["TURN_ROUND", "check_effects", "check_kind", "sign_notice", "twin_notice"]

# Typical size beyond which numbers are no Cohen's d of thickness, whatever the disease.
LARGEST_D = 5.0
# Thickness of the cortex in mm, which a difference between groups is not.
THINNEST, THICKEST = 0.8, 6.0
# How many times the usual size of a map's effects any of them is at most: the public maps have up to 40.
FURTHEST = 1000.0
# So many equal pairs are no chance.
FEWEST_TWINS = 8
# Share of regions from which on a map is mostly positive.
MOSTLY = 0.6
# What a notice advises where the signs are in doubt; who weighs notices knows it by these words.
TURN_ROUND = "turn the signs round with --flip"
# Words of a name after which larger numbers may mean thinner.
LOSS = {"thinning", "atrophy", "loss", "shrinkage", "degeneration", "reduction"}
# Controls, as the first group of a contrast "HC - AD" that makes thinning positive.
CONTROLS = {"hc", "cn", "nc", "ctl", "ctrl", "con", "control", "controls", "healthy", "normal"}


def check_kind(kind: str) -> None:
    """Raise InputError for a kind of effect that is neither a key of `column_names.KINDS` nor "auto"."""
    known = ["auto", *filter(None, KINDS)]
    if kind not in known:
        raise InputError(f"unknown kind of effect {kind!r}: the known ones are {', '.join(known)}.")


def check_effects(
    value: np.ndarray, kind: str, *, labels: Sequence[str], source: str, column: str, asked: bool = False
) -> None:
    """Raise InputError for numbers too large or small to compute with, or that are not of the kind they are taken for.

    Parameters
    ----------
    value, kind
        Effects (region,), NaN where missing, and a key of `column_names.KINDS`.
    labels, source, column
        Names of the regions, the file and the column, for the sentence.
    asked
        Whether the user says the kind, and not the name; False (the default) holds the name against the numbers.
    """
    what, which = ("the effect", "it") if column == source else (f"column {column}", column)
    check_magnitude(value, labels=labels, source=source, what=what, furthest=FURTHEST)
    known = value[~np.isnan(value)]
    if known.size > 1 and constant(known):
        raise InputError(
            f"{source}: {what} is {known[0]:g} in every region, up to rounding; name the column of the effect with "
            "--value-column."
        )
    if asked or not known.size:
        return
    typical = np.median(np.abs(known))
    if kind == "d" and typical > LARGEST_D:
        raise InputError(
            f"{source}: {which} is called an effect size and has a median size of {typical:.3g}, which no Cohen's d "
            'has; say what it is with --kind, such as t or percent (in Python kind="t").'
        )
    if kind in ("", "mm", "b") and known.min() > THINNEST and known.max() < THICKEST and known.max() < 3 * known.min():
        raise InputError(
            f"{source}: {which} is {known.min():.3g} to {known.max():.3g}, as the thickness of a group is in mm and a "
            "difference between groups is not; name the column of the effect with --value-column, or say what this "
            'one is with --kind (in Python kind="mm").'
        )


def sign_notice(
    value: np.ndarray,
    *,
    source: str,
    column: str = "",
    name: str = "",
    contrast: str | None = None,
    flipped: bool = False,
) -> list[str]:
    """Say that a map looks as if thinner were positive: by its numbers, or by the name of its column or contrast.

    Parameters
    ----------
    value
        Effects (region,), as they are read.
    source, column, name
        Names of the file, of the column and of the map; the last counts only where most effects are positive, for a
        map may be called thinning whatever its sign.
    contrast
        What the table calls the contrast of all its rows; None (the default) where it does not.
    flipped
        Whether the user has turned the signs round; then nothing is left to say.
    """
    known = value[~np.isnan(value)]
    if flipped or not known.size:
        return []
    share = float((known > 0).mean())
    called = LOSS & set(name_words(f"{column} {name if share > 0.5 else ''}"))
    hints = []
    if share > MOSTLY:
        hints.append(f"{(known > 0).sum()} of {known.size} effects are positive")
    if called:
        hints.append(f"it is called {min(called)}")
    if contrast is not None and set(name_words(contrast)[:1]) & CONTROLS:
        hints.append(f"its contrast is {contrast}")
    if not hints:
        return []
    return [
        f"{source}: {' and '.join(hints)}, and negative is read as thinner in cases; where positive means thinner, "
        f"{TURN_ROUND} (in Python flip=True)."
    ]


def twin_notice(value: np.ndarray, names: Sequence[str], *, source: str) -> list[str]:
    """Say that both hemispheres have the same numbers, so that each counts twice; ``names`` are the graph's regions."""
    held = dict(zip(names, value, strict=True))
    sides = [(held[name], held.get(f"R_{name[2:]}", np.nan)) for name in names if name.startswith("L_")]
    both = [(left, right) for left, right in sides if not np.isnan(left + right)]
    if len(both) < FEWEST_TWINS or any(left != right for left, right in both):
        return []
    return [
        f"{source}: left and right have the same values in all {len(both)} pairs, as means of both have, which then "
        "count twice; keep the rows of one hemisphere for intervals that do not."
    ]
