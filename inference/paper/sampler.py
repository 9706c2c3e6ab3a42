"""Training of the paper's model, and draws from its guide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyro
import torch
from pyro import poutine
from torch import Tensor

from pyro_neurovae.models.observations import Observations
from pyro_neurovae.models.paper import Decoder, Paper
from pyro_neurovae.models.training_settings import PaperTraining

from ..elbo import log_joint
from ..noise import NoiseStreams, isolated
from ..normal_draw import NormalDraw, least_divergence
from ..programs.trained import TrainedPrograms
from ..sampler import Quantities
from ..training import Progress, TrainingRecord, train
from .early_stopping import EarlyStopping, correlation, held_back
from .guide import PaperGuide, PaperNoise

__all__ = ["PaperSampler", "train_paper"]

# Draws at a time.
_CHUNK = 100

# A latent dimension has collapsed where its divergence from the prior is within so many nats a region of the least.
_COLLAPSED = 0.01


def train_paper(
    model: Paper,
    training: PaperTraining,
    seeds: Sequence[int],
    *,
    draws: int,
    programs: TrainedPrograms | None = None,
    progress: Progress | None = None,
) -> tuple[PaperSampler, TrainingRecord]:
    """Train encoder and decoder of every replicate, all as one batch.

    The regions that stop the training are hidden from the model while it trains, so that neither gradient nor
    standardising knows them. See `methods.Method.fit` for the parameters; ``draws`` and ``programs`` are not used.
    """
    del draws, programs
    data, settings = model.data, model.settings
    streams = NoiseStreams(seeds, "paper weights", dtype=data.thinning.dtype, device=data.thinning.device)
    back = held_back(data, seeds, training.validation) if training.validation else torch.zeros_like(data.seen)
    decoder = Decoder(settings.n_latent, settings.width, data.maps, streams)
    model = Paper(data.hide(back), settings, decoder)
    guide = PaperGuide(model, streams)
    guide.add_module("decoder", decoder)  # trained with the guide
    noise = NoiseStreams(seeds, "paper training", dtype=data.thinning.dtype, device=data.thinning.device)

    def inputs(_: int) -> tuple[PaperNoise]:
        return (PaperNoise.draw(noise, training.particles, settings.n_latent, data),)

    def score() -> Tensor:
        predicted = model.mean(guide.moments()[0][:, None])[:, 0]
        return correlation(predicted, data.thinning, back)

    stopping = EarlyStopping(score, guide.parameters(), warm_up=training.warm_up, patience=training.patience)
    record = train(
        lambda given: model.model(given.latent.shape[1]),
        guide,
        inputs,
        steps=training.steps,
        learning_rate=training.learning_rate,
        label="paper",
        progress=progress,
        stopping=stopping if training.validation else None,
    )
    return PaperSampler(model, guide, data, back, tuple(seeds)), record


@dataclass(frozen=True)
class PaperSampler:
    """Draws from a trained fit; every tensor is (replicate, draw, ...).

    Attributes
    ----------
    model
        The model as trained, with what it saw.
    guide
        Its trained guide.
    data
        All of the data, the regions that stopped the training among them.
    held_back
        Those regions; (replicate, map, region) bool.
    seeds
        Seeds of the replicates.
    """

    model: Paper
    guide: PaperGuide
    data: Observations
    held_back: Tensor
    seeds: tuple[int, ...]

    @torch.no_grad()
    def draw(self, draws: int) -> Quantities:
        """Draw effects, sigma, data observed again, and every density."""
        like, latent = self.data.thinning, self.model.settings.n_latent
        streams = NoiseStreams(self.seeds, "paper posterior", dtype=like.dtype, device=like.device)
        again = streams.normal(draws, self.data.maps, self.data.regions)
        sizes = [min(_CHUNK, draws - start) for start in range(0, draws, _CHUNK)]
        pieces = [self._draw(PaperNoise.draw(streams, size, latent, self.data)) for size in sizes]
        drawn = {name: torch.cat([piece[name] for piece in pieces], 1) for name in pieces[0]}
        drawn |= self._effect(drawn, streams.normal(draws, self.data.maps, self.data.regions))
        return drawn | {"replicated": self._replicated(drawn, again)}

    def _draw(self, noise: PaperNoise) -> Quantities:
        model = self.model
        with pyro.validation_enabled(False):
            guide_trace = poutine.trace(self.guide).get_trace(noise)
            trace = poutine.trace(poutine.replay(model.model, guide_trace)).get_trace(noise.latent.shape[1])
        sites = trace.nodes
        drawn = self._named(sites)
        thinning = drawn["predictable"]
        # Maps share z: each is given an equal part of the joint density, and all of its ratio.
        log_p, log_q = (log_joint(one)[..., None].expand(thinning.shape[:-1]) for one in (trace, guide_trace))
        density = torch.distributions.Normal(thinning, model.spread(drawn["unexplained_scale"]))
        seen = self.data.seen[:, None].expand_as(thinning)
        likelihood = density.log_prob(self.data.thinning[:, None]).masked_fill(~seen, torch.nan)
        ratio = log_p - log_q
        weight = {
            "log_p": log_p / self.data.maps,
            "log_q": log_q / self.data.maps,
            "log_weight": ratio[:, :, None],
            "log_evidence": ratio,
        }
        return drawn | weight | {"log_likelihood": likelihood}

    def _named(self, sites: Mapping[str, Any]) -> Quantities:
        """What the sites of a trace are, by the names of the posterior."""
        model = self.model
        decoded, fixed = model.mean(sites["latent"]["value"]), model.fixed_scale()
        sigma = sites["unexplained_scale"]["value"] if fixed is None else fixed
        drawn = _parts(decoded) | {"unexplained_scale": sigma.expand(decoded.shape[:-1])}
        return drawn if model.lam_prior is None else drawn | {"lam": sites["lam"]["value"][..., 0]}

    def log_prior(self, drawn: Mapping[str, Tensor]) -> Quantities:
        """Log prior density of sigma and lambda, those that are learned."""
        return self.model.log_prior(drawn)

    @property
    def trained(self) -> TrainedPrograms | None:
        """None: the model has no programs."""
        return None

    def predictive(self, drawn: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each value observed anew; of an unseen one, of what is decoded for it."""
        mean, spread = drawn["predictable"], self.model.spread(drawn["unexplained_scale"])
        if not bool(self._error_known.any()):
            return mean, spread
        seen = self.data.seen[:, None] & self._error_known
        error = self.model.sampling().diagonal(dim1=-2, dim2=-1).sqrt()
        return torch.where(seen, drawn["thinning"], mean), torch.where(seen, error, spread)

    @property
    def _error_known(self) -> Tensor:
        """Whether a map has a sampling error that counts; (map, 1) bool."""
        return self.data.error_known[:, None] & self.model.settings.counts_sampling_error

    def _effect(self, drawn: Mapping[str, Tensor], white: Tensor) -> Quantities:
        """Regional part of each effect given the value seen, and the effect; white (replicate, draw, map, region)."""
        own = self.model.settings.noise.unexplained(drawn)
        error = self.model.sampling().diagonal(dim1=-2, dim2=-1)
        residual = self.data.thinning[:, None] - drawn["predictable"]
        share = torch.where(self.data.seen[:, None], own / (own + error), torch.zeros_like(residual))
        regional = share * residual + (own * (1 - share)).sqrt() * white
        whole = torch.where(self._error_known, drawn["predictable"] + regional, drawn["predictable"])
        return {"regional": regional, "thinning": whole}

    def _replicated(self, drawn: Mapping[str, Tensor], white: Tensor) -> Tensor:
        mean, spread = self.predictive(drawn)
        return mean + spread * white

    @torch.no_grad()
    def draw_prior(self, seed: int, draws: int) -> Quantities:
        """Draw from the prior of the first replicate, its decoder as trained."""
        first = slice(0, 1)
        with isolated(seed), pyro.validation_enabled(False):
            nodes = poutine.trace(self.model.model).get_trace(draws).nodes
        drawn = self._named(nodes)
        decoded = drawn["predictable"]
        streams = NoiseStreams([seed], "prior", dtype=decoded.dtype, device=decoded.device)
        again, own = (streams.normal(draws, self.data.maps, self.data.regions) for _ in range(2))
        regional = self.model.settings.noise.unexplained(drawn).sqrt() * own
        drawn |= {"regional": regional, "thinning": torch.where(self._error_known, decoded + regional, decoded)}
        replicated = decoded + self.model.spread(drawn["unexplained_scale"]) * again
        whole = drawn | {"replicated": replicated}
        return {name: values[first] for name, values in whole.items()}

    @torch.no_grad()
    def divergence(self) -> Tensor:
        """Divergence of each latent dimension from its prior above the least possible, nats; (replicate, latent)."""
        mean, sd = self.guide.moments()
        lam = self.guide.lam_loc.exp() if self.model.lam_prior is not None else self.model.settings.lam
        prior = self.model.latent_prior(lam)
        whole = torch.distributions.kl_divergence(NormalDraw(mean, sd, torch.zeros_like(mean)), prior)
        return whole - least_divergence(prior)

    def kept(self) -> dict[str, np.ndarray]:
        """Arrays to keep with the fit, the replicate first: moments of z, divergences, and who was held back."""
        with torch.no_grad():
            mean, sd = self.guide.moments()
        arrays = {"latent_mean": mean, "latent_sd": sd, "divergence": self.divergence(), "held_back": self.held_back}
        return {name: values.cpu().numpy() for name, values in arrays.items()}

    def notices(self) -> tuple[str, ...]:
        """Say how many latent dimensions have collapsed onto their prior."""
        collapsed = (self.divergence() < _COLLAPSED * self.data.regions).sum(-1)
        if not bool(collapsed.any()):
            return ()
        most, latent = int(collapsed.max()), self.model.settings.n_latent
        rest = (
            "the decoder can only give the mean map: lower unexplained_scale, the noise"
            if most == latent
            else "n_latent could be lower"
        )
        return (f"posterior collapse: {most} of {latent} latent dimensions say nothing of the expression; {rest}.",)


def _parts(decoded: Tensor) -> Quantities:
    """What is decoded, as its mean over the regions and what expression adds to it."""
    intercept = decoded.mean(-1)
    return {"predictable": decoded, "intercept": intercept, "transcriptomic": decoded - intercept[..., None]}
