"""The thinning half that every family shares: scaled Gaussian parts, an intercept and two kinds of noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pyro
from torch import Tensor

from .marginal import PartlySeenNormal
from .model import Family

__all__ = ["ThinningFamily"]


class ThinningFamily(Family):
    r"""Thinning as a sum of scaled Gaussian parts; each family says which.

    .. math:: y_m = a_m 1 + \sum_p \sigma_{pm} R_p' w_{pm} + \epsilon_m, \qquad w_{pm} \sim N(0, I), \quad
              a_m \sim N(0, l_m^2), \quad \epsilon_m \sim N(0, V_m + \sigma_m^2 I)

    with the part's root :math:`R_p` (coefficient x region), its scale :math:`\sigma_{pm}` (a standard
    deviation in map units, PC prior) and the known sampling covariance :math:`V_m`. Everything linear
    (:math:`a, w`) is integrated out; `inference.gaussian` draws it back. Sites: a scale for each part (see
    `scale_names`) and ``unexplained_scale`` :math:`\sigma_m`; observed is ``thinning`` y.

    Every tensor is ordered (replicate, draw, map, ...).

    Parameters
    ----------
    data
        The study as tensors.
    settings
        The family's record from `pyro_neurovae.settings`.
    """

    parts: ClassVar[tuple[str, ...]]

    @property
    def scale_names(self) -> tuple[str, ...]:
        """Sites of the map's own globals, in order: one scale a part, then the unexplained noise."""
        return (*(f"{part}_scale" for part in self.parts), "unexplained_scale")

    def log_prior(self, drawn: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Log prior density of each hyperparameter among the named quantities, shaped as it is."""
        return {name: self.scale_prior(name).log_prob(drawn[name]) for name in self.scale_names}

    def roots(self, programs: Tensor | None = None) -> dict[str, Tensor]:
        """Roots of the parts' unit covariances, each (replicate or 1, draw or 1, coefficient, region).

        ``programs`` (replicate, draw, program, region) are what `expression_half` gives, where there is one.
        """
        raise NotImplementedError

    def covariance(self, scales: Mapping[str, Tensor], kernels: Mapping[str, Tensor]) -> Tensor:
        """Marginal covariance of the observed thinning; (replicate, draw, map, region, region)."""
        shape = scales["unexplained_scale"].shape
        total = (self.data.sampling + self.data.level.square()[..., None, None])[:, None].repeat(1, shape[1], 1, 1, 1)
        for part in self.parts:
            total += scales[f"{part}_scale"].square()[..., None, None] * kernels[part][:, :, None]
        total.diagonal(dim1=-2, dim2=-1).add_(scales["unexplained_scale"].square()[..., None])
        return total

    def thinning_half(self, kernels: Mapping[str, Tensor], draws: int = 1) -> None:
        """Pyro model of the maps given the parts' unit covariances (replicate, draw, region, region)."""
        with self.replicate_plate(), self.draw_plate(draws), self.map_plate():
            scales = {name: pyro.sample(name, self.scale_prior(name)) for name in self.scale_names}
            covariance = self.covariance(scales, kernels)
            pyro.sample(
                "thinning",
                PartlySeenNormal(covariance, self.data.seen[:, None]),
                obs=self.data.thinning[:, None],
            )

    def kernels(self, programs: Tensor | None = None) -> dict[str, Tensor]:
        """Unit covariances of the parts, R' R."""
        return {part: root.mT @ root for part, root in self.roots(programs).items()}

    def model(self, draws: int = 1) -> None:
        """Run the whole generative process, as one Pyro model."""
        self.thinning_half(self.kernels(), draws)
