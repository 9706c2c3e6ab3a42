"""Exact algebra of what is linear and Gaussian given the scales: posteriors, draws, leave-one-out densities."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pyro_neurovae.models.linear import LinearModel
from pyro_neurovae.models.marginal import PartlySeenNormal

__all__ = [
    "LinearDraws",
    "draw_linear",
    "leave_one_out",
    "log_mean",
    "normal_log_density",
    "predict_unseen",
    "seen_root",
]

# Columns of an inverse that are found together: few enough that most of the noughts above them are left out.
_COLUMNS = 100


def normal_log_density(white: Tensor) -> Tensor:
    """Log density of standard normal numbers, element by element."""
    return -0.5 * (white.square() + math.log(2 * math.pi))


def log_mean(log_values: Tensor, dim: int) -> Tensor:
    """Log of the mean over one dimension of numbers given by their logs."""
    return log_values.logsumexp(dim) - math.log(log_values.shape[dim])


@dataclass(frozen=True)
class LinearDraws:
    """Draws of what was integrated out, in map units.

    Attributes
    ----------
    wide
        Coefficients of the fixed maps: a, and l where the family has the structural axis; (replicate, draw,
        map, coefficient).
    weights
        Coefficients of each part's root; part to (replicate, draw, map, coefficient).
    fields
        Each part as a map, the structural axis with the structural part; part to (replicate, draw, map, region).
    regional
        What is a region's own, sigma e; (replicate, draw, map, region).
    error
        Sampling error of each value that was or could have been observed; (replicate, draw, map, region).
    """

    wide: Tensor
    weights: dict[str, Tensor]
    fields: dict[str, Tensor]
    regional: Tensor
    error: Tensor

    @property
    def intercept(self) -> Tensor:
        """Intercept a; (replicate, draw, map)."""
        return self.wide[..., 0]

    @property
    def predictable(self) -> Tensor:
        """What programs and fields give, a + sum of the parts; (replicate, draw, map, region)."""
        return self.intercept[..., None] + sum(self.fields.values())


def seen_root(model: LinearModel, whole: Tensor) -> Tensor:
    """Cholesky factor of the seen part of a marginal covariance; both (replicate, draw, map, region, region)."""
    return PartlySeenNormal(whole, model.data.seen[:, None]).seen_root()


def draw_linear(
    model: LinearModel,
    scales: Mapping[str, Tensor],
    roots: Mapping[str, Tensor],
    noise: Mapping[str, Tensor],
    root: Tensor | None,
) -> LinearDraws:
    r"""Draw all that was integrated out from its exact conditional given scales, programs and seen thinning.

    Matheron's rule: draw weights and data from the prior, then add the gain times the residual,
    :math:`w + \sigma_p R_p \Sigma^{-1} (y - y_{\mathrm{prior}})`. One Cholesky factor serves all parts, the regional
    one and the sampling errors too, those of regions that were not seen among them.

    Parameters
    ----------
    model, scales, roots
        The model, its scales (replicate, draw, map) and its parts' roots.
    noise
        Standard normal numbers: "wide" (replicate, draw, map, coefficient), "regional" and "error" (replicate, draw,
        map, region) and one entry a part (replicate, draw, map, coefficient).
    root
        What `seen_root` gives; None draws from the prior.
    """
    data = model.data
    levels = model.levels[:, None]
    wide = levels * noise["wide"]
    weights = {part: noise[part] for part in model.parts}
    own = model.noise.unexplained(scales)  # (replicate, draw, map, region or 1)
    regional = own.sqrt() * noise["regional"]
    error = (data.sampling_root[:, None] @ noise["error"][..., None])[..., 0]
    if root is not None:
        simulated = sum(_field(model, scales, roots, weights, part) for part in model.parts)
        residual = data.thinning[:, None] - (wide @ model.wide + simulated + regional + error)
        seen = data.seen[:, None]
        gain = _masked(torch.cholesky_solve(_masked(residual, seen)[..., None], root)[..., 0], seen)
        pulls = {part: model.seen_back(part, gain, scales) for part in model.parts}
        wide = wide + levels.square() * (gain @ model.wide.mT)
        weights = {
            part: weights[part] + scales[f"{part}_scale"][..., None] * _times(pulls[part], roots[part].mT)
            for part in model.parts
        }
        regional = regional + own * gain
        error = error + (data.sampling[:, None] @ gain[..., None])[..., 0]
    fields = {part: _field(model, scales, roots, weights, part) for part in model.parts}
    if "structural" in fields:
        fields["structural"] = fields["structural"] + wide[..., 1:] @ model.wide[1:]
    return LinearDraws(wide, weights, fields, regional, error)


def predict_unseen(model: LinearModel, whole: Tensor, root: Tensor) -> tuple[Tensor, Tensor]:
    r"""Mean and standard deviation of each value given the seen ones, all linear integrated out.

    :math:`\Sigma_{*o} \Sigma_{oo}^{-1} y_o` and its variance (Rasmussen & Williams 2006, equation 2.19), with the
    errors' covariance in Sigma: what is known of the seen errors is known of the unseen ones. Both (replicate, draw,
    map, region); of a seen value they say nothing. ``whole`` is the covariance of all values (replicate, draw, map,
    region, region), ``root`` its `seen_root`.
    """
    seen = model.data.seen[:, None]
    across = torch.where(
        seen[..., None, :] & ~seen[..., :, None], whole, torch.zeros_like(whole)
    )  # (..., unseen, seen)
    known = _masked(model.data.thinning[:, None], seen)
    half = torch.linalg.solve_triangular(root, across.mT, upper=False)
    white = torch.linalg.solve_triangular(root, known[..., None].expand(*root.shape[:-1], 1), upper=False)
    variance = whole.diagonal(dim1=-2, dim2=-1) - half.square().sum(-2)
    return (half.mT @ white)[..., 0], variance.sqrt()


def leave_one_out(model: LinearModel, root: Tensor) -> tuple[Tensor, Tensor]:
    """Log density and distribution function of each seen value given the other seen ones and the scales.

    With P the inverse of the seen covariance, whose `seen_root` is given, and r = P y, value i has mean
    y_i - r_i / P_ii and variance 1 / P_ii (Sundararajan & Keerthi 2001; Buerkner et al. 2021). Both (replicate,
    draw, map, region), NaN where unseen.
    """
    seen = model.data.seen[:, None]
    diagonal = _precision_diagonal(root)
    known = _masked(model.data.thinning[:, None], seen)[..., None]
    weighted = torch.cholesky_solve(known.expand(*root.shape[:-1], 1), root)[..., 0]
    density = 0.5 * (diagonal.log() - weighted.square() / diagonal - math.log(2 * math.pi))
    unseen = ~seen.expand_as(density)
    below = torch.special.ndtr(weighted / diagonal.sqrt())
    return density.masked_fill(unseen, math.nan), below.masked_fill(unseen, math.nan)


def _precision_diagonal(root: Tensor) -> Tensor:
    """Diagonal of the inverse of L L', the squared columns of L^-1, which end where L's do; (..., region)."""
    found = []
    for first in range(0, root.shape[-1], _COLUMNS):
        rest = root[..., first:, first:]
        units = torch.eye(rest.shape[-1], dtype=root.dtype, device=root.device)[:, :_COLUMNS]
        columns = torch.linalg.solve_triangular(rest, units.expand(*rest.shape[:-1], -1), upper=False)
        found.append(columns.square().sum(-2))
    return torch.cat(found, -1)


def _field(
    model: LinearModel,
    scales: Mapping[str, Tensor],
    roots: Mapping[str, Tensor],
    weights: Mapping[str, Tensor],
    part: str,
) -> Tensor:
    return scales[f"{part}_scale"][..., None] * model.seen_through(part, _times(weights[part], roots[part]), scales)


def _times(values: Tensor, matrix: Tensor) -> Tensor:
    """Product of values (replicate, draw, map, row) and a matrix, not copied where one serves all draws."""
    return values @ (matrix[0, 0] if matrix.shape[:2] == (1, 1) else matrix)


def _masked(values: Tensor, seen: Tensor) -> Tensor:
    return torch.where(seen, values, torch.zeros_like(values))
