"""Guide of the programs: a GNN gives sites, the programs' own GMRF prior does the smoothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import pyro
import torch
from pyro.distributions import Delta
from torch import Tensor, nn

from pyro_neurovae.models.cross_scale import CrossScale

from ..encoder import RegionEncoder
from ..gaussian import normal_log_density
from ..noise import NoiseStreams
from .field import Field, draw_field
from .pca import pca_start

__all__ = ["ProgramDraws", "ProgramGuide", "ProgramNoise", "ProgramSites", "draw_programs", "program_field"]


@dataclass(frozen=True)
class ProgramNoise:
    """Standard normal numbers of one evaluation.

    ``globals`` is (replicate, draw, 2 programs + 1); ``score`` is (replicate, draw, program, 2, place).
    """

    globals: Tensor
    score: Tensor

    @classmethod
    def draw(cls, streams: NoiseStreams, draws: int, programs: int, places: int) -> ProgramNoise:
        """Draw the numbers for ``draws`` draws of every replicate."""
        return cls(streams.normal(draws, 2 * programs + 1), streams.normal(draws, programs, 2, places))

    def select(self, replicates: Sequence[int]) -> ProgramNoise:
        """Keep the replicates with the given numbers."""
        return ProgramNoise(self.globals[replicates], self.score[replicates])

    def split(self, size: int) -> list[ProgramNoise]:
        """Cut into pieces of ``size`` draws."""
        pairs = zip(self.globals.split(size, 1), self.score.split(size, 1), strict=True)
        return [ProgramNoise(one, other) for one, other in pairs]


@dataclass(frozen=True)
class ProgramSites:
    """All that the trained guide knows: a Gaussian over the globals and one Gaussian site a place and program.

    Attributes
    ----------
    loc, scale
        Mean and standard deviation of (log strength, logit smoothness, log noise); (replicate, 2 programs + 1).
    mean
        Site means of the scaled programs Z s; (replicate, program, place).
    log_precision
        Log of each site's precision relative to g s^2 / tau^2; (replicate, program, place).
    """

    loc: Tensor
    scale: Tensor
    mean: Tensor
    log_precision: Tensor

    def select(self, replicates: Tensor | Sequence[int]) -> ProgramSites:
        """Keep the replicates with the given numbers."""
        return ProgramSites(*(getattr(self, f.name)[replicates] for f in fields(self)))


class ProgramGuide(nn.Module):
    r"""Structured guide q(s, phi, tau) prod_k q(z_k | s, phi, tau) of the programs of `CrossScale`.

    Given the globals each program is the Gaussian that its GMRF prior makes of one Gaussian pseudo-observation
    a place, :math:`q(z_k) = N((Q + \Lambda_k)^{-1} \Lambda_k m_k / s_k, (Q + \Lambda_k)^{-1})`, where
    :math:`\Lambda_{ki} = (g s_k^2 / \tau^2) e^{r_{ki}}` with its weighted mean over places projected out, since
    gene means are free, and no site where no expression was measured. The GNN gives :math:`m` (as a shift from
    principal components, in units of the site's width) and :math:`r`; at zero output the guide is the exact
    conditional for loadings that are orthogonal.

    Parameters
    ----------
    model
        The family with its data.
    streams
        Streams for the GNN's initial weights, one a replicate.
    """

    def __init__(self, model: CrossScale, streams: NoiseStreams) -> None:
        super().__init__()
        self.model, self.field, places, genes = model, program_field(model), model.places, model.data.genes
        d, replicates = model.settings.n_programs, model.data.replicates
        start = pca_start(places, d)
        measured = int(places.expressed.sum())
        loc = torch.cat([start.strength.log(), torch.zeros_like(start.strength), start.noise.log()[None]])
        scale = torch.cat(
            [
                torch.full_like(start.strength, (2 * measured) ** -0.5),
                torch.full_like(start.strength, 1.0),
                torch.full_like(start.noise[None], (2 * measured * genes) ** -0.5),
            ]
        )
        self.loc = nn.Parameter(loc.repeat(replicates, 1))
        self.log_scale = nn.Parameter(scale.log().repeat(replicates, 1))
        self.register_buffer("pca", start.score.mT)
        self.register_buffer("width", start.noise / genes**0.5)
        features = torch.cat([start.score / start.strength, places.expressed[:, None].to(start.score.dtype)], -1)
        self.encoder = RegionEncoder(features, places.edge_index, places.edge_weight, outputs=2 * d, noise=streams)

    def sites(self) -> ProgramSites:
        """Run the GNN: everything needed to draw, as tensors."""
        shift, log_precision = self.encoder().mT.chunk(2, dim=-2)
        return ProgramSites(self.loc, self.log_scale.exp(), self.pca + self.width * shift, log_precision)

    def forward(self, noise: ProgramNoise) -> None:
        """Pyro guide of `CrossScale.expression_part`."""
        model, drawn = self.model, draw_programs(self.model, self.field, self.sites(), noise)
        density = drawn.density
        with model.replicate_plate(), model.draw_plate(noise.globals.shape[1]):
            pyro.sample("expression_noise", Delta(drawn.noise, log_density=density["noise"]))
            with pyro.plate("program", model.settings.n_programs, dim=-1):
                pyro.sample("strength", Delta(drawn.strength, log_density=density["strength"]))
                pyro.sample("smoothness", Delta(drawn.smoothness, log_density=density["smoothness"]))
                pyro.sample("program_score", Delta(drawn.score, log_density=density["score"], event_dim=1))


@dataclass(frozen=True)
class ProgramDraws:
    """Draws of the programs.

    Attributes
    ----------
    score
        z; (replicate, draw, program, place).
    strength, smoothness
        s and phi; (replicate, draw, program).
    noise
        tau; (replicate, draw, 1).
    density
        Log density of each under the guide, by name; shaped as the draw, "score" without its places.
    """

    score: Tensor
    strength: Tensor
    smoothness: Tensor
    noise: Tensor
    density: dict[str, Tensor]


def program_field(model: CrossScale) -> Field:
    """Prior of a program, with a site where expression was measured."""
    return Field(model.places.spectrum, model.settings.program_prior, model.places.expressed)


def draw_programs(model: CrossScale, field: Field, sites: ProgramSites, noise: ProgramNoise) -> ProgramDraws:
    """Draw programs from sites."""
    d = model.settings.n_programs
    free = sites.loc[:, None] + sites.scale[:, None] * noise.globals  # (replicate, draw, 2 d + 1)
    density = normal_log_density(noise.globals) - sites.scale.log()[:, None]
    strength, smoothness, tau = free[..., :d].exp(), free[..., d:-1].sigmoid(), free[..., -1:].exp()
    jacobian = torch.cat([-free[..., :d], -(smoothness * (1 - smoothness)).log(), -free[..., -1:]], -1)
    density = density + jacobian
    precision = model.data.genes * (strength / tau).square()[..., None] * sites.log_precision[:, None].exp()
    score, score_density = draw_field(
        field,
        smoothness,
        precision,
        sites.mean[:, None] / strength[..., None],
        noise.score,
    )
    terms = {"strength": density[..., :d], "smoothness": density[..., d:-1], "noise": density[..., -1:]}
    return ProgramDraws(score, strength, smoothness, tau, terms | {"score": score_density})
