"""The groups of InferenceData that a fit fills: which array goes where, under which named dimensions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from torch import Tensor

from ..inference.engine import draw_fit
from ..inference.sampler import LinearSampler, Quantities, Sampler
from ..inference.summaries import gene_weights, loadings, region_shares, variance_shares
from ..inference.switches import single_threaded
from ..inference.training import TrainingRecord
from ..inferencedata import pareto_k
from ..models.algebra import unit_covariance
from ..models.families import family_of
from ..models.linear import LinearModel
from ..models.options import FitSettings
from ..studies.study import Study

if TYPE_CHECKING:
    from ..inference.programs.trained import TrainedPrograms
    from ..inference.training import Progress

__all__ = ["Groups", "NamedFit", "fit_draws", "fit_groups", "name_groups"]

Groups = dict[str, dict[str, tuple[tuple[str, ...], np.ndarray]]]

_PRIOR_DRAWS = 500


@dataclass(frozen=True)
class NamedFit:
    """What a fit hands over: named arrays, notices, and the seconds it took."""

    groups: Groups
    notices: tuple[str, ...]
    elapsed_s: float


def fit_groups(
    study: Study,
    settings: FitSettings,
    *,
    programs: TrainedPrograms | None = None,
    progress: Progress | None = None,
) -> NamedFit:
    """Fit a study and arrange its draws; see `inference.engine.draw_fit` for the parameters."""
    with _own_modes():
        found = draw_fit(study, settings, programs=programs, progress=progress)
        with single_threaded(study.n_regions):
            groups = name_groups(study, settings, found.fitted.sampler, found.fitted.record, found.drawn)
    return NamedFit(groups, found.notices, found.elapsed_s)


def fit_draws(
    study: Study,
    settings: FitSettings,
    names: Collection[str],
    *,
    programs: TrainedPrograms | None = None,
    progress: Progress | None = None,
) -> dict[str, np.ndarray]:
    """Fit a study for the draws of a few quantities alone, as `fit_groups` has them; each (chain, draw, ...)."""
    with _own_modes():
        found = draw_fit(study, settings, programs=programs, progress=progress)
        with single_threaded(study.n_regions):
            drawn, sampler = found.drawn, found.fitted.sampler
            if "gene_weight" in names:
                drawn = drawn | _weights(drawn, _expression(study, sampler), sampler)
    known = family_of(settings.model).dims
    return {name: drawn[name].cpu().numpy() for name in names if name in known and name in drawn}


@contextmanager
def _own_modes() -> Iterator[None]:
    """Train with gradients and make tensors on the processor, whatever the caller has set; theirs again afterwards."""
    with ExitStack() as modes:
        modes.enter_context(torch.inference_mode(False))
        modes.enter_context(torch.enable_grad())
        modes.enter_context(np.errstate(all="warn", under="ignore"))
        if torch.get_default_device().type != "cpu":
            modes.enter_context(torch.device("cpu"))
        yield


def name_groups(
    study: Study, settings: FitSettings, sampler: Sampler, record: TrainingRecord | None, drawn: Quantities
) -> Groups:
    """Arrange the draws (replicate, draw, ...) as InferenceData groups, replicates as chains.

    Dimensions are those that the settings' family declares.
    """
    data, family = sampler.data, family_of(settings.model)
    dims = dict(family.dims) if study.places is None else {**family.dims, "program_score": ("place", "program")}
    expression = _expression(study, sampler)
    prior = sampler.draw_prior(settings.seed, _PRIOR_DRAWS)
    for quantities in (drawn, prior):
        quantities["variance_share"] = variance_shares(quantities, data, family)
        quantities["region_share"] = region_shares(quantities, data, family)
        quantities.update(_weights(quantities, expression, sampler))
    groups: Groups = {
        "posterior": _named(drawn, dims),
        "posterior_predictive": {"thinning": _array(drawn["replicated"], "map", "region")},
        "predictions": {"thinning": _array(drawn["replicated"], "map", "region")},
        "prior": _named(prior, dims),
        "prior_predictive": {"thinning": _array(prior["replicated"], "map", "region")},
        "log_likelihood": {"thinning": _array(drawn["log_likelihood"], "map", "region")},
        "sample_stats": _sample_stats(drawn, record),
    }
    if family.linear:
        groups["kernels"] = _kernels(cast(LinearSampler, sampler).model)
    log_prior = _named(sampler.log_prior(drawn), dims)
    if log_prior:
        groups["log_prior"] = log_prior
    if "strength" in drawn:
        groups["loadings"] = _loadings(drawn, torch.as_tensor(study.measured_expression()), data.expression.expressed)
    kept = sampler.kept()
    if kept:
        groups["guide"] = {
            name: (("chain", *(f"guide_{name}_{i}" for i in range(values.ndim - 1))), values)
            for name, values in kept.items()
        }
    return groups


def _expression(study: Study, sampler: Sampler) -> Tensor:
    """Centred expression where the fit's numbers are; (region, gene)."""
    return torch.as_tensor(study.centred_expression()).to(sampler.data.scatter.device)


def _weights(quantities: Quantities, expression: Tensor, sampler: Sampler) -> Quantities:
    """Gene weights, where there is a part that they are of."""
    if "transcriptomic" not in quantities:
        return {}
    weights = gene_weights(quantities["transcriptomic"], expression, sampler.data.expressed)
    return {"gene_weight": weights.to(torch.float32)}


def _kernels(model: LinearModel) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """Unit covariances of the parts that no program makes: with them a stored fit knows its conditionals."""
    roots = {part: root[0, 0] for part, root in model.fixed_roots().items()}
    return {part: (("region", "region_to"), unit_covariance(root).cpu().numpy()) for part, root in roots.items()}


def _array(values: Tensor, *dims: str) -> tuple[tuple[str, ...], np.ndarray]:
    return ("chain", "draw", *dims), values.cpu().numpy()


def _named(
    quantities: Quantities, dims: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    named = {}
    for name, own in dims.items():
        if name in quantities:
            values = quantities[name].mT if name == "program_score" else quantities[name]
            named[name] = _array(values, *own)
    return named


def _sample_stats(drawn: Quantities, record: TrainingRecord | None) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    stats: dict[str, tuple[tuple[str, ...], np.ndarray]] = {"log_p": _array(drawn["log_p"].sum(-1))}
    if record is not None:
        stats |= {
            "loss": (("chain", "step"), -record.elbo.cpu().numpy()),
            "elbo_drift": (("chain",), record.drift.cpu().numpy()),
            "elbo_drift_se": (("chain",), record.drift_se.cpu().numpy()),
        }
        if record.best_step is not None:
            stats["best_step"] = (("chain",), record.best_step.cpu().numpy())
    if "loo_pit" in drawn:  # the distribution function of each value given the others, averaged over draws
        stats["loo_pit"] = (("chain", "map", "region"), drawn["loo_pit"].mean(1).cpu().numpy())
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
    programs = (drawn["program_score"], drawn["strength"], drawn["expression_noise"])
    mean, sd = loadings(*programs, expression.to(expressed.device), expressed)
    dims = ("chain", "program", "gene")
    return {"mean": (dims, mean.cpu().numpy()), "sd": (dims, sd.cpu().numpy())}
