r"""Sampling covariance of a contrast: errors of means that go together, and what an estimated sd adds to each.

.. math:: V = D C D + \mathrm{diag}(f \, \mathrm{se}^2), \quad D = \mathrm{diag}(\sqrt{1 - f} \, \mathrm{se})

C is the correlation of the errors of the groups' means, from the contrast's own people and shrunk; f the share of a
squared standard error that comes from estimating the sd that Cohen's d is divided by, 0 for millimetres. That share
grows with the effect: put through C it would pull every effect towards zero (Peelle's puzzle), so it stays on the
diagonal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..atlases.normative import normative_people
from ..studies.sampling import sampling_covariance
from .balance import effective_size
from .regression import Regression, hedges_factor
from .shrinkage import NORMATIVE_WEIGHT, shrunk_to_none, shrunk_to_target

__all__ = ["EffectCovariance", "effect_covariance", "null_covariance"]


@dataclass(frozen=True, eq=False)
class EffectCovariance:
    """How the errors of a contrast go together.

    Attributes
    ----------
    values
        Covariance (region, region), its diagonal the squared standard errors.
    spread_share
        Share of each squared standard error that comes from estimating the sd; (region,), 0 for millimetres.
    target
        What the correlations were shrunk towards: the name of a normative correlation, "given" or "none".
    share
        How far: 0 not at all, 1 wholly.
    people
        Number of subjects, as if all weighed alike, that the contrast's own correlations rest on.
    """

    values: np.ndarray
    spread_share: np.ndarray
    target: str
    share: float
    people: float

    def told(self) -> str:
        """Say in a sentence what the correlations of errors rest on."""
        if self.target == "none":
            return f"correlations of sampling errors are the subjects' own, less {self.share:.0%} (Ledoit & Wolf)."
        whose = "the table given"
        if self.target != "given":
            whose = f"the normative correlation ({self.target}, {normative_people(self.target):,} other people)"
        return (
            f"correlations of sampling errors are the subjects' own, which count as {self.people:.0f} people, mixed "
            f"with those of {whose}, which count as {NORMATIVE_WEIGHT:.0f}."
        )


def effect_covariance(
    fitted: Regression,
    *,
    effect: str,
    errors: str,
    replicates: np.ndarray | None = None,
    target: tuple[np.ndarray | None, str] = (None, "none"),
) -> EffectCovariance:
    """Estimate the sampling covariance of a contrast's effects.

    Parameters
    ----------
    fitted
        The linear models.
    effect, errors
        As in `contrast`.
    replicates
        Effects (replicate, region) of the bootstrap; needed for its errors only.
    target
        As `target_correlation` gives it.
    """
    people = effective_size((fitted.slope**2).mean(1))
    own = fitted.hc3()  # of the means, in mm; correlations are the same in sds
    rows = fitted.influence()
    if errors == "classical":
        own, rows, people = fitted.classical(), fitted.residual, effective_size(fitted.weights)
    elif errors == "bootstrap":
        assert replicates is not None
        own, rows = np.cov(replicates.T), fitted.residual
        people = 1 / (1 / people + 1 / len(replicates))  # few replicates make a correlation as rough as few people do
    se, spread = _errors(fitted, effect, errors, replicates)
    sd = np.sqrt(np.diag(own))
    correlation = own / np.outer(sd, sd)
    square, name = target
    shrunk, share = _shrunk(correlation, rows, square, people)
    return EffectCovariance(sampling_covariance(se, spread, shrunk), spread, name, share, people)


def null_covariance(
    fitted: Regression, residual: np.ndarray, *, effect: str, target: tuple[np.ndarray | None, str] = (None, "none")
) -> np.ndarray:
    """Sampling covariance of effects where groups do not differ, the same whoever is called a case; (region, region).

    From what the columns other than the group leave of the thickness. The contrast's own covariance rests on what the
    group leaves too: along its very effect it is too small, and that of no other dealing of the groups, so that against
    permuted ones the contrast would stand out in a quarter of the cases in place of a twentieth.

    Parameters
    ----------
    fitted
        The linear models.
    residual
        Residuals of the columns other than the group, 0 where missing; (row, region).
    effect, target
        As in `effect_covariance`.
    """
    people = effective_size((fitted.slope**2).mean(1))
    size = np.sqrt((residual**2).sum(0))
    correlation = residual.T @ residual / np.outer(size, size)
    shrunk, _ = _shrunk(correlation, residual, target[0], people)
    se = np.sqrt(np.diag(fitted.classical()))  # in mm
    if effect == "d":
        se = se * hedges_factor(fitted.degrees) / fitted.sd
    return sampling_covariance(se, 0.0, shrunk)


def _shrunk(
    correlation: np.ndarray, rows: np.ndarray, square: np.ndarray | None, people: float
) -> tuple[np.ndarray, float]:
    """Correlation shrunk towards a target, by people, or towards none, by the rows that it rests on; and how far."""
    if square is None:
        return shrunk_to_none(correlation, rows)
    return shrunk_to_target(correlation, square, people)


def _errors(
    fitted: Regression, effect: str, errors: str, replicates: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Standard errors, and the share of their squares that comes from estimating the sd; (region,) each."""
    if errors == "bootstrap":
        assert replicates is not None
        square = replicates.var(0, ddof=1)
        spread = fitted.cohens_d() ** 2 / (2 * fitted.seen.sum(0))
        return np.sqrt(square), np.minimum(spread / square, 1) if effect == "d" else np.zeros(len(square))
    of_means = np.diag(fitted.classical() if errors == "classical" else fitted.hc3())
    if effect == "mm":
        return np.sqrt(of_means), np.zeros(len(of_means))
    square = np.diag(fitted.d_classical() if errors == "classical" else fitted.d_hc3())
    of_means = of_means * (hedges_factor(fitted.degrees) / fitted.sd) ** 2
    # Where a skewed region's mean and sd err against each other, the whole errs less than its mean alone.
    return np.sqrt(square), np.maximum(1 - of_means / square, 0)
