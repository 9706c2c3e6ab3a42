"""The thinning part of the linear families: scaled Gaussian parts, an intercept and noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pyro
from torch import Tensor

from .algebra import map_covariance, unit_covariance
from .marginal import PartlySeenNormal
from .model import Model
from .noise import Noise

__all__ = ["LinearModel"]

Quantities = Mapping[str, Tensor]


class LinearModel(Model):
    r"""Thinning as a sum of scaled Gaussian parts; each family says which.

    .. math:: y_m = a_m 1 + \sum_p \sigma_{pm} R_p' w_{pm} + \epsilon_m, \qquad w_{pm} \sim N(0, I), \quad
              a_m \sim N(0, l_m^2), \quad \epsilon_m \sim N(0, N_m)

    with the part's root :math:`R_p` (coefficient x region), its scale :math:`\sigma_{pm}` (a standard deviation in map
    units, PC prior) and the noise's covariance, :math:`N_m = V_m + \sigma_m^2 I` with the known sampling covariance
    :math:`V_m` unless the settings name another `noise`. Everything linear (:math:`a, w`) is integrated out;
    `inference.gaussian` draws it back. Sites: a scale for each part and those of the noise (see `scale_names`);
    observed is ``thinning`` y.

    Every tensor is ordered (replicate, draw, map, ...). A family names its ``parts`` and gives their roots: those that
    are the same whatever the programs (`fixed_roots`), and those that programs make (`program_roots`).

    Parameters
    ----------
    data
        The study as tensors.
    settings
        The family's record from `pyro_neurovae.models.settings`, with a prior for every scale.
    """

    parts: ClassVar[tuple[str, ...]]

    # Whether expression is generated from programs, which `expression_part` then draws.
    has_programs: ClassVar[bool] = False

    @property
    def noise(self) -> Noise:
        """Noise of the observed values, which the settings name."""
        noise: Noise = self.settings.noise
        return noise

    @property
    def scale_names(self) -> tuple[str, ...]:
        """Sites of the map's own globals, in order: one scale a part, then those of the noise."""
        return (*(f"{part}_scale" for part in self.parts), *self.noise.scales)

    def log_prior(self, drawn: Quantities) -> dict[str, Tensor]:
        """Log prior density of each hyperparameter among the named quantities, shaped as it is."""
        return {name: self.scale_prior(name).log_prob(drawn[name]) for name in self.scale_names}

    def fixed_roots(self) -> dict[str, Tensor]:
        """Roots of the parts that no program makes, each (replicate or 1, draw or 1, coefficient, region)."""
        raise NotImplementedError

    def program_roots(self, programs: Mapping[str, Any], homologue: Any = None) -> dict[str, Any]:
        """Roots of the parts that programs make, given ``program_score`` and ``strength``; none unless said.

        Arrays may be of another library than torch: ``homologue`` (region,) are then its indices; None (the default)
        takes the data's.
        """
        del programs, homologue
        return {}

    def roots(self, programs: Quantities) -> dict[str, Tensor]:
        """Roots of all parts, in their order, given draws of the programs (none for a family without them)."""
        found = self.fixed_roots() | self.program_roots(programs)
        return {part: found[part] for part in self.parts}

    def kernels(self, programs: Quantities) -> dict[str, Tensor]:
        """Unit covariances of the parts, each (replicate or 1, draw or 1, region, region)."""
        return self.kernels_of(self.roots(programs))

    def kernels_of(self, roots: Quantities) -> dict[str, Tensor]:
        """Unit covariances of the parts with the given roots."""
        return {part: unit_covariance(root) for part, root in roots.items()}

    def covariance(self, scales: Quantities, kernels: Quantities) -> Tensor:
        """Marginal covariance of the observed thinning; (replicate, draw, map, region, region)."""
        data = self.data
        noise = self.noise.covariance(data.sampling, scales, data.identity)
        every_map = {part: kernel[:, :, None] for part, kernel in kernels.items()}
        total: Tensor = map_covariance(noise, data.level[:, None], scales, every_map)
        return total

    def thinning_part(self, kernels: Quantities, draws: int = 1) -> None:
        """Pyro model of the maps given the parts' unit covariances (replicate, draw, region, region)."""
        with self.replicate_plate(), self.draw_plate(draws), self.map_plate():
            scales = {name: pyro.sample(name, self.scale_prior(name)) for name in self.scale_names}
            covariance = self.covariance(scales, kernels)
            pyro.sample(
                "thinning",
                PartlySeenNormal(covariance, self.data.seen[:, None]),
                obs=self.data.thinning[:, None],
            )

    def model(self, draws: int = 1) -> None:
        """Run the whole generative process, as one Pyro model."""
        self.new_plates()
        self.thinning_part(self.kernels({}), draws)
