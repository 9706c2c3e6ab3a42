"""The checklist of arXiv:2606.05870: its checks, and what may be concluded from the figures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..atlases.atlas import dk68_names
from ..studies.study import Study

__all__ = ["PAPER_FIGURES", "SCHEMES", "conclude", "conclude_copied", "paper_checks"]

_REGIONS, _GENES = 68, 910
_LEAST_R2, _LEAST_R = 0.85, 0.90

# What the paper reports of its fit, by the names of scores.
PAPER_FIGURES = {"r2": 0.860, "r": 0.944}

# Schemes of folds that it is held against, in words.
SCHEMES = {"pairs": "homologue pairs", "blocks": "spatial blocks"}

_LABELS = {"r2": "explained variance", "r": "spatial correlation"}


def paper_checks(study: Study, in_sample: Mapping[str, float], twin: Mapping[str, float]) -> pd.DataFrame:
    """Go through the checklist on a study and the in-sample ``r2`` and ``r`` of its fit; see `Verification`.

    These are of the predictable part: a whole effect follows its own observation. Those of copying the other
    hemisphere's values (``twin``) stand as notes beside what the paper reports; they are left out where no two
    homologues have values.
    """
    return pd.DataFrame([*_data_checks(study), *_fit_checks(in_sample), *_twin_notes(twin)])


def conclude(in_sample: float, held_out: dict[str, dict[str, float]], ceiling: float | None) -> str:
    """Say what the figures allow to conclude."""
    parts = " and ".join(f"{scores['r2']:.2f} on {SCHEMES[scheme]}" for scheme, scores in held_out.items())
    if ceiling is None:
        first = f"Without standard errors no ceiling is known for the in-sample R2 of {in_sample:.2f}."
    elif in_sample > ceiling:
        first = (
            f"The in-sample R2 of {in_sample:.2f} is above the noise ceiling of {ceiling:.2f}: no true pattern can "
            "explain so much, so the fit has followed sampling error, and the figure says nothing of how expression "
            "goes with thinning."
        )
    else:
        first = (
            f"The in-sample R2 of {in_sample:.2f} is below the noise ceiling of {ceiling:.2f}, which proves nothing."
        )
    if not any(scores["r2"] > 0 for scores in held_out.values()):
        second = f"Held out, R2 is {parts}: the model predicts unseen regions no better than the map's mean."
    else:
        second = f"Held out, R2 is {parts}: that is what the model can be said to predict."
    third = "In-sample figures are of the predictable part, since a whole effect follows its own observation."
    return f"{first} {second} {third}"


def conclude_copied(twin: dict[str, float]) -> str:
    """Say what copying the other hemisphere gives, after a space; nothing where there is nothing to copy."""
    if not np.isfinite(twin["r2"]):
        return ""
    return (
        f" Copying the homologue's value, with no gene at all, gives R2 {twin['r2']:.2f} and r {twin['r']:.2f}; the "
        f"paper reports {PAPER_FIGURES['r2']:.3f} and {PAPER_FIGURES['r']:.3f} of its fit."
    )


def _data_checks(study: Study) -> list[dict[str, str]]:
    regions, genes = study.expression.shape
    panel = "pass" if genes == _GENES else "note"
    weights, names = study.graph.weights, study.graph.names
    binary = bool(np.isin(weights, (0.0, 1.0)).all())
    symmetric = bool(np.array_equal(weights, weights.T))
    ours = sum(name in dk68_names() for name in names)
    observed = int(study.thinning_observed.sum())
    labelled = _status(ours == len(names) == _REGIONS)
    return [
        _row("expression", f"{regions} x {genes}", f"{_REGIONS} x {_GENES}", panel if regions == _REGIONS else "fail"),
        _row("thinning", f"{observed} x 1", f"{_REGIONS} x 1", _status(observed == _REGIONS)),
        _row("adjacency binary", _yes(binary), "yes", _status(binary)),
        _row("adjacency symmetric", _yes(symmetric), "yes", _status(symmetric)),
        _row("Desikan-Killiany labels", f"{ours} of {len(names)}", f"{_REGIONS}", labelled),
    ]


def _fit_checks(in_sample: Mapping[str, float]) -> list[dict[str, str]]:
    wanted = {"r2": _LEAST_R2, "r": _LEAST_R}
    return [
        _row(f"{_LABELS[name]}, in-sample", f"{in_sample[name]:.3f}", f"> {least}", _status(in_sample[name] > least))
        for name, least in wanted.items()
    ]


def _twin_notes(twin: Mapping[str, float]) -> list[dict[str, str]]:
    return [
        _row(f"{_LABELS[name]}, homologue copied", f"{twin[name]:.3f}", f"paper {figure:.3f}", "note")
        for name, figure in PAPER_FIGURES.items()
        if np.isfinite(twin[name])
    ]


def _row(check: str, found: str, expected: str, status: str) -> dict[str, str]:
    return {"check": check, "found": found, "expected": expected, "status": status}


def _status(passed: bool) -> str:
    return "pass" if passed else "fail"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
