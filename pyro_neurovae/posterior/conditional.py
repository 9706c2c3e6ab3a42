"""What the draws of scales and programs say about one map: exact conditionals and residuals, in NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..models.algebra import (
    AXIS_LEVEL,
    expression_root,
    intercept_level,
    map_covariance,
    part_amounts,
    residual_root,
    structural_axis,
    unit_covariance,
    wide_covariance,
)
from ..models.families import family_of
from ..models.options import FitSettings
from ..studies.study import Study
from .posterior import Posterior

if TYPE_CHECKING:
    from ..models.linear import LinearModel

__all__ = [
    "MapConditional",
    "Residuals",
    "drawn_residuals",
    "drawn_sites",
    "expression_kernel",
    "left_out_residuals",
    "measured_kernel",
    "part_covariances",
    "transcriptomic_covariance",
    "values_anew",
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
        family = family_of(settings.model)
        if not family.linear:
            return None
        seen = study.thinning_observed[chosen]
        block = np.ix_(seen, seen)
        draws, observed = drawn_sites(posterior, chosen), study.thinning[chosen, seen]
        sampling = study.sampling_covariance()[chosen][block]
        noise = family.noise.covariance(sampling, draws, np.eye(len(observed)))
        kernels = {part: one[..., *block] for part, one in part_covariances(posterior, study, settings, draws).items()}
        maps = _wide(posterior, study)[:, seen]
        levels = np.array([intercept_level(observed, np.ones_like(observed)), AXIS_LEVEL * observed.std()])
        wide = wide_covariance(levels[: len(maps)], maps)
        covariance = map_covariance(noise, wide, part_amounts(draws, kernels), kernels)
        return cls(observed, covariance, noise, draws["predictable"][:, seen])

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
        """Predictable part as drawn, standardised by its exact conditional: standard normal; (draw, region)."""
        gain = self.noise @ self.precision
        mean = self.observed - gain @ self.observed
        variance = np.diagonal(self.noise - gain @ self.noise, axis1=1, axis2=2)
        return (self.predictable - mean) / np.sqrt(variance)

    def replicate(self, rng: np.random.Generator, replicates: int) -> np.ndarray:
        """Draw the whole map anew given scales and programs; (draw, replicate, region)."""
        root = np.linalg.cholesky(self.covariance)
        white = rng.standard_normal((len(root), replicates, root.shape[-1]))
        return white @ root.swapaxes(1, 2)


def left_out_residuals(conditional: MapConditional, rng: np.random.Generator, *, total: int = 4000) -> Residuals:
    """Residual of each region from its prediction by the other ones, against maps drawn anew from scales and programs.

    A drawn effect has seen the region's own value and followed it, so that residuals from it hide
    what the fields soaked up; residuals from what the other regions predict do not (Marshall & Spiegelhalter 2007).
    ``total`` is about the number of replicated maps.
    """
    replicates = max(1, round(total / len(conditional.covariance)))
    observed = conditional.left_out(conditional.observed[None, None])[:, 0]
    return Residuals(observed, conditional.left_out(conditional.replicate(rng, replicates)))


def drawn_residuals(posterior: Posterior, study: Study, settings: FitSettings, chosen: int) -> Residuals:
    """Residual of each region from the drawn predictable part, and of values drawn anew about the same part.

    Divided by the noise's sd, so that the replicates' distribution does not hang on the draw: each goes with all.
    """
    seen = study.thinning_observed[chosen]
    draws, noise = drawn_sites(posterior, chosen), family_of(settings.model).noise
    sampling = study.sampling_covariance()[chosen][np.ix_(seen, seen)] * settings.family.counts_sampling_error
    spread = noise.spread(sampling, draws)
    covariance = noise.covariance(sampling, draws, np.eye(len(sampling)))
    rng = np.random.default_rng([settings.seed, 2, chosen])
    white = rng.standard_normal(spread.shape if spread.shape[-1] > 1 else (*spread.shape[:-1], len(sampling)))
    replicated = (np.linalg.cholesky(covariance) @ white[..., None])[..., 0] / spread
    return Residuals((study.thinning[chosen, seen] - draws["predictable"][:, seen]) / spread, replicated[None])


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


def expression_kernel(study: Study) -> np.ndarray:
    """X X' / g of the normalised expression, gene means taken off; (region, region), zero rows where unmeasured."""
    return _scatter(study.centred_expression())


def measured_kernel(study: Study) -> np.ndarray:
    """Return the same of the parcels that expression was measured in; (place, place)."""
    return _scatter(study.measured_expression())


def _scatter(centred: np.ndarray) -> np.ndarray:
    scatter: np.ndarray = centred @ centred.T / centred.shape[1]
    return scatter


def drawn_sites(posterior: Posterior, chosen: int) -> dict[str, np.ndarray]:
    """Draws (draw, ...) of one map's predictable part and scales and of the programs; an even part of many."""
    programs = ("strength", "program_score", "homologue_sharing")
    names = [name for name in posterior.names() if name.endswith("_scale") or name in programs]
    drawn = {name: posterior.draws(name, chosen) for name in names}
    drawn["predictable"] = posterior.predictable(chosen)
    count = len(drawn["predictable"])
    kept = np.linspace(0, count - 1, min(count, _MOST_DRAWS)).round().astype(int)
    return {name: values[kept] for name, values in drawn.items()}


def transcriptomic_covariance(
    posterior: Posterior, study: Study, settings: FitSettings, draws: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Covariance of the transcriptomic part of a linear family's fit at `drawn_sites`; (draw, region, region)."""
    kernel = part_covariances(posterior, study, settings, draws)["transcriptomic"]
    covariance: np.ndarray = map_covariance(
        0.0, 0.0, part_amounts(draws, ["transcriptomic"]), {"transcriptomic": kernel}
    )
    return covariance


def part_covariances(
    posterior: Posterior, study: Study, settings: FitSettings, draws: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Unit covariances of a linear family's parts at `drawn_sites`; each (draw, region, region) or (region, region)."""
    kernels = posterior.kernels
    kernels = _fixed_kernels(study, settings) if kernels is None else kernels
    if "program_score" in draws:
        family: Any = settings.family
        score = draws["program_score"].swapaxes(1, 2)
        measured, homologue = study.measured, study.measured_in.homologue
        left = score.shape[1] if family.beyond_programs else len(measured)
        scatter, eye = measured_kernel(study), np.eye(len(measured))
        rest = residual_root(scatter, left, expressed=measured, identity=eye)
        sharing = draws.get("homologue_sharing", family.homologue_sharing)
        root = expression_root(score, draws["strength"], rest, homologue, sharing)
        root = root if study.places is None else root @ study.places.support.T
        kernels = {"transcriptomic": unit_covariance(root)} | kernels
    return kernels


def _wide(posterior: Posterior, study: Study) -> np.ndarray:
    """Fixed maps with a coefficient each: `LinearModel.wide`; (coefficient, region)."""
    ones = np.ones(study.n_regions)
    if not posterior.has("structural_axis"):
        return ones[None]
    return np.stack([ones, ones * 0 if study.structure is None else structural_axis(*np.linalg.eigh(study.structure))])


def _fixed_kernels(study: Study, settings: FitSettings) -> dict[str, np.ndarray]:
    """What a file of version 0.1 did not keep."""
    from ..inference.observation import observe  # late: torch takes a second to import

    model: LinearModel = family_of(settings.model).build(observe(study), settings.family)
    roots = model.fixed_roots()
    roots.pop("structural", None)  # which version 0.1 did not have
    return {part: unit_covariance(root[0, 0]).numpy() for part, root in roots.items()}
