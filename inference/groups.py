"""The groups of InferenceData that a fit fills: which array goes where, under which named dimensions."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from pyro_neurovae.inferencedata import pareto_k
from pyro_neurovae.studies.study import Study

from .sampler import Quantities, Sampler
from .summaries import gene_weights, loadings, region_shares, variance_shares
from .training import TrainingRecord

__all__ = ["Groups", "name_groups"]

Groups = dict[str, dict[str, tuple[tuple[str, ...], np.ndarray]]]

# Dimensions after chain and draw.
_DIMS: dict[str, tuple[str, ...]] = {
    "thinning": ("map", "region"),
    "transcriptomic": ("map", "region"),
    "spatial": ("map", "region"),
    "intercept": ("map",),
    "transcriptomic_scale": ("map",),
    "spatial_scale": ("map",),
    "unexplained_scale": ("map",),
    "variance_share": ("map", "source"),
    "region_share": ("map", "region", "source"),
    "program_score": ("region", "program"),
    "strength": ("program",),
    "smoothness": ("program",),
    "expression_noise": (),
    "lam": (),
    "member": ("map",),
    "program_weight": ("map", "program"),
    "gene_weight": ("map", "gene"),
}
_PRIOR_DRAWS = 500


def name_groups(study: Study, sampler: Sampler, record: TrainingRecord, drawn: Quantities, *, seed: int) -> Groups:
    """Arrange the draws (replicate, draw, ...) as InferenceData groups, replicates as chains."""
    data = sampler.data
    expression = torch.as_tensor(study.centred_expression()).to(data.scatter.device)
    prior = sampler.draw_prior(seed, _PRIOR_DRAWS)
    for quantities in (drawn, prior):
        quantities["variance_share"] = variance_shares(quantities, data)
        quantities["region_share"] = region_shares(quantities, data)
        if "transcriptomic" in quantities:
            weights = gene_weights(quantities["transcriptomic"], expression, data.expressed)
            quantities["gene_weight"] = weights.to(torch.float32)
    groups: Groups = {
        "posterior": _named(drawn),
        "posterior_predictive": {"thinning": _array(drawn["replicated"], "map", "region")},
        "predictions": {"thinning": _array(drawn["replicated"], "map", "region")},
        "prior": _named(prior),
        "prior_predictive": {"thinning": _array(prior["replicated"], "map", "region")},
        "log_likelihood": {"thinning": _array(drawn["log_likelihood"], "map", "region")},
        "sample_stats": _sample_stats(drawn, record),
    }
    log_prior = _named(sampler.log_prior(drawn))
    if log_prior:
        groups["log_prior"] = log_prior
    if "strength" in drawn:
        groups["loadings"] = _loadings(drawn, expression, data.expressed)
    kept = sampler.kept()
    if kept:
        groups["guide"] = {
            name: (("chain", *(f"guide_{name}_{i}" for i in range(values.ndim - 1))), values)
            for name, values in kept.items()
        }
    return groups


def _array(values: Tensor, *dims: str) -> tuple[tuple[str, ...], np.ndarray]:
    return ("chain", "draw", *dims), values.cpu().numpy()


def _named(quantities: Quantities) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    named = {}
    for name, dims in _DIMS.items():
        if name in quantities:
            values = quantities[name].mT if name == "program_score" else quantities[name]
            named[name] = _array(values, *dims)
    return named


def _sample_stats(drawn: Quantities, record: TrainingRecord) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    stats: dict[str, tuple[tuple[str, ...], np.ndarray]] = {
        "log_p": _array(drawn["log_p"].sum(-1)),
        "loss": (("chain", "step"), -record.elbo.cpu().numpy()),
        "elbo_drift": (("chain",), record.drift.cpu().numpy()),
        "elbo_drift_se": (("chain",), record.drift_se.cpu().numpy()),
    }
    if "loo_pit" in drawn:  # the distribution function of each value given the others, averaged over draws
        stats["loo_pit"] = (("chain", "map", "region"), drawn["loo_pit"].mean(1).cpu().numpy())
    if record.best_step is not None:
        stats["best_step"] = (("chain",), record.best_step.cpu().numpy())
    if "log_weight" not in drawn:
        return stats
    ratios = drawn["log_weight"].flatten(1, 2).mT.cpu().numpy()  # (chain, map, draw x proposal)
    k = np.array([[pareto_k(row) for row in chain] for chain in ratios])
    stats |= {
        "log_q": _array(drawn["log_q"].sum(-1)),
        # How well the programs of a draw suit each map: what programs drawn from expression alone are resampled by.
        "log_evidence": _array(drawn["log_evidence"], "map"),
        "importance_k": (("chain", "map"), k),
    }
    for name in ("programs_k", "programs_ess"):
        if name in drawn:
            stats[name] = (("chain",), drawn[name].cpu().numpy())
    return stats


def _loadings(
    drawn: Quantities, expression: Tensor, expressed: Tensor
) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    mean, sd = loadings(drawn["program_score"], drawn["strength"], drawn["expression_noise"], expression, expressed)
    dims = ("chain", "program", "gene")
    return {"mean": (dims, mean.cpu().numpy()), "sd": (dims, sd.cpu().numpy())}
