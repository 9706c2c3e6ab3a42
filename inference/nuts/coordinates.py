r"""Coordinates of the programs in which their posterior is near to standard normal, for NUTS.

Expression says much of the sum of squared scaled programs F = Z s, F'F, and nothing of their rotation, F to R F, which
only the priors of z and s see. In coordinates fixed to F the posterior is therefore a thin curved shell. Here the
rotation R, what rotates and what expression does not see are coordinates of their own:

.. math:: F = R \{B D U' + (w \circ T) U_\perp'\} + f N'

with D, U from probabilistic PCA of the expression, B lower triangular near the identity, T out of the span of U, and N
what the likelihood of the expression does not see: the mean of the measured regions and every region unmeasured.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from scipy.special import ndtri

from pyro_neurovae.errors import SettingsError
from pyro_neurovae.models.cross_scale import CrossScale
from pyro_neurovae.models.observations import ExpressionPlaces
from pyro_neurovae.models.smoothness import PCSmoothness
from pyro_neurovae.models.spectrum import PlainSpectrum

from ..programs.pca import pca_start

__all__ = ["ProgramCoordinates"]

Values = Mapping[str, Any]

# Length of the columns of the matrix whose orthogonal factor is the rotation, and the sd of its logarithm.
_LENGTH, _LENGTH_SPREAD = 4.0, 0.25

# A rotation's width from its second derivative, times this: smoothness differs between programs and takes up part.
_LOOSER = 3.0

# Widest start of what expression hardly measures.
_WIDEST = 0.5

# Where smoothness is looked up: logits out to the end of its prior.
_LOGITS = np.linspace(-18.0, 18.0, 4001)


@dataclass(frozen=True)
class ProgramCoordinates:
    r"""Maps white coordinates to programs z, strengths s, smoothness phi and noise tau.

    The coordinates are ``turn`` (program, program), a square matrix M whose orthogonal factor is R: M = R' r with r
    upper triangular, of which the columns' lengths :math:`r_{jj}` are log-normal and the rest standard normal, so that
    R is uniform and M smooth; ``size`` and ``shear``, diagonal (in logs) and lower triangle of B; ``tilt``, T;
    ``free``, f given the rest of F, in units of its conditional sd under the prior; ``strength``, log s about what F's
    own roughness says; ``smooth``, the prior's normal score of phi; and ``noise``, log tau.

    Attributes
    ----------
    inside, outside
        D U' (program, place) and the transpose of U_perp (rest, place), orthogonal to constants.
    unseen
        N'; (free, place).
    turn, size, shear, tilt, strength, noise
        Widths of the coordinates.
    centre
        tau at 0.
    score, logit
        Normal score of phi under its prior on a grid, rising, and the logit of phi there.
    spectrum
        Spectrum of the graph.
    """

    inside: np.ndarray
    outside: np.ndarray
    unseen: np.ndarray
    turn: np.ndarray
    size: np.ndarray
    shear: np.ndarray
    tilt: np.ndarray
    strength: float
    noise: float
    centre: float
    score: np.ndarray
    logit: np.ndarray
    spectrum: PlainSpectrum

    @classmethod
    @torch.no_grad()
    def of(cls, model: CrossScale) -> ProgramCoordinates:
        """Centre and widths from the principal components of the expression.

        Raises
        ------
        SettingsError
            For more programs than the measured regions have dimensions, or another prior of the programs than BYM2.
        """
        places, d = model.places, model.settings.n_programs
        measured = int(places.expressed.sum())
        if model.settings.program_prior != "bym2":
            raise SettingsError(
                'method nuts knows programs under "bym2" only; leave out program_prior, or use method svi.'
            )
        if d > measured - 1:
            raise SettingsError(
                f"n_programs is {d}, and {measured} measured regions have {measured - 1} dimensions: "
                f"give at most {measured - 1} to method nuts."
            )
        start, genes, free = pca_start(places, d), model.data.genes, measured - 1
        unseen = _unseen(places)
        # What is not seen is told from directions along which few genes happen not to vary.
        values, vectors = np.linalg.eigh(places.scatter.cpu().numpy() - unseen.T @ unseen)
        values, vectors = values[::-1][:free], vectors[:, ::-1][:, :free]
        noise = float(start.noise) ** 2
        kept = start.strength.cpu().numpy() ** 2 * measured  # squared sizes of F
        total = kept + noise
        pair = np.sqrt(np.outer(total, total) / np.outer(kept, kept))
        apart = free * (kept[:, None] - kept) ** 2 / np.outer(kept, kept)
        pinned = np.minimum(_LOOSER * _LENGTH / np.sqrt(_LENGTH**2 + apart), 1.0)
        gap = (total[:, None] - values[d:]).clip(min=0.0)
        low = np.tril_indices(d, -1)
        score, logit = _normal_scores(model.smoothness_prior)
        return cls(
            inside=np.sqrt(kept)[:, None] * vectors[:, :d].T,
            outside=vectors[:, d:].T,
            unseen=unseen,
            turn=np.tril(pinned, -1) + np.triu(np.ones((d, d))),
            size=np.minimum(np.diag(pair) ** 2 / math.sqrt(2 * genes), _WIDEST),
            shear=np.minimum(pair / math.sqrt(genes), _WIDEST)[low],
            tilt=1 / np.sqrt(genes * gap / (noise * total[:, None]) + free / kept[:, None]),
            strength=1 / math.sqrt(2 * free),
            noise=1 / math.sqrt(2 * genes * max(free - d, 1)),
            centre=math.sqrt(noise),
            score=score,
            logit=logit,
            spectrum=places.spectrum.plain(),
        )

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each coordinate."""
        d = len(self.inside)
        own = dict.fromkeys(("size", "smooth", "strength"), (d,))
        fields = {"turn": (d, d), "tilt": self.tilt.shape, "free": (d, len(self.unseen))}
        return own | fields | {"shear": self.shear.shape, "noise": ()}

    def begin(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Standard normal coordinates; the rotation begins at none."""
        white = {name: rng.standard_normal(shape) for name, shape in self.shapes.items()}
        lengths = _LENGTH * np.exp(_LENGTH_SPREAD * np.diag(white["turn"]))
        return white | {"turn": np.triu(white["turn"], 1) + np.diag(lengths)}

    def decode(self, white: Values) -> tuple[dict[str, Any], Any]:
        """Named quantities; and what turns a log density of these given phi into one of the coordinates."""
        import jax
        import jax.numpy as jnp

        d, regions = self.inside.shape
        rotation, length, above = self._rotation(white["turn"])
        stretch = self.size * white["size"]
        mix = jnp.diag(jnp.exp(stretch)).at[np.tril_indices(d, -1)].set(self.shear * white["shear"])
        seen = rotation @ (mix @ self.inside + (self.tilt * white["tilt"]) @ self.outside)

        phi = jax.nn.sigmoid(jnp.interp(white["smooth"], self.score, self.logit))
        strength, whole, root = self._complete(seen, phi, white)
        tau = self.centre * jnp.exp(self.noise * white["noise"])
        named = {
            "strength": strength,
            "smoothness": phi,
            "expression_noise": tau,
            "program_score": whole / strength[:, None],
        }
        moved = [
            # Spare coordinates: lengths and upper triangle of r, over their part of dM = dR prod r_jj^(d - j) dr.
            -0.5 * (above**2).sum() - 0.5 * (jnp.log(length / _LENGTH) ** 2).sum() / _LENGTH_SPREAD**2,
            -(np.arange(d, 0, -1) * jnp.log(length)).sum(),
            # (R, B) to R B: prod b_jj^(j - 1), and b_jj itself for its logarithm.
            (np.arange(1, d + 1) * stretch).sum(),
            # f, s z to z, log s and log tau.
            (len(self.unseen) + 1 - regions) * jnp.log(strength).sum(),
            -jnp.log(jnp.diagonal(root, axis1=1, axis2=2)).sum(),
            jnp.log(tau),
            # The prior of phi, standard normal in its score.
            -0.5 * (white["smooth"] ** 2).sum(),
        ]
        return named, sum(moved)

    def _rotation(self, turn: Any) -> tuple[Any, Any, Any]:
        """R, the columns' lengths and what of them lies along earlier columns."""
        import jax.numpy as jnp

        factor, rest = jnp.linalg.qr(self.turn * turn)
        sign = jnp.sign(jnp.diagonal(rest))
        return (factor * sign).T, jnp.abs(jnp.diagonal(rest)), jnp.triu(rest, 1)

    def _complete(self, seen: Any, phi: Any, white: Values) -> tuple[Any, Any, Any]:
        """Strengths, programs with what expression does not see, and the root of its precision under the prior."""
        import jax.numpy as jnp
        from jax.scipy.linalg import solve_triangular

        variance = phi[:, None] * self.spectrum.icar + 1 - phi[:, None]
        rotated, missed = self.spectrum.rotate(seen), self.spectrum.rotate(self.unseen)
        across = missed / variance[:, None]  # N' Q in the eigenbasis
        root = jnp.linalg.cholesky(jnp.einsum("kfe,ge->kfg", across, missed))
        pull = solve_triangular(root, jnp.einsum("kfe,ke->kf", across, rotated)[..., None], lower=True)
        rough = (rotated**2 / variance).sum(-1) - (pull**2).sum((-2, -1))  # F' Q F at the best f
        dimensions = len(self.inside) + len(self.outside)
        strength = jnp.sqrt(rough / dimensions) * jnp.exp(self.strength * white["strength"])
        step = strength[:, None, None] * white["free"][..., None] - pull
        free = solve_triangular(jnp.swapaxes(root, 1, 2), step, lower=False)[..., 0]
        return strength, seen + free @ self.unseen, root


def _unseen(places: ExpressionPlaces) -> np.ndarray:
    """Orthonormal directions that the expression's likelihood does not see; (direction, region)."""
    expressed = places.expressed.cpu().numpy()
    mean = expressed / math.sqrt(expressed.sum())
    return np.vstack([mean, np.eye(len(expressed))[~expressed]])


def _normal_scores(prior: PCSmoothness) -> tuple[np.ndarray, np.ndarray]:
    """Normal scores of smoothness under its prior, and its logits, as far out as both are numbers."""
    distance = prior.distance(torch.as_tensor(_LOGITS).to(prior.spectrum.values.device).sigmoid()).cpu().numpy()
    below = -np.expm1(-prior.rate * distance) / prior.mass
    above = (np.exp(-prior.rate * distance) - np.exp(-prior.rate * distance[-1])) / prior.mass
    with np.errstate(divide="ignore", invalid="ignore"):
        score = np.where(below < 0.5, ndtri(below), -ndtri(above))
    kept = np.isfinite(score) & (np.abs(score) < 8)
    return score[kept], _LOGITS[kept]
