"""The evidence lower bound of Pyro models and guides that carry a replicate dimension."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any

from pyro import poutine
from pyro.infer import ELBO
from pyro.poutine.util import site_is_subsample
from torch import Tensor
from torch.distributions import kl_divergence

from .normal_draw import NormalDraw

__all__ = ["ReplicateELBO", "log_joint", "site_densities"]


class ReplicateELBO(ELBO):
    """Reparametrised ELBO of independent replicates, kept apart instead of summed.

    Every site has the plates replicate, draw and (map or program) at dimensions -3, -2, -1. Replicates share
    no parameter, so the gradient of the sum is each replicate's own gradient. A site that the guide draws from a
    `NormalDraw` enters through its exact Kullback-Leibler divergence from the model's.
    """

    def per_replicate(self, model: Callable[..., Any], guide: Callable[..., Any], *args: Any) -> Tensor:
        """Estimate the ELBO of each replicate, averaged over draws; (replicate,), in nats."""
        model_trace, guide_trace = self._get_trace(model, guide, args, {})
        exact = {name: site["fn"] for name, site in guide_trace.nodes.items() if _is_normal(site)}
        divergence: Any = sum(
            kl_divergence(drawn, model_trace.nodes[name]["fn"]).flatten(2).sum(-1) for name, drawn in exact.items()
        )
        return (log_joint(model_trace, exact) - log_joint(guide_trace, exact) - divergence).mean(-1)

    def _get_trace(
        self, model: Callable[..., Any], guide: Callable[..., Any], args: Any, kwargs: Any
    ) -> tuple[Any, Any]:
        guide_trace = poutine.trace(guide).get_trace(*args, **kwargs)
        return poutine.trace(poutine.replay(model, guide_trace)).get_trace(*args, **kwargs), guide_trace


def log_joint(trace: Any, without: Container[str] = ()) -> Tensor:
    """Sum the log densities of the sites over all but replicate and draw; (replicate, draw), 0 without a site."""
    total: Any = sum(density.flatten(2).sum(-1) for density in site_densities(trace, without).values())
    return total


def site_densities(trace: Any, without: Container[str] = ()) -> dict[str, Tensor]:
    """Log density of the sample sites, plates left out; each (replicate, draw, map or program or 1)."""
    trace.compute_log_prob(lambda name, _: name not in without)
    return {
        name: site["log_prob"]
        for name, site in trace.nodes.items()
        if site["type"] == "sample" and not site_is_subsample(site) and name not in without
    }


def _is_normal(site: Any) -> bool:
    return site["type"] == "sample" and isinstance(site["fn"], NormalDraw)
