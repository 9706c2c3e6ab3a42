"""Gaussian Markov random fields on a region graph, as one Pyro distribution."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from pyro.distributions import TorchDistribution, constraints
from torch import Tensor
from torch.distributions import biject_to, transform_to
from torch.distributions.transforms import Transform

from pyro_neurovae.errors import SettingsError

from .spectrum import KINDS, Spectrum, covariance_spectrum

if TYPE_CHECKING:
    from pyro_neurovae.graphs.region_graph import RegionGraph

__all__ = ["GMRF", "SumToZero"]


class SumToZero(constraints.Constraint):
    """Fields that sum to zero over every component of more than one region."""

    event_dim = 1
    is_discrete = False

    def __init__(self, spectrum: Spectrum) -> None:
        self.spectrum = spectrum

    def __repr__(self) -> str:
        return "SumToZero()"

    def check(self, value: Tensor) -> Tensor:
        """Whether each field (*batch, region) sums to zero, up to rounding; (*batch,)."""
        sums = self.spectrum.rotate(value.to(self.spectrum.values.dtype))[..., self.spectrum.null]
        tolerance = math.sqrt(torch.finfo(value.dtype).eps) * (1 + value.abs().amax(-1, keepdim=True))
        return (sums.abs() <= tolerance).all(-1)


class _FreeCoefficients(Transform):
    """Coefficients on the eigenvectors that are not constant, to the field; an isometry, so log |J| = 0."""

    domain = constraints.real_vector
    bijective = True

    def __init__(self, spectrum: Spectrum) -> None:
        super().__init__()
        self.spectrum = spectrum
        self.free = (~spectrum.null).nonzero()[:, 0]
        self.codomain = SumToZero(spectrum)

    def _call(self, x: Tensor) -> Tensor:
        whole = x.new_zeros((*x.shape[:-1], self.spectrum.n_regions), dtype=self.spectrum.values.dtype)
        return self.spectrum.unrotate(whole.index_copy(-1, self.free, x.to(whole.dtype))).to(x.dtype)

    def _inverse(self, y: Tensor) -> Tensor:
        return self.spectrum.rotate(y.to(self.spectrum.values.dtype))[..., self.free].to(y.dtype)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        del y
        return x.new_zeros(x.shape[:-1])

    def forward_shape(self, shape: torch.Size) -> torch.Size:
        return torch.Size((*shape[:-1], self.spectrum.n_regions))

    def inverse_shape(self, shape: torch.Size) -> torch.Size:
        return torch.Size((*shape[:-1], len(self.free)))


@biject_to.register(SumToZero)
@transform_to.register(SumToZero)
def _sum_to_zero(constraint: SumToZero) -> Transform:
    return _FreeCoefficients(constraint.spectrum)


class GMRF(TorchDistribution):
    r"""Zero-mean Gaussian Markov random field on a region graph.

    .. math:: x \sim N(0,\ \mathrm{scale}^2\, V \mathrm{diag}(e) V')

    with V the eigenvectors of the graph's Laplacian and e as `covariance_spectrum` gives for the kind.
    Density, samples and moments go through the eigenbasis, which is computed once for a graph: O(n^2) a
    field, whatever the parameters. With ``icar`` the density is on the subspace where every component of more
    than one region sums to zero, with respect to its Lebesgue measure.

    Parameters
    ----------
    graph
        A `RegionGraph`, or its `Spectrum` where many fields share one graph.
    kind
        "paper", "leroux" (the default), "icar", "bym2" or "iid".
    lam, rho, phi
        Smoothness of the kinds paper (>= 0, default 0.1), leroux and bym2 (0 to below 1, default 0.9); any
        batch shape. At rho = 1 and phi = 1 the field has no density: use "icar".
    scale
        Standard deviation; any batch shape, default 1. For "leroux", "icar" and "iid" it is the geometric mean
        of the regions' standard deviations in every component; for "bym2" it is that of the smooth and of the
        independent part, and the regions' own is as much or slightly more.

    Raises
    ------
    SettingsError
        For an unknown kind or a parameter of another kind.
    ValueError
        For a parameter out of range (with ``validate_args``, Pyro's default).

    References
    ----------
    Rue & Held (2005), Gaussian Markov Random Fields; Sorbye & Rue (2014); Freni-Sterrantino et al. (2018).
    """

    has_rsample = True
    scale: Tensor
    lam: Tensor
    rho: Tensor
    phi: Tensor

    def __init__(
        self,
        graph: RegionGraph | Spectrum,
        kind: str = "leroux",
        *,
        lam: Tensor | float | None = None,
        rho: Tensor | float | None = None,
        phi: Tensor | float | None = None,
        scale: Tensor | float = 1.0,
        validate_args: bool | None = None,
    ) -> None:
        self.spectrum = graph if isinstance(graph, Spectrum) else Spectrum.of(graph)
        self.kind = kind
        smoothness = _smoothness(kind, {"lam": lam, "rho": rho, "phi": phi})
        like = self.spectrum.values
        self.smoothness, self.scale = torch.broadcast_tensors(
            torch.as_tensor(smoothness, dtype=like.dtype, device=like.device),
            torch.as_tensor(scale, dtype=like.dtype, device=like.device),
        )
        own = KINDS[kind]
        if own is not None:
            setattr(self, own, self.smoothness)
        super().__init__(self.scale.shape, torch.Size((self.spectrum.n_regions,)), validate_args=validate_args)

    @property
    def arg_constraints(self) -> dict[str, constraints.Constraint]:
        """Constraints of the parameters that the kind has."""
        own = KINDS[self.kind]
        return {"scale": constraints.positive} | ({} if own is None else {own: _RANGES[own]})

    @property
    def support(self) -> constraints.Constraint:
        """Real vectors; for "icar" those that sum to zero over every component."""
        constrained = self.kind == "icar" and bool(self.spectrum.null.any())
        return SumToZero(self.spectrum) if constrained else constraints.real_vector

    @property
    def eigenvalues(self) -> Tensor:
        """Eigenvalues of the covariance, scale included; (*batch, eigenvector)."""
        unit = covariance_spectrum(self.spectrum, self.kind, self.smoothness)
        return unit * self.scale.square()[..., None]

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draw fields (*sample, *batch, region), differentiable in the parameters."""
        root = self._free(self.eigenvalues).sqrt()
        white = torch.randn(self._extended_shape(torch.Size(sample_shape)), dtype=root.dtype, device=root.device)
        if self.kind == "icar":
            white = white.masked_fill(self.spectrum.null, 0.0)
        return self.spectrum.unrotate(white * root)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log density of fields (*batch, region); (*batch,)."""
        if self._validate_args:
            self._validate_sample(value)
        eigenvalues = self._free(self.eigenvalues)
        # Pyro's default dtype is float32 and a spectrum's is float64.
        terms = (
            self.spectrum.rotate(value.to(eigenvalues.dtype)).square() / eigenvalues
            + eigenvalues.log()
            + math.log(2 * math.pi)
        )
        if self.kind == "icar":
            terms = terms.masked_fill(self.spectrum.null, 0.0)
        return -0.5 * terms.sum(-1)

    def _free(self, eigenvalues: Tensor) -> Tensor:
        """Eigenvalues with a one in place of the icar's zeros, whose terms are masked: finite gradients."""
        return eigenvalues.masked_fill(self.spectrum.null, 1.0) if self.kind == "icar" else eigenvalues

    def expand(self, batch_shape: Any, _instance: Any = None) -> GMRF:
        """Expand the batch dimensions."""
        batch_shape = torch.Size(batch_shape)
        name = KINDS[self.kind]
        smoothness = {} if name is None else {name: self.smoothness.expand(batch_shape)}
        wide = GMRF(self.spectrum, self.kind, scale=self.scale.expand(batch_shape), validate_args=False, **smoothness)
        wide._validate_args = self._validate_args  # the parameters were checked before, values are yet to come
        return wide

    @property
    def mean(self) -> Tensor:
        """Zero; (*batch, region)."""
        return self.scale.new_zeros(self._extended_shape())

    @property
    def variance(self) -> Tensor:
        """Marginal variances; (*batch, region)."""
        return self.spectrum.variances(self.eigenvalues)

    def covariance(self) -> Tensor:
        """Dense covariance; (*batch, region, region)."""
        return self.spectrum.matrix(self.eigenvalues)

    def precision(self) -> Tensor:
        """Dense precision, for "icar" the pseudo-inverse of the covariance; (*batch, region, region)."""
        inverse = 1 / self._free(self.eigenvalues)
        return self.spectrum.matrix(inverse.masked_fill(self.spectrum.null, 0.0) if self.kind == "icar" else inverse)


_DEFAULTS = {"lam": 0.1, "rho": 0.9, "phi": 0.9}
_RANGES = {
    "lam": constraints.nonnegative,
    "rho": constraints.half_open_interval(0.0, 1.0),
    "phi": constraints.half_open_interval(0.0, 1.0),
}


def _smoothness(kind: str, given: dict[str, Tensor | float | None]) -> Tensor | float:
    if kind not in KINDS:
        raise SettingsError(f"unknown GMRF kind {kind!r}: the known ones are {', '.join(KINDS)}.")
    own = KINDS[kind]
    for name, value in given.items():
        if value is not None and name != own:
            takes = f"its smoothness is {own}" if own else "it has no smoothness"
            raise SettingsError(f"the GMRF kind {kind!r} takes no {name}: {takes}.")
    if own is None:
        return 0.0
    value = given[own]
    return _DEFAULTS[own] if value is None else value
