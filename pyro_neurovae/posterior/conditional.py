"""What the draws of scales and programs say about one map: exact conditionals and residuals, in NumPy."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..models.algebra import AXIS_LEVEL, intercept_level, map_covariance, part_amounts, wide_covariance
from ..models.families import family_of
from ..models.options import FitSettings
from ..studies.study import Study
from .kernels import BLOCK, dealt, drawn_sites, part_kernels, wide_maps
from .posterior import Posterior
from .roots import cholesky_roots, inverse_roots, times_symmetric

__all__ = ["LeftOut", "MapConditional", "Residuals", "drawn_residuals", "values_anew"]


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

    .. math:: y \sim N(0, \Sigma), \qquad \Sigma = F + \sum_p \sigma_p^2 K_p + N, \qquad N = V + \sigma^2 I

    with F of the fixed maps and the unit covariance :math:`K_p` of each part, over the regions the map has a
    value in: the model's own parts and noise (`models.linear.LinearModel`), through the same algebra
    (`models.algebra`).

    Attributes
    ----------
    observed
        y; (region,).
    covariance, noise
        Sigma and N; (draw, region, region).
    predictable
        The fit's own draws of what programs and fields give; (draw, region).
    """

    observed: np.ndarray
    covariance: np.ndarray
    noise: np.ndarray
    predictable: np.ndarray

    @classmethod
    def of(cls, posterior: Posterior, study: Study, settings: FitSettings, chosen: int) -> MapConditional | None:
        """Take map number ``chosen`` of a fit; None for a family that is not linear."""
        return next(cls.blocks(posterior, study, settings, chosen, numbers=math.inf), None)

    @classmethod
    def blocks(
        cls, posterior: Posterior, study: Study, settings: FitSettings, chosen: int, *, numbers: float = BLOCK
    ) -> Iterator[MapConditional]:
        """Take the same a few draws at a time, in their order, with no more than so many numbers in an array."""
        family = family_of(settings.model)
        if not family.linear:
            return
        seen = study.thinning_observed[chosen]
        block = np.ix_(seen, seen)
        observed, sampling = study.thinning[chosen, seen], study.sampling_covariance()[chosen][block]
        maps = wide_maps(posterior, study)[:, seen]
        levels = np.array([intercept_level(observed, np.ones_like(observed)), AXIS_LEVEL * observed.std()])
        wide = wide_covariance(levels[: len(maps)], maps)
        parts = part_kernels(posterior, study, settings)
        for draws in dealt(drawn_sites(posterior, chosen), len(observed), numbers):
            noise = family.noise.covariance(sampling, draws, np.eye(len(observed)))
            kernels = {part: one[..., *block] for part, one in parts(draws).items()}
            covariance = map_covariance(noise, wide, part_amounts(draws, kernels), kernels)
            yield cls(observed, covariance, noise, draws["predictable"][:, seen])

    @cached_property
    def root(self) -> np.ndarray:
        """Lower Cholesky root L of the covariance; (draw, region, region)."""
        return cholesky_roots(self.covariance)

    @cached_property
    def whitener(self) -> np.ndarray:
        """Inverse W of the root, so that the precision is P = W'W; (draw, region, region)."""
        return inverse_roots(self.root)

    @cached_property
    def precision(self) -> np.ndarray:
        """Inverse P of the covariance; (draw, region, region)."""
        return self.whitener.mT @ self.whitener

    @cached_property
    def variance(self) -> np.ndarray:
        """Variance of each value given the other ones, 1 / P_ii; (draw, region)."""
        return 1 / (self.whitener**2).sum(1)

    def left_out(self, values: np.ndarray) -> np.ndarray:
        """Residual of each value from its mean given the other ones, in sds: standard normal.

        Of maps (draw or 1, replicate, region); (draw, replicate, region). With r = P y it is r_i / P_ii^(1/2)
        (Sundararajan & Keerthi 2001).
        """
        white: np.ndarray = (values @ self.whitener.mT) @ self.whitener * np.sqrt(self.variance)[:, None]
        return white

    def log_density(self) -> np.ndarray:
        """Log density of each value given the other ones: the group log_likelihood; (draw, region)."""
        return _log_density(self.left_out(self.observed[None, None])[:, 0], self.variance)

    def standardised_draws(self) -> np.ndarray:
        """Predictable part as drawn, standardised by its exact conditional: standard normal; (draw, region)."""
        whitened = times_symmetric(self.whitener, self.noise)  # W N, of which N P N is the product with its transpose
        mean = self.observed - ((self.whitener @ self.observed)[:, None] @ whitened)[:, 0]
        variance = np.diagonal(self.noise, axis1=1, axis2=2) - (whitened**2).sum(1)
        return (self.predictable - mean) / np.sqrt(variance)

    def replicate(self, rng: np.random.Generator, replicates: int) -> np.ndarray:
        """Draw the whole map anew given scales and programs; (draw, replicate, region)."""
        white = rng.standard_normal((len(self.root), replicates, self.root.shape[-1]))
        return white @ self.root.mT


@dataclass(frozen=True)
class LeftOut:
    """What a map's values and draws are to the conditionals of all its draws.

    Attributes
    ----------
    residuals
        Of each region from its prediction by the other ones, against maps drawn anew from scales and programs.
    variance
        `MapConditional.variance`; (draw, region).
    standardised
        `MapConditional.standardised_draws`; (draw, region).
    """

    residuals: Residuals
    variance: np.ndarray
    standardised: np.ndarray

    @classmethod
    def of(
        cls, conditionals: Iterable[MapConditional], rng: np.random.Generator, *, draws: int, total: int = 4000
    ) -> LeftOut:
        """Take what checks ask for, one block of draws after the other.

        A drawn effect has seen the region's own value and followed it, so that residuals from it hide
        what the fields soaked up; residuals from what the other regions predict do not (Marshall & Spiegelhalter 2007).
        ``total`` is about the number of replicated maps, of so many ``draws``.
        """
        replicates, found = max(1, round(total / draws)), []
        for one in conditionals:
            observed = one.left_out(one.observed[None, None])[:, 0]
            replicated = one.left_out(one.replicate(rng, replicates))
            found.append((observed, replicated, one.variance, one.standardised_draws()))
        observed, replicated, variance, standardised = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return cls(Residuals(observed, replicated), variance, standardised)

    def transforms(self) -> np.ndarray:
        """Probability that a value is below the observed one, given the other regions' values; (region,).

        Draws of the scales have seen the value: each is weighed by the inverse of the value's density given the
        others, which takes that away (Gelfand, Dey & Chang 1992).
        """
        from scipy.special import ndtr  # late: SciPy takes its time to import

        white = self.residuals.observed
        weight = np.exp(-_log_density(white, self.variance))
        transforms: np.ndarray = (weight * ndtr(white)).sum(0) / weight.sum(0)
        return transforms


def _log_density(white: np.ndarray, variance: np.ndarray) -> np.ndarray:
    density: np.ndarray = -0.5 * (white**2 + np.log(2 * np.pi * variance))
    return density


def drawn_residuals(posterior: Posterior, study: Study, settings: FitSettings, chosen: int) -> Residuals:
    """Residual of each region from the drawn predictable part, and of values drawn anew about the same part.

    Divided by the noise's sd, so that the replicates' distribution does not hang on the draw: each goes with all.
    """
    seen, noise = study.thinning_observed[chosen], family_of(settings.model).noise
    sampling = study.sampling_covariance()[chosen][np.ix_(seen, seen)] * settings.family.counts_sampling_error
    rng, found = np.random.default_rng([settings.seed, 2, chosen]), []
    for draws in dealt(drawn_sites(posterior, chosen), len(sampling)):
        spread = noise.spread(sampling, draws)
        root = cholesky_roots(noise.covariance(sampling, draws, np.eye(len(sampling))))
        white = rng.standard_normal((len(root), len(sampling)))
        residual = study.thinning[chosen, seen] - draws["predictable"][:, seen]
        found.append((residual / spread, (root @ white[..., None])[..., 0] / spread))
    observed, replicated = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Residuals(observed, replicated[None])


def values_anew(posterior: Posterior, study: Study, settings: FitSettings, chosen: int) -> np.ndarray:
    """Draw a map's values as programs and fields give them, with new regional parts and errors; (draw, region).

    Nothing of a region's own observation is in them but through what it taught of programs and fields.
    """
    draws, noise = drawn_sites(posterior, chosen), family_of(settings.model).noise
    sampling = study.sampling_covariance()[chosen] * settings.family.counts_sampling_error
    rng = np.random.default_rng([settings.seed, 3, chosen])
    white = rng.standard_normal(draws["predictable"].shape)
    values: np.ndarray = draws["predictable"] + noise.spread(sampling, draws) * white
    return values
