"""What a model conditions on: one study as tensors, with a leading replicate dimension."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from .algebra import AXIS_LEVEL, intercept_level, structural_axis, structural_root
from .spectrum import Spectrum

__all__ = ["ExpressionPlaces", "Observations", "units"]


@dataclass(frozen=True)
class ExpressionPlaces:
    """Where expression was measured, which programs live on: the map's regions, or places of their own.

    Attributes
    ----------
    spectrum
        Eigenbasis of the places' graph.
    scatter
        X X' / g of the normalised, centred expression; (place, place), zero rows where unmeasured. For noise of one
        size this is all the likelihood needs of the genes, so cost does not depend on g.
    expressed
        Places whose expression was measured; (place,) bool.
    edge_index, edge_weight
        The graph's edges in both directions, for the GNN; (2, edge) and (edge,).
    homologue
        Each place's homologue, itself where it has none; (place,) long.
    support
        How each region sees the places, (region, place), rows that sum to one; None where they are the regions.
    """

    spectrum: Spectrum
    scatter: Tensor
    expressed: Tensor
    edge_index: Tensor
    edge_weight: Tensor
    homologue: Tensor
    support: Tensor | None = None

    @property
    def count(self) -> int:
        """Number of places."""
        return len(self.expressed)

    @cached_property
    def identity(self) -> Tensor:
        """Identity matrix; (place, place)."""
        return torch.eye(self.count, dtype=self.scatter.dtype, device=self.scatter.device)


@dataclass(frozen=True)
class Observations:
    """A study as tensors; B replicates share the expression and differ in what they see of the thinning.

    Attributes
    ----------
    spectrum
        Eigenbasis of the region graph.
    scatter
        X X' / g of the normalised, centred expression; (region, region), zero rows where unmeasured. For
        noise of one size this is all the likelihood needs of the genes, so cost does not depend on g.
    genes
        Number of genes g.
    expressed
        Regions whose expression was measured; (region,) bool.
    thinning
        Thinning in map units, zero where unseen; (replicate, map, region).
    seen
        Which thinning values the replicate may see; (replicate, map, region) bool.
    means, spread
        Covariance D C D of the errors of each map's means (map, region, region), in squared map units, 0 where it is
        not known, and what estimating a standard deviation adds to each squared error (map, region).
    structure
        Correlation R of regional thickness across people; (region, region), 0 where none is known.
    unit
        Standard deviation of the seen thinning, the unit of the scales' priors; (replicate, map).
    level
        Prior standard deviation of the intercept; (replicate, map).
    edge_index, edge_weight
        The graph's edges in both directions, for the GNN; (2, edge) and (edge,).
    pair
        Number that a region shares with its homologue and with no other; (region,) long.
    homologue
        Each region's homologue, itself where it has none; (region,) long.
    lobe
        Number of each region's lobe, where the graph has lobes; (region,) long.
    places
        Where expression was measured, if not in these regions; ``scatter`` and ``expressed`` are then of what the
        regions see of it. None (the default) where it was: see `expression`.
    """

    spectrum: Spectrum
    scatter: Tensor
    genes: int
    expressed: Tensor
    thinning: Tensor
    seen: Tensor
    means: Tensor
    spread: Tensor
    structure: Tensor
    unit: Tensor
    level: Tensor
    edge_index: Tensor
    edge_weight: Tensor
    pair: Tensor
    homologue: Tensor
    lobe: Tensor | None
    places: ExpressionPlaces | None = None

    @cached_property
    def expression(self) -> ExpressionPlaces:
        """Where expression was measured: the regions, unless it has places of its own."""
        own = (self.spectrum, self.scatter, self.expressed, self.edge_index, self.edge_weight, self.homologue)
        return self.places or ExpressionPlaces(*own)

    def select(self, replicates: Tensor) -> Observations:
        """Keep the replicates with the given numbers."""
        own = {name: getattr(self, name)[replicates] for name in ("thinning", "seen", "unit", "level")}
        return replace(self, **own)

    def map(self, number: int) -> Observations:
        """Keep the map with the given number."""
        chosen = slice(number, number + 1)
        own = {name: getattr(self, name)[:, chosen] for name in ("thinning", "seen", "unit", "level")}
        return replace(self, means=self.means[chosen], spread=self.spread[chosen], **own)

    def hide(self, hidden: Tensor) -> Observations:
        """Hide thinning values (replicate, map, region) bool, and compute anew what is computed from thinning."""
        seen = self.seen & ~hidden
        thinning = torch.where(seen, self.thinning, torch.zeros_like(self.thinning))
        unit, level = units(thinning, seen)
        return replace(self, thinning=thinning, seen=seen, unit=unit, level=level)

    @cached_property
    def error_known(self) -> Tensor:
        """Whether a map's sampling error is known; (map,) bool."""
        return (self.means.diagonal(dim1=-2, dim2=-1) > 0).any(-1)

    @cached_property
    def sampling(self) -> Tensor:
        """Sampling covariance V, the spread at its mean over what is seen; (replicate or 1, map, region, region).

        One row serves all replicates that see the same. `Study.sampling_covariance` has the equation.
        """
        seen = self.seen[:1] if bool((self.seen == self.seen[:1]).all()) else self.seen
        mean = (self.spread * seen).sum(-1) / seen.sum(-1)
        return self.means + mean[..., None, None] * self.identity

    @cached_property
    def sampling_root(self) -> Tensor:
        """Symmetric root B of V, B B = V; (replicate or 1, map, region, region)."""
        return _root(*torch.linalg.eigh(self.sampling))

    @cached_property
    def structure_root(self) -> Tensor:
        """Root of the structural part's unit covariance; (region, region), see `algebra.structural_root`."""
        return structural_root(*self._structure)

    @cached_property
    def axis(self) -> Tensor:
        """Axis along which the whole cortex varies most across people; (region,), see `algebra.structural_axis`."""
        return structural_axis(*self._structure)

    @property
    def levels(self) -> Tensor:
        """Prior standard deviations of the coefficients of a level and of the axis; (replicate, map, 2)."""
        return torch.stack([self.level, AXIS_LEVEL * self.unit], -1)

    @cached_property
    def _structure(self) -> tuple[Tensor, Tensor]:
        values, vectors = torch.linalg.eigh(self.structure)
        return values, vectors

    @cached_property
    def identity(self) -> Tensor:
        """Identity matrix; (region, region)."""
        return torch.eye(self.regions, dtype=self.means.dtype, device=self.means.device)

    @property
    def replicates(self) -> int:
        """Number of fits that train side by side."""
        return self.thinning.shape[0]

    @property
    def maps(self) -> int:
        """Number of thinning maps."""
        return self.thinning.shape[1]

    @property
    def regions(self) -> int:
        """Number of regions of the graph."""
        return self.thinning.shape[2]


def _root(values: Tensor, vectors: Tensor) -> Tensor:
    """Symmetric root of the matrix of these eigenvalues and eigenvectors; (..., region, region).

    It does not hang on the eigenvectors' signs and order, which libraries and devices choose in their own ways.
    """
    return (vectors * values.clamp(min=0).sqrt()[..., None, :]) @ vectors.mT


def units(thinning: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
    """Standard deviation of the seen values, and twice their root mean square; both (replicate, map)."""
    count = seen.sum(-1)
    mean = (thinning * seen).sum(-1) / count
    deviation = torch.where(seen, thinning - mean[..., None], torch.zeros_like(thinning))
    return (deviation.square().sum(-1) / count).sqrt(), intercept_level(thinning, seen)
