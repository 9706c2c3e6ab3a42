"""What the models of every family have: data, settings, plates and the priors of a map's scales."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pyro
from pyro.distributions import Exponential

from .observations import Observations
from .settings import PCPrior, SpikedPrior
from .smoothness import pc_scale
from .spiked import SpikedScale

__all__ = ["Model"]


def _plate(name: str, size: int, dim: int) -> Any:
    return pyro.plate(name, size, dim=dim)


class Model:
    """A generative process of thinning, for B replicates side by side.

    Every tensor is ordered (replicate, draw, map, ...).

    Parameters
    ----------
    data
        The study as tensors.
    settings
        The family's record from `pyro_neurovae.models.settings`.
    """

    def __init__(self, data: Observations, settings: Any) -> None:
        self.data, self.settings = data, settings
        # All parts of one model enter the same plates, so each is made once; and so is each prior.
        self._plates = lru_cache(maxsize=None)(_plate)
        self._scale_priors: dict[str, Exponential | SpikedScale] = {}

    def new_plates(self) -> None:
        """Begin a run of the whole process with plates of its own: Pyro's inference looks for them in every trace."""
        self._plates.cache_clear()

    def scale_prior(self, name: str) -> Exponential | SpikedScale:
        """Prior of a standard deviation, in units of each map; batch (replicate, 1, map)."""
        if name not in self._scale_priors:
            self._scale_priors[name] = self._scale_prior(getattr(self.settings, name))
        return self._scale_priors[name]

    def _scale_prior(self, prior: PCPrior | SpikedPrior) -> Exponential | SpikedScale:
        unit = self.data.unit[:, None, :]
        if isinstance(prior, SpikedPrior):
            return SpikedScale(prior.absent, prior.tip * unit, prior.width * unit)
        return Exponential(pc_scale(prior.upper, prior.alpha).rate / unit)

    def replicate_plate(self) -> Any:
        """Plate over the fits that train side by side."""
        return self._plates("replicate", self.data.replicates, -3)

    def draw_plate(self, draws: int) -> Any:
        """Plate over Monte Carlo draws."""
        return self._plates("draw", draws, -2)

    def map_plate(self) -> Any:
        """Plate over the thinning maps."""
        return self._plates("map", self.data.maps, -1)
