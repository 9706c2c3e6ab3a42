"""The checklist of arXiv:2606.05870: each check with what was found, what was expected, and its status."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..atlases.atlas import dk68_names
from ..studies.study import Study

__all__ = ["paper_checks"]

_REGIONS, _GENES = 68, 910
_LEAST_R2, _LEAST_R = 0.85, 0.90


def paper_checks(study: Study, in_sample: Mapping[str, float]) -> pd.DataFrame:
    """Go through the checklist on a study and the in-sample ``r2`` and ``r`` of its fit; see `Verification`."""
    return pd.DataFrame([*_data_checks(study), *_fit_checks(in_sample)])


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
    wanted = {"r2": ("explained variance", _LEAST_R2), "r": ("spatial correlation", _LEAST_R)}
    return [
        _row(f"{label}, in-sample", f"{in_sample[name]:.3f}", f"> {least}", _status(in_sample[name] > least))
        for name, (label, least) in wanted.items()
    ]


def _row(check: str, found: str, expected: str, status: str) -> dict[str, str]:
    return {"check": check, "found": found, "expected": expected, "status": status}


def _status(passed: bool) -> str:
    return "pass" if passed else "fail"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
