"""The model of arXiv:2606.05870 as the generative process that its loss implies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pyro
import torch
from pyro.distributions import Normal
from torch import Tensor, nn

from .gmrf import GMRF
from .layers import ReplicateLinear, Uniform
from .model import Model
from .observations import Observations
from .settings import PaperSettings, PCPrior
from .smoothness import PCSmoothness

__all__ = ["Decoder", "Paper"]


class Paper(Model):
    r"""A latent field on the cortex, decoded region by region into thinning (DESIGN.md, section 2).

    .. math::

        z_k \sim N(0, (I + 2 \lambda L)^{-1}), \qquad
        y_{mi} \sim N(a_m + l_m f_m(z_i),\; \sigma_m^2 + \mathrm{se}_{mi}^2)

    with L the graph's Laplacian, f a perceptron and :math:`a_m, l_m` mean and standard deviation of the map's seen
    values. For a guide :math:`q(z)` and fixed :math:`\sigma`, without standard errors, minus the ELBO is

    .. math::

        \frac{1}{2 \sigma^2} E_q \lVert y - f(z) \rVert^2
        + \lambda \sum_{i \sim j} E_q \lVert z_i - z_j \rVert^2 + \mathrm{KL}(q, N(0, I)) + \mathrm{const},

    the paper's loss: its smoothness penalty is the precision of the prior, and the weight of its squared error is
    the noise. Sites: ``latent`` z, ``unexplained_scale`` sigma and ``lam`` lambda where they are learned; observed is
    ``thinning`` y.

    Parameters
    ----------
    data, settings
        As `Model` takes them.
    decode
        f: from (replicate, draw, latent, region) to (replicate, draw, map, region); see `Decoder`. None (the default)
        until training makes one: without it there is no thinning.

    References
    ----------
    Cross-scale spatially-aware generative modeling of transcriptomic programs underlying neurodegenerative brain
    organization, arXiv:2606.05870.
    """

    def __init__(
        self, data: Observations, settings: PaperSettings, decode: Callable[[Tensor], Tensor] | None = None
    ) -> None:
        super().__init__(data, settings)
        self.decode = decode
        count = data.seen.sum(-1)
        self.centre = (data.thinning * data.seen).sum(-1) / count  # (replicate, map)
        lam = settings.lam
        self.lam_prior = (
            PCSmoothness(data.spectrum, "paper", upper=lam.upper, alpha=lam.alpha) if isinstance(lam, PCPrior) else None
        )

    @property
    def scale_names(self) -> tuple[str, ...]:
        """Sites of the map's own globals: sigma, where it is learned."""
        return ("unexplained_scale",) if isinstance(self.settings.unexplained_scale, PCPrior) else ()

    def log_prior(self, drawn: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Log prior density of sigma and lambda, those that are learned, shaped as they are."""
        density = {name: self.scale_prior(name).log_prob(drawn[name]) for name in self.scale_names}
        return density if self.lam_prior is None else density | {"lam": self.lam_prior.log_prob(drawn["lam"])}

    def model(self, draws: int = 1) -> None:
        """Run the whole generative process, as one Pyro model."""
        self.new_plates()
        with self.replicate_plate(), self.draw_plate(draws):
            lam = self.settings.lam if self.lam_prior is None else pyro.sample("lam", self.lam_prior)
            with pyro.plate("latent_dimension", self.settings.n_latent, dim=-1):
                latent = pyro.sample("latent", self.latent_prior(lam))
            with self.map_plate():
                sigma = self.fixed_scale()
                if sigma is None:
                    sigma = pyro.sample("unexplained_scale", self.scale_prior("unexplained_scale"))
                pyro.sample("thinning", self.likelihood(latent, sigma), obs=self.data.thinning[:, None])

    def latent_prior(self, lam: Tensor | float) -> GMRF:
        """Prior of one latent dimension; batch as lambda."""
        return GMRF(self.data.spectrum, "paper", lam=lam)

    def likelihood(self, latent: Tensor, sigma: Tensor) -> Any:
        """Likelihood of a map given z (replicate, draw, latent, region) and sigma (replicate, draw, map)."""
        return Normal(self.mean(latent), self.spread(sigma)).mask(self.data.seen[:, None]).to_event(1)

    def spread(self, sigma: Tensor) -> Tensor:
        """Standard deviation of a value about the noise-free one, for sigma (replicate, draw, map)."""
        return self.settings.noise.spread(self.sampling(), {"unexplained_scale": sigma})

    def mean(self, latent: Tensor) -> Tensor:
        """Noise-free thinning in map units; (replicate, draw, map, region)."""
        if self.decode is None:
            raise ValueError("the model has no decoder yet: train it, or give decode.")
        return self.centre[:, None, :, None] + self.data.unit[:, None, :, None] * self.decode(latent)

    def fixed_scale(self) -> Tensor | None:
        """Sigma in map units, (replicate, 1, map), or None where it is learned."""
        sigma = self.settings.unexplained_scale
        return None if isinstance(sigma, PCPrior) else sigma * self.data.unit[:, None]

    def sampling(self) -> Tensor:
        """Sampling covariance, its diagonal alone, 0 where it is left out; (replicate or 1, 1, map, region, region)."""
        counted = self.data.sampling[:, None] * self.data.identity
        return counted if self.settings.counts_sampling_error else torch.zeros_like(counted)


class Decoder(nn.Module):
    """Perceptron f from a region's latent vector to its thinning in every map; one for each replicate.

    Parameters
    ----------
    latent, width, maps
        Sizes of input, hidden layer and output.
    noise
        Where the initial weights come from.
    """

    def __init__(self, latent: int, width: int, maps: int, noise: Uniform) -> None:
        super().__init__()
        self.hidden = ReplicateLinear(latent, width, noise)
        self.out = ReplicateLinear(width, maps, noise)

    def forward(self, latent: Tensor) -> Tensor:
        """Decode (replicate, draw, latent, region) to (replicate, draw, map, region)."""
        draws = latent.shape[1]
        regions = latent.mT.flatten(1, 2)  # (replicate, draw x region, latent)
        return self.out(torch.relu(self.hidden(regions))).unflatten(1, (draws, -1)).mT
