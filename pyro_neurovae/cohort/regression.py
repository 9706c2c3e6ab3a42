r"""Linear models of all regions at once: effect of the group, its errors, and how errors go together across regions.

For a region with thickness y, design X and weights w, the weighted least-squares effect of the group is linear in y,

.. math:: \hat\beta = \sum_i a_i y_i, \quad a_i = w_i \, c' (X' W X)^{-1} x_i,

so that its classical covariance between regions r and s is :math:`\sigma_{rs} \sum_i a_{ri} a_{si} / w_i`, and its HC3
covariance :math:`\sum_i a_{ri} a_{si} e_{ri} e_{si} / ((1 - h_{ri})(1 - h_{si}))`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InputError

__all__ = ["BOUND", "RANK", "Regression", "column_space", "hedges_factor", "regress", "solve_batch"]

BOUND = 1e-9  # how near a leverage of 1 is one
ALONE = 1e-10  # share of the group's column that covariates must leave
RANK = 1e-10  # singular values below this share of the largest are 0
SINGULAR = -25.0  # log of the determinant over that of the diagonal, below which rounding decides


@dataclass(frozen=True, eq=False)
class Regression:
    """Effect of the group on every region.

    Attributes
    ----------
    effect
        Difference of cases from controls given the covariates, in mm; (region,).
    sd
        Residual standard deviation, in mm; (region,).
    degrees
        Residual degrees of freedom; (region,).
    slope
        The weights a of the effect on the subjects, 0 where a subject lacks the region; (row, region).
    residual, leverage
        Residuals in mm and leverages, 0 where missing; (row, region).
    weights
        Weights of the subjects, mean 1; (row,).
    seen
        Whether a subject has the region; (row, region) bool.
    """

    effect: np.ndarray
    sd: np.ndarray
    degrees: np.ndarray
    slope: np.ndarray
    residual: np.ndarray
    leverage: np.ndarray
    weights: np.ndarray
    seen: np.ndarray

    def correlation(self) -> np.ndarray:
        """Correlation of the regions' residuals over the subjects that have both; (region, region)."""
        scaled = self.residual * np.sqrt(self.weights)[:, None]
        seen = self.seen.astype(float)
        squares = scaled**2
        both = np.sqrt((squares.T @ seen) * (seen.T @ squares))
        return np.divide(scaled.T @ scaled, both, out=np.eye(len(both)), where=both > 0)

    @property
    def bound(self) -> np.ndarray:
        """Whether a column of the model is a subject's own, the only one of a site for example; (row, region) bool.

        It is fitted without a residual, whatever its thickness, and moves nothing else.
        """
        return self.leverage > 1 - BOUND

    def left_out(self) -> np.ndarray:
        """Residual of each subject from the fit without it, e / (1 - h); 0 for one that is `bound`; (row, region)."""
        return np.divide(self.residual, 1 - self.leverage, out=np.zeros(self.residual.shape), where=~self.bound)

    def influence(self) -> np.ndarray:
        """What each subject moves the effect by, HC3: a e / (1 - h); (row, region)."""
        return self.slope * self.left_out()

    def classical(self) -> np.ndarray:
        """Covariance of the effects in mm^2 under one residual variance a region; (region, region)."""
        common = (self.slope / self.weights[:, None]).T @ self.slope
        return common * self.correlation() * np.outer(self.sd, self.sd)

    def hc3(self) -> np.ndarray:
        """Covariance of the effects in mm^2 whatever the subjects' variances (MacKinnon & White 1985)."""
        influence = self.influence()
        return influence.T @ influence

    def cohens_d(self) -> np.ndarray:
        """Cohen's d, Hedges-corrected: J(df) effect / sd; (region,)."""
        return hedges_factor(self.degrees) * self.effect / self.sd

    def d_classical(self) -> np.ndarray:
        r"""Covariance of Cohen's d; (region, region).

        .. math:: J_r J_s (\rho_{rs} v_{rs} + d_r d_s \rho_{rs}^2 / (2 \sqrt{df_r df_s}))

        with v from the design, d before the correction; with equal regions and no covariates it is the usual
        :math:`(n_1 + n_2)/(n_1 n_2) + d^2 / (2 df)` (Gleser & Olkin 1994).
        """
        factor, d, rho = hedges_factor(self.degrees), self.effect / self.sd, self.correlation()
        common = (self.slope / self.weights[:, None]).T @ self.slope
        spread = np.outer(d, d) * rho**2 / (2 * np.sqrt(np.outer(self.degrees, self.degrees)))
        return np.outer(factor, factor) * (rho * common + spread)

    def d_influence(self) -> np.ndarray:
        """What each subject moves Cohen's d by: through the effect, and through the residual sd; (row, region)."""
        square = self.weights[:, None] * self.residual * self.left_out()
        spread = np.where(self.seen & ~self.bound, square - self.sd**2, 0.0) / self.degrees
        moved = self.influence() / self.sd - self.effect / (2 * self.sd**3) * spread
        return hedges_factor(self.degrees) * moved

    def d_hc3(self) -> np.ndarray:
        """Covariance of Cohen's d whatever the subjects' variances, skewness or correlations; (region, region)."""
        influence = self.d_influence()
        return influence.T @ influence


def hedges_factor(degrees: np.ndarray) -> np.ndarray:
    """Factor J(df) = gamma(df/2) / (sqrt(df/2) gamma((df-1)/2)) that takes the bias off Cohen's d (Hedges 1981)."""
    from scipy.special import gammaln  # late: SciPy takes its time to import

    half = np.asarray(degrees) / 2
    return np.exp(gammaln(half) - gammaln(half - 0.5)) / np.sqrt(half)


def column_space(columns: np.ndarray) -> np.ndarray:
    """Orthonormal basis of the space of some columns, whatever their scales; (row, rank)."""
    norms = np.linalg.norm(columns, axis=0)
    scaled = columns[:, norms > 0] / norms[norms > 0]
    u, s, _ = np.linalg.svd(scaled, full_matrices=False)
    return u[:, s > RANK * s[0]]


def solve_batch(normal: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """Coefficients (batch, column, region) of normal equations, the shortest where columns depend on each other.

    A resampled cohort may lack a level of a factor. The second column is the group's.

    Parameters
    ----------
    normal, moments
        X'WX (batch, column, column) and X'Wy (batch, column, region).

    Raises
    ------
    InputError
        Where a member of the batch can't tell the group from the covariates.
    """
    scale = np.sqrt(np.einsum("bii->bi", normal).max(0))
    scale[scale == 0] = 1
    normal = normal / np.outer(scale, scale)
    beta, (sign, size) = np.empty_like(moments), np.linalg.slogdet(normal)
    with np.errstate(divide="ignore", invalid="ignore"):
        whole = (sign > 0) & (size - np.log(np.einsum("bii->bi", normal)).sum(-1) > SINGULAR)
    beta[whole] = np.linalg.solve(normal[whole], moments[whole] / scale[:, None])
    if not whole.all():
        inverse = np.linalg.pinv(normal[~whole], rcond=RANK, hermitian=True)
        group = (inverse @ normal[~whole])[:, 1]
        if np.abs(group - np.eye(group.shape[-1])[1]).max() > 1e-6:
            raise InputError(
                "a resampled cohort has no case or no control with a region, or of a level of a covariate; resample "
                "within it with --strata, or leave out the region or the covariate."
            )
        beta[~whole] = inverse @ (moments[~whole] / scale[:, None])
    return beta / scale[:, None]


def regress(thickness: np.ndarray, design: np.ndarray, weights: np.ndarray | None = None) -> Regression:
    """Fit every region by weighted least squares, over the subjects that have it.

    Parameters
    ----------
    thickness
        (row, region) in mm, NaN where missing.
    design
        (row, column); the second column is the group.
    weights
        (row,), above 0, scaled here to mean 1; None (the default) for equal ones.

    Raises
    ------
    InputError
        Where a region has too few subjects for the model, or the others separate the groups.
    """
    n, regions = thickness.shape
    weight = np.ones(n) if weights is None else weights / weights.mean()
    seen = ~np.isnan(thickness)
    found = {name: np.zeros((n, regions)) for name in ("slope", "residual", "leverage")}
    effect, sd, degrees = np.zeros(regions), np.zeros(regions), np.zeros(regions)
    patterns, which = np.unique(seen, axis=1, return_inverse=True)
    for number, pattern in enumerate(patterns.T):
        columns = np.flatnonzero(np.ravel(which) == number)
        at = np.ix_(pattern, columns)
        root = np.sqrt(weight[pattern])
        # What these subjects have nothing of, a site that lacks the region for example, takes no degree of freedom.
        others = column_space(np.delete(design[pattern], 1, axis=1) * root[:, None])
        group = design[pattern, 1] * root
        own = group - others @ (others.T @ group)
        if own @ own <= ALONE * (group @ group):
            raise InputError(
                f"the covariates tell cases from controls without fail among the {int(pattern.sum())} subjects that "
                "have a region, so that there is nothing to compare; leave out the covariate that separates them."
            )
        q = np.column_stack([others, own / np.linalg.norm(own)])
        scaled = thickness[at] * root[:, None]
        left = scaled - q @ (q.T @ scaled)
        slope = own * root / (own @ own)
        effect[columns] = slope @ thickness[at]
        degrees[columns] = pattern.sum() - q.shape[1]
        if degrees[columns[0]] < 2:  # with one, Hedges' factor is 0
            raise InputError(
                f"{int(pattern.sum())} subjects have a region, for {q.shape[1]} columns of the model; leave "
                "covariates out."
            )
        sd[columns] = np.sqrt((left**2).sum(0) / degrees[columns])
        found["slope"][at] = slope[:, None]
        found["residual"][at] = left / root[:, None]
        found["leverage"][at] = (q**2).sum(1)[:, None]
    return Regression(effect, sd, degrees, weights=weight, seen=seen, **found)
