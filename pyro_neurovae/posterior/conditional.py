"""What the draws of scales and programs say about one map: exact conditionals and residuals, in NumPy alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .. import inferencedata
from ..graphs.region_graph import RegionGraph
from ..models.settings import FitSettings
from ..studies.study import Study

__all__ = [
    "MapConditional",
    "Residuals",
    "drawn_residuals",
    "drawn_sites",
    "expression_kernel",
    "left_out_residuals",
    "transcriptomic_kernel",
]

# Draws that matrices are made for: an evenly spaced part of more says the same.
_MOST_DRAWS = 500


@dataclass(frozen=True)
class Residuals:
    """Standardised residuals of a map's seen regions; under the model both are the same in distribution.

    Attributes
    ----------
    observed
        (draw, region).
    replicated
        (draw or 1, replicate, region); 1 where a replicate goes with every draw.
    """

    observed: np.ndarray
    replicated: np.ndarray


@dataclass(frozen=True, eq=False)
class MapConditional:
    r"""A map given each draw of its scales and programs, everything linear integrated out.

    .. math:: y \sim N(0, \Sigma), \qquad \Sigma = l^2 1 1' + \sum_p \sigma_p^2 K_p + N, \qquad N = V + \sigma^2 I

    with the unit covariance :math:`K_p` of each part, over the regions the map has a value in. It is the model of
    `models.thinning.ThinningFamily`, in arrays that need no PyTorch.

    Attributes
    ----------
    observed
        y; (region,).
    covariance, noise
        Sigma and N; (draw, region, region).
    thinning
        The fit's own draws of noise-free thinning; (draw, region).
    """

    observed: np.ndarray
    covariance: np.ndarray
    noise: np.ndarray
    thinning: np.ndarray

    @classmethod
    def of(cls, idata: Any, study: Study, settings: FitSettings, chosen: int) -> MapConditional | None:
        """Take map number ``chosen`` of a fit; None for ``paper``, which is not linear, and for ``stacked``."""
        if settings.model in ("paper", "stacked"):
            return None
        seen = study.thinning_observed[chosen]
        draws = drawn_sites(idata, chosen)
        observed = study.thinning[chosen, seen]
        noise = _diagonal(draws["unexplained_scale"] ** 2, len(observed)) + _sampling(study, chosen, seen)
        covariance = noise + 4 * np.mean(observed**2)  # the intercept's prior sd is twice the root mean square
        if "spatial_scale" in draws:
            kind = getattr(settings.family, "spatial_prior", "icar")
            unit = unit_icar(study.graph) if kind == "icar" else np.eye(study.n_regions)
            covariance = covariance + draws["spatial_scale"][:, None, None] ** 2 * unit[np.ix_(seen, seen)]
        if "transcriptomic_scale" in draws:
            covariance = covariance + transcriptomic_kernel(draws, study, settings, seen)
        return cls(observed, covariance, noise, draws["thinning"][:, seen])

    @cached_property
    def precision(self) -> np.ndarray:
        """Inverse of the covariance; (draw, region, region)."""
        return np.linalg.inv(self.covariance)

    @cached_property
    def variance(self) -> np.ndarray:
        """Variance of each value given the other ones, 1 / P_ii; (draw, region)."""
        return 1 / np.diagonal(self.precision, axis1=1, axis2=2)

    def left_out(self, values: np.ndarray) -> np.ndarray:
        """Residual of each value from its mean given the other ones, in sds: standard normal.

        Of maps (draw or 1, replicate, region); (draw, replicate, region). With r = P y it is r_i / P_ii^(1/2)
        (Sundararajan & Keerthi 2001).
        """
        white: np.ndarray = values @ self.precision * np.sqrt(self.variance)[:, None]
        return white

    def log_density(self) -> np.ndarray:
        """Log density of each value given the other ones: the group log_likelihood; (draw, region)."""
        white = self.left_out(self.observed[None, None])[:, 0]
        return -0.5 * (white**2 + np.log(2 * np.pi * self.variance))

    def left_out_transforms(self) -> np.ndarray:
        """Probability that a value is below the observed one, given the other regions' values; (region,).

        Draws of the scales have seen the value: each is weighed by the inverse of the value's density given the
        others, which takes that away (Gelfand, Dey & Chang 1992).
        """
        from scipy.special import ndtr  # late: SciPy takes its time to import

        below = ndtr(self.left_out(self.observed[None, None])[:, 0])
        weight = np.exp(-self.log_density())
        transforms: np.ndarray = (weight * below).sum(0) / weight.sum(0)
        return transforms

    def standardised_draws(self) -> np.ndarray:
        """Noise-free thinning as drawn, standardised by its exact conditional: standard normal; (draw, region)."""
        gain = self.noise @ self.precision
        mean = self.observed - gain @ self.observed
        variance = np.diagonal(self.noise - gain @ self.noise, axis1=1, axis2=2)
        return (self.thinning - mean) / np.sqrt(variance)

    def replicate(self, rng: np.random.Generator, replicates: int) -> np.ndarray:
        """Draw the whole map anew given scales and programs; (draw, replicate, region)."""
        root = np.linalg.cholesky(self.covariance)
        white = rng.standard_normal((len(root), replicates, root.shape[-1]))
        return white @ root.swapaxes(1, 2)


def left_out_residuals(conditional: MapConditional, rng: np.random.Generator, *, total: int = 4000) -> Residuals:
    """Residual of each region from its prediction by the other ones, against maps drawn anew from scales and programs.

    A draw of noise-free thinning has seen the region's own value and followed it, so that residuals from it hide
    what the fields soaked up; residuals from what the other regions predict do not (Marshall & Spiegelhalter 2007).
    ``total`` is about the number of replicated maps.
    """
    replicates = max(1, round(total / len(conditional.covariance)))
    observed = conditional.left_out(conditional.observed[None, None])[:, 0]
    return Residuals(observed, conditional.left_out(conditional.replicate(rng, replicates)))


def drawn_residuals(idata: Any, study: Study, settings: FitSettings, chosen: int) -> Residuals:
    """Residual of each region from the drawn noise-free thinning, and of the posterior predictive from the same draw.

    Divided by the noise's sd, so that the replicates' distribution does not hang on the draw: each goes with all.
    """
    seen = study.thinning_observed[chosen]
    draws = drawn_sites(idata, chosen)
    counted = getattr(settings.family, "standard_errors", True)
    sampling = np.diagonal(_sampling(study, chosen, seen)) if counted else 0.0
    spread = np.sqrt(draws["unexplained_scale"][:, None] ** 2 + sampling)
    thinning = draws["thinning"][:, seen]
    replicated = (draws["replicated"][:, seen] - thinning) / spread
    return Residuals((study.thinning[chosen, seen] - thinning) / spread, replicated[None])


def expression_kernel(study: Study) -> np.ndarray:
    """X X' / g of the normalised expression, gene means taken off; (region, region), zero rows where unmeasured."""
    centred = study.centred_expression()
    kernel: np.ndarray = centred @ centred.T / centred.shape[1]
    return kernel


def unit_icar(graph: RegionGraph) -> np.ndarray:
    """Covariance of the scaled ICAR prior, as `models.gmrf.GMRF` of kind "icar" has it; (region, region)."""
    basis = graph.eigenbasis()
    moving = basis.values > 0
    vectors = basis.vectors[:, moving]
    covariance = (vectors / basis.values[moving]) @ vectors.T
    for component in range(graph.n_components):
        members = np.flatnonzero(graph.components == component)
        block = np.ix_(members, members)
        if len(members) == 1:
            covariance[block] = 1.0
        else:
            covariance[block] /= np.exp(np.log(np.diagonal(covariance[block])).mean())
    return covariance


def drawn_sites(idata: Any, chosen: int) -> dict[str, np.ndarray]:
    """Draws (draw, ...) of one map's quantities and of the programs, chains after one another."""
    posterior = inferencedata.group(idata, "posterior")
    drawn = {}
    for name in ("thinning", "unexplained_scale", "spatial_scale", "transcriptomic_scale", "strength", "program_score"):
        if name in posterior:
            drawn[name] = posterior[name]
    drawn["replicated"] = inferencedata.group(idata, "predictions")["thinning"]
    own = {name: array.isel(map=chosen, missing_dims="ignore") for name, array in drawn.items()}
    ordered = {name: array.transpose("chain", "draw", ...).values for name, array in own.items()}
    flat = {name: values.reshape(-1, *values.shape[2:]) for name, values in ordered.items()}
    count = len(flat["thinning"])
    kept = np.linspace(0, count - 1, min(count, _MOST_DRAWS)).round().astype(int)
    return {name: values[kept] for name, values in flat.items()}


def transcriptomic_kernel(
    draws: dict[str, np.ndarray], study: Study, settings: FitSettings, seen: np.ndarray
) -> np.ndarray:
    """Covariance of the transcriptomic part; (draw, region, region)."""
    scale = draws["transcriptomic_scale"][:, None, None]
    if "program_score" in draws:
        strength = draws["strength"] / np.linalg.norm(draws["strength"], axis=1, keepdims=True)
        scaled = draws["program_score"] * strength[:, None]  # (draw, region, program)
        shared = study.graph.shared(scaled, getattr(settings.family, "homologue_sharing", 0.0))
        tied = scale * shared[:, seen]
        product: np.ndarray = tied @ tied.swapaxes(1, 2)
        return product
    kernel, measured = expression_kernel(study), study.expression_observed
    unit = kernel / np.diagonal(kernel)[measured].mean() + np.diag((~measured).astype(float))
    covariance: np.ndarray = scale**2 * unit[np.ix_(seen, seen)]
    return covariance


def _sampling(study: Study, chosen: int, seen: np.ndarray) -> np.ndarray:
    """Sampling covariance of the seen regions; (region, region)."""
    if study.covariance is None:
        return np.diag(study.standard_error[chosen, seen] ** 2)
    return study.covariance[chosen][np.ix_(seen, seen)]


def _diagonal(values: np.ndarray, size: int) -> np.ndarray:
    """Multiples of the identity; (draw, size, size)."""
    return values[:, None, None] * np.eye(size)
