"""What if the prior had counted a little more, or less? Power-scaling by importance weights, without a refit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import inferencedata
from ..models.noise import GaussianNoise
from ..models.options import FitSettings
from ..models.settings import PCPrior
from ..posterior.fits import Fit

if TYPE_CHECKING:
    from ..models.smoothness import PCSmoothness

__all__ = ["GROUPS", "Scaled", "log_components", "power_scale", "power_table", "scaled_settings", "sensitivity_index"]

# What is raised to a power, each with the settings whose priors that changes.
GROUPS: dict[str, tuple[str, ...]] = {
    "scales": ("transcriptomic_scale", "spatial_scale", "unexplained_scale"),
    "strengths": ("strength", "expression_noise"),
    "smoothness": ("smoothness",),
    "weights": ("transcriptomic_scale",),
    "field": ("spatial_scale",),
    "likelihood": (),
}

# Standard normal weights to the power p are weights of precision p: weights of precision one whose scale is shrunk by
# the root of p. The scale's prior is exponential, so that what has to be weighed is that prior, to the power p^(1/2).
_ROOTED = ("weights", "field")

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


def power_scale(component: np.ndarray, power: float, *, group: str = "") -> Scaled:
    """Weigh draws as if a group's density, with the log ``component`` (draw,), were raised to a power."""
    exponent = np.sqrt(power) if group in _ROOTED else power
    smoothed, k = inferencedata.pareto_smooth((exponent - 1) * component)
    weight = np.exp(smoothed - smoothed.max())
    return Scaled(weight / weight.sum(), k)


def sensitivity_index(
    draws: np.ndarray, component: np.ndarray, *, group: str = "", delta: float = _DELTA
) -> np.ndarray:
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
        weight = power_scale(component, power, group=group).weight
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

    "scales" and "strengths" are their exponential priors; "smoothness" the exponential on the distance d from
    independence, on which a PC prior is put; "weights" and "field" the priors of the scales that a power of these
    standard normal priors amounts to (see `power_scale`); "likelihood" that of the map's values given noise-free
    thinning.
    """
    posterior = fit.posterior
    found: dict[str, np.ndarray] = {}
    for group in ("scales", "strengths", "weights", "field"):
        names = [name for name in GROUPS[group] if posterior.has(name, group="log_prior")]
        own = [posterior.draws(name, chosen, group="log_prior") for name in names]
        if own:
            found[group] = np.sum([one.reshape(len(one), -1).sum(1) for one in own], axis=0)
    if posterior.has("smoothness"):
        found["smoothness"] = _log_smoothness(fit, posterior.draws("smoothness"))
    found["likelihood"] = _log_likelihood(fit, chosen)
    return {group: found[group] for group in GROUPS if group in found}


def _smoothness_prior(fit: Fit) -> PCSmoothness:
    import torch

    from ..models.smoothness import PCSmoothness
    from ..models.spectrum import Spectrum

    family: Any = fit.settings.family
    spectrum = Spectrum.of(fit.study.graph, dtype=torch.float64, device="cpu")
    prior = family.smoothness
    return PCSmoothness(spectrum, family.program_prior, upper=prior.upper, alpha=prior.alpha)


def _log_smoothness(fit: Fit, smoothness: np.ndarray) -> np.ndarray:
    """-rate times the programs' distances from independence; (draw,)."""
    import torch

    prior = _smoothness_prior(fit)
    density: np.ndarray = -prior.rate * prior.distance(torch.as_tensor(smoothness)).numpy().sum(1)
    return density


def _log_likelihood(fit: Fit, chosen: int) -> np.ndarray:
    """Log density of a map's values given its noise-free thinning; (draw,)."""
    noise, study, seen = GaussianNoise(), fit.study, fit.study.thinning_observed[chosen]
    residual = study.thinning[chosen, seen] - fit.posterior.draws("thinning", chosen)[:, seen]
    sampling = study.sampling_covariance()[chosen][np.ix_(seen, seen)]
    scales = {name: fit.posterior.draws(name, chosen) for name in noise.scales}
    density: np.ndarray = noise.log_density(residual, sampling, scales, np.eye(int(seen.sum())))
    return density


def power_table(fit: Fit) -> pd.DataFrame:
    """One row a map, group and quantity: ``sensitivity``, its ``noise``, Pareto ``k`` and ``diagnosis``.

    Quantities are each region's thinning and the map's variance shares. ``noise`` is what the index comes to when the
    group's log density is dealt out to the draws anew, the largest of twenty times. A quantity is sensitive where the
    index is above 0.05 and above its noise. If it is so to a prior and to the likelihood, the two pull against each
    other ("prior-data conflict"); if to the prior alone, the data say little of it ("prior decides").
    """
    posterior, rows = fit.posterior, []
    sources = posterior.labels("source")
    names = [*(f"thinning {region}" for region in fit.study.regions), *(f"share {source}" for source in sources)]
    for m, name in enumerate(fit.study.maps):
        draws = np.concatenate([posterior.draws(name, m) for name in ("thinning", "variance_share")], 1)
        components = log_components(fit, m)
        index = {group: _index(draws, one, group) for group, one in components.items()}
        noise = {group: _noise(draws, one, group) for group, one in components.items()}
        sensitive = {group: index[group] > max(_SENSITIVE, noise[group]) for group in components}
        for group, values in index.items():
            k = max(power_scale(components[group], power, group=group).k for power in (1 / (1 + _DELTA), 1 + _DELTA))
            table = {"map": name, "group": group, "quantity": names, "sensitivity": values, "noise": noise[group]}
            told = [""] * len(names)
            if group != "likelihood":
                conflict = sensitive[group] & sensitive["likelihood"]
                told = np.select([conflict, sensitive[group]], ["prior-data conflict", "prior decides"], "").tolist()
            rows.append(pd.DataFrame(table | {"k": k, "diagnosis": told}))
    return pd.concat(rows, ignore_index=True)


def _index(draws: np.ndarray, component: np.ndarray, group: str) -> np.ndarray:
    """Sensitivity of each column, 0 for what does not vary."""
    return np.where(np.ptp(draws, axis=0) > 0, sensitivity_index(draws, component, group=group), 0.0)


# Times that a log density is dealt out anew, each to as many quantities.
_DEALS, _QUANTITIES = 20, 4


def _noise(draws: np.ndarray, component: np.ndarray, group: str) -> float:
    """Largest index of quantities that the component has nothing to do with."""
    rng = np.random.default_rng(0)
    few = draws[:, np.linspace(0, draws.shape[1] - 1, _QUANTITIES).astype(int)]
    return max(float(_index(few, rng.permutation(component), group).max()) for _ in range(_DEALS))


def scaled_settings(fit: Fit, group: str, power: float) -> FitSettings | None:
    """Settings under which the group's prior is really raised to a power; None where no setting says it.

    PC priors are exponential, and the power of an exponential is one with that many times the rate. The likelihood has
    no setting, and a spiked prior's power is none of its kind.
    """
    settings = fit.settings
    if group == "likelihood":
        return None
    family: dict[str, Any] = vars(settings.family)
    if group == "smoothness":
        upper = family["smoothness"].upper
        return settings.with_options({"smoothness": PCPrior(upper, _smoothness_prior(fit).powered(power, upper))})
    factor = float(np.sqrt(power)) if group in _ROOTED else power
    priors = {name: family[name] for name in GROUPS[group] if name in family}
    if not all(isinstance(own, PCPrior) for own in priors.values()):
        return None
    return settings.with_options({name: own.scaled(1 / factor) for name, own in priors.items()})
