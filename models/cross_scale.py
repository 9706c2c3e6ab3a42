"""The default family: expression and thinning are both generated from spatially smooth programs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

import pyro
from torch import Tensor

from .algebra import expression_root, expression_size, library_of, residual_root, share_homologues, unit_covariance
from .gmrf import GMRF
from .linear import LinearModel
from .marginal import ProgramExpression
from .observations import Observations
from .settings import CrossScaleSettings
from .smoothness import pc_scale, smoothness_prior

__all__ = ["CrossScale"]

# Kernels of expression besides K: K P + P K, and P K P.
_ONCE, _TWICE = "transcriptomic, exchanged once", "transcriptomic, exchanged twice"


class CrossScale(LinearModel):
    r"""Cross-scale generative model of expression X and thinning y (DESIGN.md, section 2).

    .. math::

        s_k \sim \mathrm{PC}, \quad \phi_k \sim \mathrm{PC}, \quad \tau \sim \mathrm{PC}, \qquad
        z_k \sim \mathrm{GMRF}(\phi_k)

        x_j = (Z s) a_j + \mu_j + \tau \epsilon_j, \qquad a_j \sim N(0, I_d)

        \theta_m = a_m + l_m \lambda + c_m H (Z s, E) b_m / e + t_m u_m + v_m w_m + \sigma_m e_m, \qquad
        y_m \sim N(\theta_m, V_m)

        b_m \sim N(0, I), \quad u_m \sim \mathrm{GMRF}, \quad w_m \sim N(0, R^2), \quad e_m \sim N(0, I)

    with E what the programs leave of the expression (its components beyond the first d; nothing with
    ``beyond_programs=False``) and :math:`e^2 = \lVert s \rVert^2 + \mathrm{var}\, E`, so that :math:`c_m` is the
    standard deviation of the transcriptomic part on every panel, and :math:`H = (1 - h) I + h (I + P) / 2`, which moves
    each region towards its mean with its homologue (P exchanges homologues; h is uniform unless the setting
    ``homologue_sharing`` says it): few donors were measured on both sides, and what their hemispheres differ by is
    largely noise to a map of other people. R is the correlation of regional thickness across people and :math:`\lambda`
    its leading axis, which is left out of w.

    Sites: ``strength`` s, ``smoothness`` phi, ``expression_noise`` tau, ``program_score`` z, ``homologue_sharing`` h,
    ``transcriptomic_scale`` c, ``spatial_scale`` t, ``structural_scale`` v, ``unexplained_scale`` sigma; observed are
    ``expression``, the scatter X X' / g, and ``thinning`` y. Loadings, gene means, a, l, b, u, w and e are integrated
    out.
    """

    parts: ClassVar[tuple[str, ...]] = ("transcriptomic", "spatial", "structural")
    has_programs: ClassVar[bool] = True

    def __init__(self, data: Observations, settings: CrossScaleSettings) -> None:
        super().__init__(data, settings)
        self.places = data.expression
        smoothness = settings.smoothness
        own = (self.places.spectrum, settings.program_prior, smoothness.upper, smoothness.alpha)
        self.smoothness_prior = smoothness_prior(*own)
        self.strength_prior = pc_scale(settings.strength.upper, settings.strength.alpha)
        left = settings.n_programs if settings.beyond_programs else self.places.count
        measured = {"expressed": self.places.expressed, "identity": self.places.identity}
        self.rest = residual_root(self.places.scatter, left, **measured)
        if settings.homologue_sharing is None:
            self.fractions = ("homologue_sharing",)
        self.noise_prior = pc_scale(settings.expression_noise.upper, settings.expression_noise.alpha)

    def program_gmrf(self, smoothness: Tensor) -> GMRF:
        """Prior of the programs given their smoothness; batch as the smoothness, event (place,)."""
        own: Any = {{"bym2": "phi", "leroux": "rho"}[self.settings.program_prior]: smoothness}
        return GMRF(self.places.spectrum, self.settings.program_prior, **own)

    def expression_part(self, draws: int = 1) -> dict[str, Tensor]:
        """Pyro model of the genes; returns z (replicate, draw, program, place) and s (replicate, draw, program)."""
        with self.replicate_plate(), self.draw_plate(draws):
            noise = pyro.sample("expression_noise", self.noise_prior)
            with pyro.plate("program", self.settings.n_programs, dim=-1):
                strength = pyro.sample("strength", self.strength_prior)
                smoothness = pyro.sample("smoothness", self.smoothness_prior)
                score = pyro.sample("program_score", self.program_gmrf(smoothness))
            pyro.sample("expression", self.expression(score, strength, noise), obs=self.places.scatter)
        return {"program_score": score, "strength": strength}

    def expression(self, score: Tensor, strength: Tensor, noise: Tensor) -> ProgramExpression:
        """Likelihood of the genes given z, s and tau (replicate, draw, 1)."""
        scaled = (strength[..., None] * score)[:, :, None]
        return ProgramExpression(scaled, noise, genes=self.data.genes, expressed=self.places.expressed)

    def log_prior(self, drawn: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Log prior density of each hyperparameter, shaped as it is."""
        own = {
            "strength": self.strength_prior,
            "smoothness": self.smoothness_prior,
            "expression_noise": self.noise_prior,
        }
        return super().log_prior(drawn) | {name: prior.log_prob(drawn[name]) for name, prior in own.items()}

    def program_roots(self, programs: Mapping[str, Any]) -> dict[str, Any]:
        """Expression H (Z s, E) / e where it was measured: the root of the transcriptomic part."""
        score, strength = programs["program_score"], programs["strength"]
        fixed = (self._like(score, self.rest), self._like(score, self.places.homologue))
        return {"transcriptomic": expression_root(score, strength, *fixed, self._sharing)}

    def program_kernels(self, programs: Mapping[str, Any]) -> dict[str, Any]:
        """Unit covariance K of expression, and with homologues exchanged where h is integrated over.

        H K H is (1 - h/2)^2 K + (1 - h/2) h/2 (K P + P K) + h^2/4 P K P. What the programs leave of the covariance is
        the same for all draws but for e.
        """
        score, strength = programs["program_score"], programs["strength"]
        homologue, size = (
            self._like(score, self.places.homologue),
            expression_size(strength, self._like(score, self.rest)),
        )
        own = share_homologues(score * (strength / size[..., None])[..., None], homologue, self._sharing)
        if self.places.support is None:
            kernel = unit_covariance(own) + self._like(own, self._rest_covariance) / size[..., None, None] ** 2
            if not self.fractions:
                return {"transcriptomic": kernel}
            once = kernel[..., homologue]
            return {"transcriptomic": kernel, _ONCE: once + once.mT, _TWICE: once[..., homologue, :]}
        support = self._like(own, self.places.support)
        ways = _exchanged(own @ support.mT, own[..., homologue] @ support.mT)
        return {
            name: way + self._like(own, rest) / size[..., None, None] ** 2
            for name, way, rest in zip(self.kernel_names("transcriptomic"), ways, self._rest_as_seen, strict=False)
        }

    @cached_property
    def _rest_covariance(self) -> Tensor:
        """Covariance of what programs leave; (place, place)."""
        covariance: Tensor = unit_covariance(share_homologues(self.rest, self.places.homologue, self._sharing))
        return covariance

    @cached_property
    def _rest_as_seen(self) -> tuple[Tensor, Tensor, Tensor]:
        """The same as regions see it, homologues exchanged on no, one and both sides; (region, region) each."""
        rest = share_homologues(self.rest, self.places.homologue, self._sharing)
        return _exchanged(self._as_regions_see(rest), self._as_regions_see(rest[..., self.places.homologue]))

    def _as_regions_see(self, fields: Tensor) -> Tensor:
        """What regions see of fields (..., place); (..., region)."""
        return fields if self.places.support is None else fields @ self.places.support.mT

    @property
    def _sharing(self) -> float:
        """How far roots and kernels are shared: where that is a global of each map, `seen_through` and `amounts` do."""
        return 0.0 if self.settings.homologue_sharing is None else self.settings.homologue_sharing

    @staticmethod
    def _like(array: Any, values: Tensor) -> Any:
        """Tensor as it is beside other tensors, as a NumPy array beside arrays of another library."""
        return values if isinstance(array, Tensor) else values.cpu().numpy()

    def amounts(self, scales: Mapping[str, Any]) -> dict[str, Any]:
        """Weight of each kernel; of those of expression c^2 times what `program_kernels` says."""
        amounts = super().amounts(scales)
        if self.fractions:
            whole, away = amounts["transcriptomic"], scales["homologue_sharing"] / 2
            own = 1 - away
            amounts |= {"transcriptomic": whole * own**2, _ONCE: whole * own * away, _TWICE: whole * away**2}
        return amounts

    def kernel_names(self, part: str) -> tuple[str, ...]:
        """Of expression three, where h is integrated over."""
        return (part, _ONCE, _TWICE) if part == "transcriptomic" and self.fractions else (part,)

    def seen_through(self, part: str, fields: Tensor, scales: Mapping[str, Tensor]) -> Tensor:
        """Move the transcriptomic part towards its mean over homologues, as far as each map does, and to regions."""
        return self._as_regions_see(self._shared(fields, scales)) if part == "transcriptomic" else fields

    def seen_back(self, part: str, values: Tensor, scales: Mapping[str, Tensor]) -> Tensor:
        """The transpose: from the regions to where expression was measured."""
        if part != "transcriptomic":
            return values
        return self._shared(values if self.places.support is None else values @ self.places.support, scales)

    def _shared(self, fields: Tensor, scales: Mapping[str, Tensor]) -> Tensor:
        """Fields (..., map, place) after H, where h is a global of each map."""
        if not self.fractions:
            return fields
        return share_homologues(fields, self.places.homologue, scales["homologue_sharing"][..., None])

    def program_weight(self, scale: Tensor, strength: Tensor, weights: Tensor) -> Tensor:
        """Effect of one standard deviation of a program on thinning, c b_k s_k / e; (replicate, draw, map, program).

        ``scale`` c is (replicate, draw, map), ``strength`` s (replicate, draw, program) and ``weights`` b (replicate,
        draw, map, coefficient), the programs' first.
        """
        share = strength / expression_size(strength, self.rest)[..., None]
        return scale[..., None] * weights[..., : strength.shape[-1]] * share[:, :, None]


def _exchanged(own: Any, across: Any) -> tuple[Any, Any, Any]:
    """Covariances F' F, F' G + G' F and G' G of fields F and of the same with homologues exchanged, G."""
    library = library_of(own)
    once = library.concatenate([own, across], axis=-2).mT @ library.concatenate([across, own], axis=-2)
    return unit_covariance(own), once, unit_covariance(across)
