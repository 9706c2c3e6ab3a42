"""The evidence lower bound of Pyro models and guides that carry a replicate dimension."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from pyro import poutine
from pyro.infer import ELBO
from pyro.poutine.util import site_is_subsample
from torch import Tensor

__all__ = ["ReplicateELBO", "log_joint", "site_densities"]


class ReplicateELBO(ELBO):
    """Reparametrised ELBO of independent replicates, kept apart instead of summed.

    Every site has the plates replicate, draw and (map or program) at dimensions -3, -2, -1. Replicates share
    no parameter, so the gradient of the sum is each replicate's own gradient.
    """

    def per_replicate(self, model: Callable[..., Any], guide: Callable[..., Any], *args: Any) -> Tensor:
        """Estimate the ELBO of each replicate, averaged over draws; (replicate,), in nats."""
        model_trace, guide_trace = self._get_trace(model, guide, args, {})
        return (log_joint(model_trace) - log_joint(guide_trace)).mean(-1)

    def differentiable_loss(self, model: Callable[..., Any], guide: Callable[..., Any], *args: Any) -> Tensor:
        """Give minus the ELBO, summed over replicates."""
        return -self.per_replicate(model, guide, *args).sum()

    def _get_trace(
        self, model: Callable[..., Any], guide: Callable[..., Any], args: Any, kwargs: Any
    ) -> tuple[Any, Any]:
        guide_trace = poutine.trace(guide).get_trace(*args, **kwargs)
        return poutine.trace(poutine.replay(model, guide_trace)).get_trace(*args, **kwargs), guide_trace

    @torch.no_grad()
    def loss(self, model: Callable[..., Any], guide: Callable[..., Any], *args: Any) -> float:
        """Evaluate minus the ELBO, summed over replicates, without a gradient."""
        return float(self.differentiable_loss(model, guide, *args))


def log_joint(trace: Any) -> Tensor:
    """Sum the log densities of all sites over all but replicate and draw; (replicate, draw)."""
    total: Any = sum(density.flatten(2).sum(-1) for density in site_densities(trace).values())
    return total


def site_densities(trace: Any) -> dict[str, Tensor]:
    """Log density of every sample site, plates left out; each (replicate, draw, map or program or 1)."""
    trace.compute_log_prob()
    return {
        name: site["log_prob"]
        for name, site in trace.nodes.items()
        if site["type"] == "sample" and not site_is_subsample(site)
    }
