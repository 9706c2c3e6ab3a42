"""The eigenbasis of a graph as tensors, and the covariance eigenvalues of each kind of GMRF."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from pyro_neurovae.graphs.region_graph import RegionGraph

__all__ = ["KINDS", "PlainSpectrum", "Spectrum", "SpectrumAt", "covariance_spectrum"]

# Kind to the name of its smoothness parameter.
KINDS: dict[str, str | None] = {"paper": "lam", "leroux": "rho", "icar": None, "bym2": "phi", "iid": None}


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Eigenbasis of a graph's Laplacian, computed once and shared by every GMRF on the graph.

    A GMRF uses only the methods, so that a sparse factorisation can take the place of the dense eigenvectors.

    Attributes
    ----------
    values
        Laplacian eigenvalues, an exact 0 for each component; (eigenvector,).
    vectors
        Eigenvectors as columns; (region, eigenvector).
    component
        Component of each eigenvector; (eigenvector,) long.
    members
        One-hot component of each region; (component, region).
    island
        Whether an eigenvector is a component of one region; (eigenvector,) bool.
    """

    values: Tensor
    vectors: Tensor
    component: Tensor
    members: Tensor
    island: Tensor

    @classmethod
    def of(
        cls, graph: RegionGraph, *, dtype: torch.dtype = torch.float64, device: torch.device | str = "cpu"
    ) -> Spectrum:
        """Take the eigenbasis of a `RegionGraph`."""
        basis = graph.eigenbasis()
        component = torch.tensor(basis.component)
        members = torch.nn.functional.one_hot(torch.tensor(graph.components)).T.to(dtype)
        island = members.sum(1)[component] == 1
        values, vectors = torch.tensor(basis.values).to(dtype), torch.tensor(basis.vectors).to(dtype)
        return cls(values, vectors, component, members, island).to(device=device)

    def to(self, *, device: torch.device | str) -> Spectrum:
        """Move to a device."""
        return Spectrum(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))

    @property
    def n_regions(self) -> int:
        """Number of regions."""
        return self.vectors.shape[0]

    @property
    def null(self) -> Tensor:
        """Eigenvectors that are constant on a component of more than one region; (eigenvector,) bool."""
        return (self.values == 0) & ~self.island

    @cached_property
    def icar(self) -> Tensor:
        """Eigenvalues of the scaled pseudo-inverse of L, 0 along each component's constant; (eigenvector,)."""
        positive = torch.where(self.values > 0, self.values, torch.ones_like(self.values))
        return self.scaled(torch.where(self.null, torch.zeros_like(positive), 1 / positive))

    def rotate(self, x: Tensor) -> Tensor:
        """Coefficients of a field (*batch, region) on the eigenvectors; (*batch, eigenvector)."""
        return x @ self.vectors

    def rotate_columns(self, x: Tensor) -> Tensor:
        """Coefficients of fields that are columns (region, column); (eigenvector, column)."""
        return self.vectors.mT @ x

    def unrotate(self, coefficients: Tensor) -> Tensor:
        """Field (*batch, region) with the given coefficients."""
        return coefficients @ self.vectors.mT

    def variances(self, eigenvalues: Tensor) -> Tensor:
        """Marginal variances (*batch, region) of the covariance with the given eigenvalues."""
        return eigenvalues @ self.vectors.square().mT

    def matrix(self, eigenvalues: Tensor) -> Tensor:
        """Dense matrix V diag(eigenvalues) V'; (*batch, region, region)."""
        return (self.vectors * eigenvalues[..., None, :]) @ self.vectors.mT

    def coefficient_variances(self, variances: Tensor) -> Tensor:
        """Variances of the coefficients of a field whose values are independent; (*batch, eigenvector)."""
        return variances @ self.vectors.square()

    def prior_root(self, kind: str) -> Tensor:
        """Root of the unit-scale covariance of a kind without smoothness; (1, 1, coefficient, region)."""
        eigenvalues = covariance_spectrum(self, kind, self.values.new_zeros(()))
        return (eigenvalues.sqrt()[:, None] * self.vectors.mT)[None, None]

    def at(self, sites: Tensor) -> SpectrumAt:
        """Restrict to the regions with the given numbers; (site,) long."""
        return SpectrumAt(self.vectors[sites])

    def plain(self) -> PlainSpectrum:
        """Copy in NumPy, whose methods also take arrays of JAX."""
        return PlainSpectrum(self.icar.cpu().numpy(), self.vectors.cpu().numpy())

    def numbers(self) -> tuple[Tensor, Tensor]:
        """All that tells one graph's spectrum from another's: eigenvalues and eigenvectors."""
        return self.icar, self.vectors

    def scaled(self, eigenvalues: Tensor) -> Tensor:
        """Divide by the geometric mean of the marginal variances in each component (Sorbye & Rue 2014)."""
        return eigenvalues / self.mean_within(self.variances(eigenvalues).log()).exp()

    def mean_within(self, values: Tensor) -> Tensor:
        """Mean of (*batch, region) in each eigenvector's component; (*batch, eigenvector)."""
        return (values @ self.members.mT / self.members.sum(1))[..., self.component]


@dataclass(frozen=True, eq=False)
class SpectrumAt:
    """Some regions of a spectrum: fields are looked at there and nowhere else.

    Attributes
    ----------
    vectors
        Rows of the eigenvectors; (site, eigenvector).
    """

    vectors: Tensor

    def unrotate(self, coefficients: Tensor) -> Tensor:
        """Values (*batch, site) of the field with the given coefficients (*batch, eigenvector)."""
        return coefficients @ self.vectors.mT

    def rotate(self, values: Tensor) -> Tensor:
        """Coefficients of a field that has values (*batch, site) at the sites and zeros elsewhere."""
        return values @ self.vectors

    def matrix(self, weights: Tensor) -> Tensor:
        """Covariance among the sites for eigenvalues (*batch, eigenvector); (*batch, site, site)."""
        return (self.vectors * weights[..., None, :]) @ self.vectors.mT

    def forms(self, left: Tensor, right: Tensor) -> Tensor:
        """Derivative by each eigenvalue of the sum over columns of left' matrix right; (*batch, eigenvector)."""
        return ((left.mT @ self.vectors) * (right.mT @ self.vectors)).sum(-2)

    def traces(self, matrix: Tensor) -> Tensor:
        """Derivative by each eigenvalue of the trace of the covariance times a symmetric matrix."""
        return ((matrix @ self.vectors) * self.vectors).sum(-2)


@dataclass(frozen=True, eq=False)
class PlainSpectrum:
    """A spectrum in arrays of NumPy.

    Attributes
    ----------
    icar
        Eigenvalues of the scaled pseudo-inverse of L; (eigenvector,).
    vectors
        Eigenvectors as columns; (region, eigenvector).
    """

    icar: np.ndarray
    vectors: np.ndarray

    def rotate(self, x: Any) -> Any:
        """Coefficients of a field (*batch, region) on the eigenvectors; (*batch, eigenvector)."""
        return x @ self.vectors


def covariance_spectrum(spectrum: Spectrum, kind: str, smoothness: Tensor) -> Tensor:
    """Eigenvalues of a GMRF's unit-scale covariance; (*batch, eigenvector).

    Parameters
    ----------
    spectrum
        Eigenbasis of the graph.
    kind
        "paper" (I + 2 lam L)^-1, not rescaled; "leroux" (rho L + (1 - rho) I)^-1; "icar" the pseudo-inverse of
        L, 0 along each component's constant; "bym2" phi icar + (1 - phi) I; "iid" I. "leroux" and "icar" (so
        the smooth part of "bym2") are scaled to a geometric mean marginal variance of 1 in every component; an
        island is a unit normal of its own.
    smoothness
        lam, rho or phi; (*batch,). Ignored by "icar" and "iid", which take its batch shape.

    References
    ----------
    Leroux, Lei & Breslow (2000); Riebler et al. (2016); Freni-Sterrantino, Ventrucci & Rue (2018).
    """
    return _KIND_SPECTRA[kind](spectrum, smoothness[..., None])


def _paper(spectrum: Spectrum, lam: Tensor) -> Tensor:
    return 1 / (1 + 2 * lam * spectrum.values)


def _leroux(spectrum: Spectrum, rho: Tensor) -> Tensor:
    return spectrum.scaled(1 / (rho * spectrum.values + (1 - rho)))


def _icar(spectrum: Spectrum, smoothness: Tensor) -> Tensor:
    return spectrum.icar + torch.zeros_like(smoothness)


def _bym2(spectrum: Spectrum, phi: Tensor) -> Tensor:
    return phi * spectrum.icar + (1 - phi)


def _iid(spectrum: Spectrum, smoothness: Tensor) -> Tensor:
    return torch.ones_like(spectrum.values) + torch.zeros_like(smoothness)


_KIND_SPECTRA: dict[str, Callable[[Spectrum, Tensor], Tensor]] = {
    "paper": _paper,
    "leroux": _leroux,
    "icar": _icar,
    "bym2": _bym2,
    "iid": _iid,
}
