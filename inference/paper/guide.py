"""Guide of the paper's model: a GNN reads the expression and gives every region's latent mean and log variance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pyro
import torch
from pyro.distributions import Delta
from torch import Tensor, nn

from pyro_neurovae.models.observations import Observations
from pyro_neurovae.models.paper import Paper

from ..encoder import RegionEncoder
from ..gaussian import normal_log_density
from ..noise import NoiseStreams
from ..normal_draw import NormalDraw

__all__ = ["PaperGuide", "PaperNoise"]

# Where the guides of what is learned begin: lambda at the paper's value, sigma at a fifth of the map's spread.
_LAM, _SIGMA, _WIDTH = 0.1, 0.2, 0.3


@dataclass(frozen=True)
class PaperNoise:
    """Standard normal numbers of one evaluation.

    ``latent`` is (replicate, draw, latent, region), ``lam`` (replicate, draw, 1), ``scale`` (replicate, draw, map).
    """

    latent: Tensor
    lam: Tensor
    scale: Tensor

    @classmethod
    def draw(cls, streams: NoiseStreams, draws: int, latent: int, data: Observations) -> PaperNoise:
        """Draw the numbers for ``draws`` draws of every replicate."""
        field = streams.normal(draws, latent, data.regions)
        return cls(field, streams.normal(draws, 1), streams.normal(draws, data.maps))


class PaperGuide(nn.Module):
    r"""q(Z | X, G) = prod_k prod_i N(\mu_{ki}, s_{ki}^2), and log-normals for lambda and sigma where they are learned.

    Mean and log variance come from graph convolutions of the expression, with contexts pooled by lobe and over the
    whole cortex. The genes enter through the left-singular vectors of the expression, a rotation that keeps every
    distance between regions, so that cost does not depend on their number; regions whose expression was not measured
    are told apart by a feature of their own, and filled in by their neighbours.

    Parameters
    ----------
    model
        The family with its data.
    streams
        Streams for the initial weights, one a replicate.
    """

    def __init__(self, model: Paper, streams: NoiseStreams) -> None:
        super().__init__()
        self.model, data, settings = model, model.data, model.settings
        features = torch.cat([singular_scores(data), (~data.expressed[:, None]).to(data.scatter.dtype)], -1)
        self.encoder = RegionEncoder(
            features,
            data.edge_index,
            data.edge_weight,
            outputs=2 * settings.n_latent,
            noise=streams,
            pools=data.lobe,
            width=settings.width,
            layers=settings.layers,
            zero=False,
        )
        like = data.unit
        self.lam_loc = nn.Parameter(torch.full_like(like[:, :1], math.log(_LAM)))
        self.lam_log_sd = nn.Parameter(torch.full_like(like[:, :1], math.log(_WIDTH)))
        self.scale_loc = nn.Parameter((like * _SIGMA).log())
        self.scale_log_sd = nn.Parameter(torch.full_like(like, math.log(_WIDTH)))

    def moments(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of z; both (replicate, latent, region)."""
        mean, log_variance = self.encoder().mT.chunk(2, dim=-2)
        return mean, (0.5 * log_variance).exp()

    def forward(self, noise: PaperNoise) -> None:
        """Pyro guide of `Paper.model`."""
        model, draws = self.model, noise.latent.shape[1]
        mean, sd = self.moments()
        with model.replicate_plate(), model.draw_plate(draws):
            if model.lam_prior is not None:
                pyro.sample("lam", _log_normal(self.lam_loc, self.lam_log_sd, noise.lam))
            with pyro.plate("latent_dimension", model.settings.n_latent, dim=-1):
                pyro.sample("latent", NormalDraw(mean[:, None], sd[:, None], noise.latent))
            if model.scale_names:
                with model.map_plate():
                    pyro.sample("unexplained_scale", _log_normal(self.scale_loc, self.scale_log_sd, noise.scale))


def singular_scores(data: Observations) -> Tensor:
    """Left-singular scores of the expression, of mean square one over measured regions; (region, score)."""
    values, vectors = torch.linalg.eigh(data.scatter)
    rank = max(1, int((values > 1e-9 * values[-1]).sum()))
    scores = vectors[:, -rank:] * values[-rank:].sqrt()
    return scores / scores[data.expressed].square().mean().sqrt()


def _log_normal(loc: Tensor, log_sd: Tensor, white: Tensor) -> Delta:
    """Draw of a log-normal with its log density; as ``white``, (replicate, draw, ...)."""
    log = loc[:, None] + log_sd.exp()[:, None] * white
    return Delta(log.exp(), log_density=normal_log_density(white) - log_sd[:, None] - log)
