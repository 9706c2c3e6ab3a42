"""Draws of a fit's programs as they may be compared: scaled by their strengths, and gene loadings given them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import NeurovaeError
from ..models.algebra import share_homologues
from ..models.families import families_that
from ..studies.study import Study

if TYPE_CHECKING:
    from .fits import Fit

__all__ = ["ProgramDraws", "evenly_spaced", "shared_programs", "standard_expression"]


@dataclass(frozen=True, eq=False)
class ProgramDraws:
    r"""Some draws of the programs, chains after one another.

    A draw's programs are identified up to a rotation into each other, signs and order included: what is computed from
    them has to be invariant to it, as :math:`\tilde Z \tilde Z'` is, or aligned (`aligned_programs`).

    Attributes
    ----------
    scaled
        Programs :math:`\tilde Z = Z \, \mathrm{diag}(s)` in the units of expression; (draw, place, program), places
        being the parcels that expression was measured in: the study's regions, unless it has others.
    noise
        Standard deviation tau of what the programs leave of a gene; (draw,).
    slope
        Effect :math:`c\,b / e` of each column of ``scaled`` on each map; (draw, map, program).
    sharing
        How far thinning sees a program's mean over homologues; (draw,).
    measured
        Whether a place's expression is measured; bool (place,).
    """

    scaled: np.ndarray
    noise: np.ndarray
    slope: np.ndarray
    sharing: np.ndarray
    measured: np.ndarray

    @classmethod
    def of(cls, fit: Fit, most: int) -> ProgramDraws:
        """Take at most ``most`` draws, evenly spaced.

        Raises
        ------
        NeurovaeError
            For a fit without programs.
        """
        if not fit.posterior.has_programs:
            raise NeurovaeError(
                f"this fit is of the model {fit.settings.model}, which has no programs; fit the model "
                f"{families_that(programs=True)}."
            )
        names = ("program_score", "strength", "expression_noise", "program_weight")
        every = [fit.posterior.draws(name) for name in names]
        kept = evenly_spaced(len(every[0]), most)
        # In one order of memory, so that a loaded fit gives the same to the last bit.
        score, strength, noise, weight = (np.ascontiguousarray(values[kept]) for values in every)
        scaled = score * strength[:, None]
        return cls(scaled, noise, weight / strength[:, None], _sharing(fit, kept), fit.study.measured)

    @cached_property
    def centred(self) -> np.ndarray:
        """Scaled programs, their mean over the measured places taken off, 0 elsewhere; (draw, place, program)."""
        mean = self.scaled[:, self.measured].mean(1, keepdims=True)
        return np.where(self.measured[:, None], self.scaled - mean, 0.0)

    def loading_maps(self) -> tuple[np.ndarray, np.ndarray]:
        r"""Conditional of a gene's loadings: :math:`a_j \sim N(B x_j, \tau^2 C)`, of centred expression x_j.

        :math:`C = (\tilde Z' \tilde Z + \tau^2 I)^{-1}` and :math:`B = C \tilde Z'`, of the centred programs.

        Returns
        -------
        tuple
            B (draw, program, place) and C (draw, program, program).
        """
        across = self.centred.swapaxes(1, 2)
        inner = across @ self.centred + self.noise[:, None, None] ** 2 * np.eye(self.scaled.shape[2])
        inverse = np.linalg.inv(inner)
        return inverse @ across, inverse


def evenly_spaced(count: int, most: int) -> np.ndarray:
    """Positions of at most ``most`` of ``count`` draws, the first and the last among them."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(int)


def shared_programs(draws: ProgramDraws, fit: Fit) -> np.ndarray:
    """Scaled programs as thinning sees them, each place moved towards its homologue; (draw, region, program).

    By `models.algebra.share_homologues`, and through the study's places to its regions.
    """
    study = fit.study
    shared: np.ndarray = share_homologues(draws.scaled.mT, study.measured_in.homologue, draws.sharing[:, None, None]).mT
    return shared if study.places is None else study.places.support @ shared


def _sharing(fit: Fit, kept: np.ndarray) -> np.ndarray:
    """Sharing of homologues in some draws, the maps' mean or as it was set; (draw,)."""
    if fit.posterior.has("homologue_sharing"):
        return fit.posterior.draws("homologue_sharing")[kept].mean(1)
    family: Any = fit.settings.family  # of a family with programs, which have the setting
    return np.full(len(kept), family.homologue_sharing)


def standard_expression(study: Study) -> np.ndarray:
    """Centred expression over its standard deviation; (region, gene), 0 where unmeasured or without variance."""
    centred = study.centred_expression()
    size = np.sqrt((centred**2).sum(0) / study.expression_observed.sum())
    return np.divide(centred, size, out=np.zeros_like(centred), where=size > 0)
