"""Single subjects: w-scores against controls, and how much wider a prediction of one is than the group's map."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import SettingsError
from .design import Design
from .regression import BOUND, RANK, regress
from .subjects import Subjects

__all__ = ["subject_check", "w_scores", "without_controls"]

_NEAR = 1e-8


def w_scores(subjects: Subjects, design: Design) -> pd.DataFrame:
    r"""Deviation of each subject from controls of the same covariates; a frame (subject, region).

    .. math:: w_{ir} = (y_{ir} - x_i' \hat\gamma_r) / s_r

    with :math:`\hat\gamma_r` and the residual sd :math:`s_r` from the controls. A control is left out of the fit
    that predicts it, so that its score is comparable with a case's. Negative is thinner than expected. NaN for a
    subject that no control is like, of a site of patients only for example.

    References
    ----------
    Jack et al. (1997), Neurology 49, 786-794; La Joie et al. (2012), Journal of Neuroscience 32, 16265-16273.
    """
    controls, x = ~design.case, design.without_group
    expected, sd = np.full(subjects.thickness.shape, np.nan), np.full(len(subjects.regions), np.nan)
    seen = ~np.isnan(subjects.thickness)
    for region in range(len(subjects.regions)):
        rows = controls & seen[:, region]
        y, (q, others, known) = subjects.thickness[rows, region], _basis(x, rows)
        residual, leverage = y - q @ (q.T @ y), (q**2).sum(1)
        if len(y) == q.shape[1]:  # controls that the covariates tell without an error have no spread
            continue
        sd[region] = np.sqrt((residual**2).sum() / (len(y) - q.shape[1]))
        expected[known, region] = others[known] @ (q.T @ y)
        alone = leverage > 1 - BOUND  # the only control of a site predicts itself
        expected[rows, region] = np.where(alone, np.nan, y - residual / np.where(alone, 1, 1 - leverage))
    scores = (subjects.thickness - expected) / sd
    return pd.DataFrame(scores, index=pd.Index(subjects.names, name="subject"), columns=list(subjects.regions))


def without_controls(design: Design) -> np.ndarray:
    """Whether no control has what a subject has, as the only one of a site or among patients only; (row,) bool."""
    return ~_basis(design.without_group, ~design.case)[2]


def _basis(x: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Columns as an orthonormal basis over some rows, the same of all rows, and which rows lie in what they span."""
    norms = np.linalg.norm(x, axis=0)
    scaled = x / np.where(norms > 0, norms, 1)
    u, s, directions = np.linalg.svd(scaled[rows], full_matrices=False)
    kept = s > RANK * s[0]
    directions = directions[kept]
    inside = scaled @ directions.T
    off = np.linalg.norm(scaled - inside @ directions, axis=1)
    return u[:, kept], inside / s[kept], off <= _NEAR * np.linalg.norm(scaled, axis=1)


def subject_check(subjects: Subjects, design: Design, *, level: float = 0.9) -> pd.DataFrame:
    """Compare the group's interval with the spread of its members; one row a region.

    Parameters
    ----------
    level
        Probability of the intervals.

    Returns
    -------
    DataFrame
        region; d; group_width, width of the interval of the group's mean effect, and individual_width, that of a
        new case, both in residual sds; ratio of the two; covered_individual, share of the cases inside an
        interval of the second kind that was made without them (should be near ``level``); covered_group, share of them
        inside the group's interval; thinner, share of them thinner than a control of the same covariates is on
        average.

    Raises
    ------
    SettingsError
        For a level outside 0 to 1.
    """
    from scipy.stats import t as student  # late: SciPy takes its time to import

    if not 0 < level < 1:
        raise SettingsError(f"level is {level}; give a number between 0 and 1.")
    fitted, case = regress(subjects.thickness, design.matrix), design.case
    seen = (fitted.seen & ~fitted.bound)[case]
    left_out = fitted.left_out()[case]  # each case predicted without it
    reach = student.ppf(0.5 + level / 2, fitted.degrees)
    # Cases may vary more than controls: their own sd speaks of them.
    own = np.sqrt(np.where(seen, fitted.residual[case] * left_out, 0).sum(0) / seen.sum(0))
    error = np.sqrt(np.diag(fitted.hc3()))
    wide = reach * own / np.sqrt(np.where(seen, 1 - fitted.leverage[case], 1))
    inside = np.where(seen, np.abs(left_out) < wide, 0).sum(0) / seen.sum(0)
    narrow = np.where(seen, np.abs(left_out) < reach * error, 0).sum(0) / seen.sum(0)
    thinner = np.where(seen, fitted.effect + fitted.residual[case] < 0, 0).sum(0) / seen.sum(0)
    group_width, individual_width = 2 * reach * error / fitted.sd, 2 * reach * own / fitted.sd
    return pd.DataFrame(
        {
            "region": list(subjects.regions),
            "d": fitted.cohens_d(),
            "group_width": group_width,
            "individual_width": individual_width,
            "ratio": individual_width / group_width,
            "covered_individual": inside,
            "covered_group": narrow,
            "thinner": thinner,
        }
    )
