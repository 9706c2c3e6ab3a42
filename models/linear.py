"""The thinning part of the linear families: scaled Gaussian parts, an intercept and noise."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pyro
import torch
from pyro.distributions import Uniform
from torch import Tensor

from .algebra import part_amounts, unit_covariance, wide_covariance
from .marginal import PartlySeenNormal
from .model import Model
from .noise import Noise

__all__ = ["LinearModel"]

Quantities = Mapping[str, Tensor]


class LinearModel(Model):
    r"""Thinning as a sum of scaled Gaussian parts; each family says which.

    .. math:: \theta_m = a_m 1 + l_m \lambda + \sum_p \sigma_{pm} R_p' w_{pm} + \sigma_m e_m, \qquad
              y_m \sim N(\theta_m, V_m)

    .. math:: w_{pm} \sim N(0, I), \quad e_m \sim N(0, I), \quad a_m \sim N(0, \ell_m^2), \quad
              l_m \sim N(0, (\mathrm{sd}(y_m) / 2)^2)

    with the part's root :math:`R_p` (coefficient x region), its scale :math:`\sigma_{pm}` (a standard deviation in map
    units, PC prior), the regional part :math:`\sigma_m e_m` unless the settings name another `noise`, and the known
    sampling covariance :math:`V_m`. The effect theta is what is estimated; without its regional part it is called
    predictable. :math:`\lambda`, the structural axis, is there in families that have a structural part, and counts to
    that. Everything linear is integrated out; `inference.gaussian` draws it back. Sites: a scale for each
    part and those of the noise (see `scale_names`); observed is ``thinning`` y.

    Every tensor is ordered (replicate, draw, map, ...). A family names its ``parts`` and gives their roots: those that
    are the same whatever the programs (`fixed_roots`), and those that programs make (`program_roots`), with their unit
    covariances (`program_kernels`).

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

    # Sites of the map's own globals that lie between 0 and 1, uniform a priori.
    fractions: tuple[str, ...] = ()

    @property
    def globals(self) -> tuple[str, ...]:
        """Sites of all of the map's own globals: scales, then fractions."""
        return (*self.scale_names, *self.fractions)

    def log_prior(self, drawn: Quantities) -> dict[str, Tensor]:
        """Log prior density of each hyperparameter among the named quantities, shaped as it is."""
        return {name: self.scale_prior(name).log_prob(drawn[name]) for name in self.scale_names}

    def fraction_prior(self) -> Uniform:
        """Prior of what lies between 0 and 1; batch (replicate, 1, map)."""
        ones = torch.ones_like(self.data.unit[:, None, :])
        return Uniform(0 * ones, ones)

    @cached_property
    def wide(self) -> Tensor:
        """Fixed maps with a coefficient each: ones, and the structural axis; (coefficient, region)."""
        ones = torch.ones_like(self.data.axis)
        return torch.stack([ones, self.data.axis]) if "structural" in self.parts else ones[None]

    @property
    def levels(self) -> Tensor:
        """Prior standard deviations of the coefficients of the fixed maps; (replicate, map, coefficient)."""
        return self.data.levels[..., : len(self.wide)]

    def fixed_roots(self) -> dict[str, Tensor]:
        """Roots of the parts that no program makes, each (1, 1, coefficient, region).

        The spatial part, u ~ GMRF, and the structural one, w ~ N(0, R^2), as far as the family has them.
        """
        roots = {}
        if "spatial" in self.parts:
            roots["spatial"] = self.data.spectrum.prior_root(self.settings.spatial_prior)
        if "structural" in self.parts:
            roots["structural"] = self.data.structure_root[None, None]
        return roots

    def program_roots(self, programs: Mapping[str, Any]) -> dict[str, Any]:
        """Roots of the parts that programs make, given ``program_score`` and ``strength``; none unless said.

        Arrays may be of another library than torch; what is fixed is then NumPy's.
        """
        del programs
        return {}

    def roots(self, programs: Quantities) -> dict[str, Tensor]:
        """Roots of all parts, in their order, given draws of the programs (none for a family without them)."""
        found = self._fixed_roots | self.program_roots(programs)
        return {part: found[part] for part in self.parts}

    @cached_property
    def _fixed_roots(self) -> dict[str, Tensor]:
        """What `fixed_roots` gives."""
        return self.fixed_roots()

    def kernels(self, programs: Quantities) -> dict[str, Tensor]:
        """Unit covariances of the parts, each (replicate or 1, draw or 1, region, region)."""
        return self.program_kernels(programs) | self.fixed_kernels

    @cached_property
    def fixed_kernels(self) -> dict[str, Tensor]:
        """Unit covariances of the parts that no program makes; each (1, 1, region, region)."""
        return {part: unit_covariance(root) for part, root in self._fixed_roots.items()}

    @cached_property
    def _fixed_rows(self) -> Tensor:
        """The same, a row each; (part, region x region)."""
        return torch.stack([kernel[0, 0].flatten() for kernel in self.fixed_kernels.values()])

    def program_kernels(self, programs: Mapping[str, Any]) -> dict[str, Any]:
        """Unit covariances of the parts that programs make; arrays may be of another library than torch."""
        return {part: unit_covariance(root) for part, root in self.program_roots(programs).items()}

    def amounts(self, scales: Mapping[str, Any]) -> dict[str, Any]:
        """Weight of each kernel in a map's covariance given its globals; each (...,)."""
        return part_amounts(scales, self.parts)

    def kernel_names(self, part: str) -> tuple[str, ...]:
        """Kernels that make up a part's covariance."""
        return (part,)

    def seen_through(self, part: str, fields: Tensor, scales: Quantities) -> Tensor:
        """A part as thinning sees it, by a linear map of (..., map, region); as it is, unless a family says."""
        del part, scales
        return fields

    def seen_back(self, part: str, values: Tensor, scales: Quantities) -> Tensor:
        """The transpose of what `seen_through` does; (..., map, region)."""
        del part, scales
        return values

    def covariance(self, scales: Quantities, kernels: Quantities, *, wide: bool = True) -> Tensor:
        """Marginal covariance of the observed thinning; (replicate, draw, map, region, region).

        `algebra.map_covariance`, added up in place: matrices of many draws are more than a processor keeps. A kernel's
        draw may serve several draws of the scales, one after another. Without ``wide`` the fixed maps are left out.
        """
        amounts = self.amounts(scales)
        base = self._wide_errors if wide else self.data.sampling
        total = self._same_for_all_draws(base, scales, {part: amounts[part] for part in self.fixed_kernels})
        for part in [part for part in kernels if part not in self.fixed_kernels]:
            each = total.unflatten(1, (kernels[part].shape[1], -1))
            each.addcmul_(kernels[part][:, :, None, None], amounts[part][..., None, None].unflatten(1, each.shape[1:3]))
        total.diagonal(dim1=-2, dim2=-1).add_(self.noise.unexplained(scales))
        return total

    @cached_property
    def _wide_errors(self) -> Tensor:
        """Covariance of sampling errors and fixed maps; (replicate, map, region, region)."""
        return self.data.sampling + wide_covariance(self.levels, self.wide)

    def _same_for_all_draws(self, base: Tensor, scales: Quantities, amounts: Mapping[str, Any]) -> Tensor:
        """Fixed parts beside a base (replicate, map, region, region); (replicate, draw, map, region, region)."""
        shape = np.broadcast_shapes(*(values.shape for values in scales.values()))
        if not self.fixed_kernels:
            return base[:, None].expand(*shape, -1, -1).clone()
        weight = torch.stack([amounts[part].expand(shape) for part in self.fixed_kernels], -1)
        return (weight @ self._fixed_rows).unflatten(-1, base.shape[-2:]).add_(base[:, None])

    def log_density(self, scales: Quantities, kernels: Quantities) -> Tensor:
        """Log joint density of the seen thinning and the map's globals, fractions uniform; (replicate, draw, map)."""
        seen = PartlySeenNormal(self.covariance(scales, kernels), self.data.seen[:, None], validate_args=False)
        total: Tensor = self.globals_density(scales) + seen.log_prob(self.data.thinning[:, None])
        return total

    def globals_density(self, scales: Quantities) -> Tensor:
        """Log prior density of the maps' globals, fractions uniform; (replicate, draw, map)."""
        each: Any = (self.scale_prior(name).log_prob(scales[name]) for name in self.scale_names)
        total: Tensor = sum(each)
        return total

    def thinning_part(self, kernels: Quantities, draws: int = 1) -> None:
        """Pyro model of the maps given the parts' unit covariances (replicate, draw, region, region)."""
        seen = PartlySeenNormal(self.covariance(self.globals_part(draws), kernels), self.data.seen[:, None])
        with self.replicate_plate(), self.draw_plate(draws), self.map_plate():
            pyro.sample("thinning", seen, obs=self.data.thinning[:, None])

    def globals_part(self, draws: int = 1) -> dict[str, Tensor]:
        """Pyro model of the maps' globals, (replicate, draw, map) each."""
        with self.replicate_plate(), self.draw_plate(draws), self.map_plate():
            scales = {name: pyro.sample(name, self.scale_prior(name)) for name in self.scale_names}
            return scales | {name: pyro.sample(name, self.fraction_prior()) for name in self.fractions}

    def expression_part(self, draws: int = 1) -> dict[str, Tensor]:
        """Pyro model of the genes; returns what the thinning needs of programs, nothing where a family has none."""
        del draws
        return {}

    def prior(self, draws: int = 1) -> None:
        """Run what the thinning hangs on, and not the thinning."""
        self.new_plates()
        self.expression_part(draws)
        self.globals_part(draws)

    def model(self, draws: int = 1) -> None:
        """Run the whole generative process, as one Pyro model."""
        self.new_plates()
        self.thinning_part(self.kernels(self.expression_part(draws)), draws)
