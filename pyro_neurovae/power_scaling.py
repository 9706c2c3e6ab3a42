"""What if the prior had counted a little more, or less? Power-scaling by importance weights, without a refit."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd

from . import inferencedata
from .conditional import expression_kernel, unit_icar
from .fit import Fit
from .settings import FitSettings, PCPrior

__all__ = ["GROUPS", "Scaled", "log_components", "power_scale", "power_table", "scaled_settings", "sensitivity_index"]

# What is raised to a power, each with the settings whose priors it is.
GROUPS: dict[str, tuple[str, ...]] = {
    "scales": ("transcriptomic_scale", "spatial_scale", "unexplained_scale"),
    "strengths": ("strength", "expression_noise"),
    "smoothness": ("smoothness",),
    "weights": ("transcriptomic_scale",),
    "field": ("spatial_scale",),
    "likelihood": (),
}

# Power of the finite difference, and what counts as sensitive (Kallioinen et al. 2023, section 3).
_DELTA, _SENSITIVE = 0.01, 0.05
_MOST_K = 0.7


@dataclass(frozen=True)
class Scaled:
    """Draws under a power-scaled component.

    Attributes
    ----------
    weight
        Normalised importance weights; (draw,).
    k
        Their Pareto shape: above 0.7 they mislead.
    """

    weight: np.ndarray
    k: float

    @property
    def reliable(self) -> bool:
        """Whether the weights can be trusted; weights that are all alike, whose k is not defined, can."""
        return not self.k > _MOST_K

    def summarise(self, draws: np.ndarray) -> dict[str, np.ndarray]:
        """Weighted ``mean``, ``sd``, ``lower90`` and ``upper90`` of draws (draw, ...)."""
        mean = np.tensordot(self.weight, draws, 1)
        order = draws.argsort(0)
        below = self.weight[order].cumsum(0) - self.weight[order] / 2
        ordered = np.take_along_axis(draws, order, 0)

        def end(p: float) -> np.ndarray:
            at = np.minimum((below < p).sum(0), len(draws) - 1)
            found: np.ndarray = np.take_along_axis(ordered, at[None], 0)[0]
            return found

        spread = np.sqrt(np.tensordot(self.weight, (draws - mean) ** 2, 1))
        return {"mean": mean, "sd": spread, "lower90": end(0.05), "upper90": end(0.95)}


def power_scale(log_component: np.ndarray, power: float) -> Scaled:
    """Weigh draws as if a component of the joint density, its log (draw,), were raised to a power."""
    smoothed, k = inferencedata.pareto_smooth((power - 1) * log_component)
    weight = np.exp(smoothed - smoothed.max())
    return Scaled(weight / weight.sum(), k)


def sensitivity_index(draws: np.ndarray, log_component: np.ndarray, delta: float = _DELTA) -> np.ndarray:
    """Change of each quantity's posterior with the power of a component; (...,) for draws (draw, ...).

    The cumulative Jensen-Shannon distance between the posterior and the one with the component raised to
    1 / (1 + delta), and to 1 + delta, their sum over 2 log2(1 + delta): ArviZ's ``psens``, for many quantities at once.

    References
    ----------
    Kallioinen, Paananen, Buerkner, Vehtari (2023), Statistics and Computing 34; Nguyen & Vreeken (2015), ECML PKDD.
    """
    flat = draws.reshape(len(draws), -1)
    found = np.zeros(flat.shape[1])
    for power in (1 / (1 + delta), 1 + delta):
        weight = power_scale(log_component, power).weight
        found += np.maximum(_distance(flat, weight), _distance(-flat, weight))
    return (found / (2 * np.log2(1 + delta))).reshape(draws.shape[1:])


def _distance(draws: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Cumulative Jensen-Shannon distance between draws (draw, quantity) and the same draws weighted; (quantity,)."""
    order = draws.argsort(0)
    width = np.diff(np.take_along_axis(draws, order, 0), axis=0)
    count = len(draws)
    p = np.arange(1, count)[:, None] / count
    q = weight[order].cumsum(0)[:-1]
    middle = np.log2((p + q) / 2)
    total_p, total_q = (width * p).sum(0), (width * q).sum(0)
    parts = [(width * one * (np.log2(one) - middle)).sum(0) for one in (p, q)]
    shift = 0.5 / np.log(2) * (total_q - total_p)
    bound = total_p + total_q
    gap = np.maximum(parts[0] + shift, 0) + np.maximum(parts[1] - shift, 0)
    return np.sqrt(np.divide(gap, bound, out=np.zeros_like(gap), where=bound > 0))


def log_components(fit: Fit, chosen: int) -> dict[str, np.ndarray]:
    r"""Log density of each group at every draw of a linear family's map number ``chosen``; group to (draw,).

    Hyperpriors as they are drawn. What the model integrates out is drawn too: "weights" is the standard normal prior of
    the programs' (or genes') weights, -b'b / 2, "field" that of the spatial field, -u' Q u / 2, and "likelihood" that of
    the map's values given noise-free thinning, of which scales and weights are a priori independent, so that each can be
    raised to a power by itself.
    """
    posterior, study = inferencedata.group(fit.idata, "posterior"), fit.study
    prior = inferencedata.group(fit.idata, "log_prior")
    drawn = {str(name): _flat(posterior[name], chosen) for name in posterior.data_vars}
    found: dict[str, np.ndarray] = {}
    for group in ("scales", "strengths", "smoothness"):
        own = [_flat(prior[name], chosen) for name in GROUPS[group] if name in prior]
        if own:
            found[group] = sum(one.reshape(len(one), -1).sum(1) for one in own)
    if "program_weight" in drawn:
        share = drawn["strength"] / np.linalg.norm(drawn["strength"], axis=1, keepdims=True)
        weights = drawn["program_weight"] / (drawn["transcriptomic_scale"][:, None] * share)
        found["weights"] = -0.5 * (weights**2).sum(1)
    elif "transcriptomic" in drawn:
        kernel, measured = expression_kernel(study), study.expression_observed
        unit = kernel / np.diagonal(kernel)[measured].mean() + np.diag((~measured).astype(float))
        found["weights"] = _log_normal(drawn["transcriptomic"], unit) / drawn["transcriptomic_scale"] ** 2
    if "spatial" in drawn:
        smooth = getattr(fit.settings.family, "spatial_prior", "icar") == "icar"
        unit = unit_icar(study.graph) if smooth else np.eye(study.n_regions)
        found["field"] = _log_normal(drawn["spatial"], unit) / drawn["spatial_scale"] ** 2
    seen = study.thinning_observed[chosen]
    residual = study.thinning[chosen, seen] - drawn["thinning"][:, seen]
    found["likelihood"] = _log_noise(residual, drawn["unexplained_scale"], fit, chosen, seen)
    return found


def _log_noise(residual: np.ndarray, sigma: np.ndarray, fit: Fit, chosen: int, seen: np.ndarray) -> np.ndarray:
    """Log N(residual; 0, V + sigma^2 I) without its constant; (draw,)."""
    if fit.study.covariance is None:
        sampling, rotated = fit.study.standard_error[chosen, seen] ** 2, residual
    else:
        sampling, vectors = np.linalg.eigh(fit.study.covariance[chosen][np.ix_(seen, seen)])
        rotated = residual @ vectors
    variance = sampling + sigma[:, None] ** 2
    density: np.ndarray = -0.5 * (rotated**2 / variance + np.log(variance)).sum(1)
    return density


def _log_normal(fields: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """-f' C^+ f / 2, on the space that C spans; (draw,)."""
    values, vectors = np.linalg.eigh(covariance)
    kept = values > 1e-9 * values.max()
    white = fields @ vectors[:, kept] / np.sqrt(values[kept])
    density: np.ndarray = -0.5 * (white**2).sum(1)
    return density


def _flat(array: Any, chosen: int) -> np.ndarray:
    """Draws of one map, chains after one another; (draw, ...)."""
    values = array.isel(map=chosen, missing_dims="ignore").transpose("chain", "draw", ...).values
    flat: np.ndarray = values.reshape(-1, *values.shape[2:])
    return flat


def power_table(fit: Fit) -> pd.DataFrame:
    """One row a map, group and quantity: ``sensitivity``, Pareto ``k`` at the powers it is taken at, ``diagnosis``.

    Quantities are each region's thinning and the map's variance shares. Above 0.05 a quantity is sensitive. If it is so
    to a prior and to the likelihood, the two pull against each other ("prior-data conflict"); if to the prior alone, the
    data say little of it ("prior decides").
    """
    posterior, rows = inferencedata.group(fit.idata, "posterior"), []
    for m, name in enumerate(fit.study.maps):
        quantities = {
            **dict(zip((f"thinning {r}" for r in fit.study.regions), _flat(posterior["thinning"], m).T, strict=True)),
            **dict(
                zip(
                    (f"share {source}" for source in posterior["source"].values),
                    _flat(posterior["variance_share"], m).T,
                    strict=True,
                )
            ),
        }
        draws, components = np.stack(list(quantities.values()), 1), log_components(fit, m)
        moving = np.ptp(draws, axis=0) > 0
        index = {group: np.where(moving, sensitivity_index(draws, one), 0.0) for group, one in components.items()}
        for group, values in index.items():
            k = max(power_scale(components[group], power).k for power in (1 / (1 + _DELTA), 1 + _DELTA))
            told = _diagnose(values, index["likelihood"]) if group != "likelihood" else [""] * len(values)
            table = {"map": name, "group": group, "quantity": list(quantities), "sensitivity": values, "k": k}
            rows.append(pd.DataFrame(table).assign(diagnosis=told))
    return pd.concat(rows, ignore_index=True)


def _diagnose(prior: np.ndarray, likelihood: np.ndarray) -> list[str]:
    conflict, strong = (prior >= _SENSITIVE) & (likelihood >= _SENSITIVE), prior >= _SENSITIVE
    return np.select([conflict, strong], ["prior-data conflict", "prior decides"], "").tolist()


def scaled_settings(settings: FitSettings, group: str, power: float) -> FitSettings | None:
    """Settings under which the group's prior is really raised to a power; None where no setting says that.

    A PC prior on a scale is exponential, and its power an exponential with that many times the rate. Weights of
    precision ``power`` are weights of precision one whose scale is shrunk by the root of it.
    """
    if group in ("smoothness", "likelihood"):
        return None
    factor = np.sqrt(power) if group in ("weights", "field") else power
    present = {field.name for field in fields(settings.family)}
    changed = {}
    for name in GROUPS[group]:
        if name in present:
            prior: PCPrior = getattr(settings.family, name)
            changed[name] = PCPrior(prior.upper / factor, prior.alpha)
    return replace(settings, family=replace(settings.family, **changed))
