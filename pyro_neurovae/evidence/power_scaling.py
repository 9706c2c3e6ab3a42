"""What if the prior had counted a little more, or less? Power-scaling by importance weights, without a refit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import inferencedata
from ..errors import SettingsError
from ..models.families import family_of
from ..models.options import FitSettings
from ..models.settings import PCPrior, ScalePrior, SpikedPrior
from ..posterior.fits import Fit

if TYPE_CHECKING:
    from ..models.smoothness import PCSmoothness

__all__ = [
    "GROUPS",
    "LogRatio",
    "Ordered",
    "Scaled",
    "log_densities",
    "log_ratios",
    "power_scale",
    "power_table",
    "psens_data",
    "raised",
    "scaled_settings",
    "sensitivity_index",
]

# From a power to the log of what a density to that power is over the density itself, at every draw; (draw,), up to a
# constant.
LogRatio = Callable[[float], np.ndarray]

# What is raised to a power, each with the settings whose priors that changes.
GROUPS: dict[str, tuple[str, ...]] = {
    "scales": ("transcriptomic_scale", "spatial_scale", "structural_scale", "unexplained_scale"),
    "strengths": ("strength", "expression_noise"),
    "smoothness": ("smoothness",),
    "weights": ("transcriptomic_scale",),
    "field": ("spatial_scale", "structural_scale"),
    "likelihood": (),
}

# Standard normal weights to the power p are weights of precision p: weights of precision one whose scale is shrunk by
# the root of p. So what changes is the prior f of the scale c, to f(p^(1/2) c) p^(1/2); of an exponential one that is
# its power p^(1/2).
_ROOTED = ("weights", "field")

# Power of the finite difference, and what counts as sensitive (Kallioinen et al. 2023, section 3).
_DELTA, _SENSITIVE = 0.01, 0.05
_MOST_K = 0.7


@dataclass(frozen=True)
class Ordered:
    """Draws in their order, put so once for all weights that they are given.

    Attributes
    ----------
    draws
        As they are; (draw, ...).
    order
        Number of the lowest draw, of the next and so on; (draw, ...).
    """

    draws: np.ndarray
    order: np.ndarray

    @classmethod
    def of(cls, draws: np.ndarray) -> Ordered:
        """Order draws (draw, ...), each quantity by itself."""
        return cls(draws, draws.argsort(0))

    @cached_property
    def rising(self) -> np.ndarray:
        """The draws, the lowest first; (draw, ...)."""
        return np.take_along_axis(self.draws, self.order, 0)


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

    def summarise(self, ordered: Ordered) -> dict[str, np.ndarray]:
        """Weighted ``mean``, ``sd``, ``lower90`` and ``upper90`` of draws."""
        draws, weight = ordered.draws, self.weight[ordered.order]
        mean = np.tensordot(self.weight, draws, 1)
        below = weight.cumsum(0) - weight / 2

        def end(p: float) -> np.ndarray:
            at = np.minimum((below < p).sum(0), len(draws) - 1)
            found: np.ndarray = np.take_along_axis(ordered.rising, at[None], 0)[0]
            return found

        spread = np.sqrt(np.tensordot(self.weight, (draws - mean) ** 2, 1))
        return {"mean": mean, "sd": spread, "lower90": end(0.05), "upper90": end(0.95)}


def raised(log_density: np.ndarray) -> LogRatio:
    """Ratios of a density's powers, of its logarithm at every draw (draw,)."""
    return lambda power: (power - 1) * log_density


def power_scale(ratio: LogRatio, power: float) -> Scaled:
    """Weigh draws as if a group's density were raised to a power."""
    smoothed, k = inferencedata.pareto_smooth(ratio(power))
    weight = np.exp(smoothed - smoothed.max())
    return Scaled(weight / weight.sum(), k)


def sensitivity_index(draws: np.ndarray, ratio: LogRatio, *, delta: float = _DELTA) -> np.ndarray:
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
        weight = power_scale(ratio, power).weight
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


def log_ratios(fit: Fit, chosen: int) -> dict[str, LogRatio]:
    r"""What a power of each group's density is over it, at every draw of a linear family's map number ``chosen``.

    "scales" and "strengths" are their own priors; "smoothness" the exponential on the distance d from independence, on
    which a PC prior is put; "weights" and "field" the priors of the scales that a power of these standard normal priors
    amounts to; "likelihood" the density of the map's values given the predictable part, N(y; f, V + sigma^2 I). What is
    a region's own is integrated out of it: given the predictable part its distribution stays as the model has it.
    """
    found: dict[str, LogRatio] = {group: raised(one) for group, one in log_densities(fit, chosen).items()}
    for group in _ROOTED:
        densities = _log_priors(fit, chosen, group)
        if densities:
            found[group] = _together([_rooted(fit, chosen, name, one) for name, one in densities.items()])
    return {group: found[group] for group in GROUPS if group in found}


def log_densities(fit: Fit, chosen: int) -> dict[str, np.ndarray]:
    """Log of the densities that are raised to a power as they stand, at every draw of map number ``chosen``; (draw,).

    Those of the groups "scales", "strengths", "smoothness" and "likelihood" that the fit has.
    """
    found: dict[str, np.ndarray] = {}
    for group in ("scales", "strengths"):
        densities = _log_priors(fit, chosen, group)
        if densities:
            found[group] = np.sum(list(densities.values()), axis=0)
    if fit.posterior.has("smoothness"):
        found["smoothness"] = _log_smoothness(fit, fit.posterior.draws("smoothness"))
    found["likelihood"] = _log_likelihood(fit, chosen)
    return found


def psens_data(fit: Fit, map: str | None = None) -> Any:
    """Give one map's InferenceData with the densities that `sensitivity` raises to a power, for ArviZ's ``psens``.

    ``az.psens(data, component="likelihood")`` then gives what `sensitivity` does, and so does
    ``az.psens(data, component="prior", component_var_names=["scales"])`` for "scales", "strengths" and "smoothness".
    The groups "weights" and "field" are no power of a density: a power of the standard normal weights that a scale
    multiplies changes that scale's prior. In ``fit.idata`` itself ``log_likelihood`` has the densities of each value
    given the others, for ``az.loo``, whose sum is no joint density.

    Parameters
    ----------
    fit
        A fit of a linear family.
    map
        The map; None (the default) is the first.

    Raises
    ------
    SettingsError
        For a map that the fit does not have, and a family whose densities are not known.
    """
    name = fit.study.maps[0] if map is None else map
    if not family_of(fit.settings.model).linear:
        raise SettingsError(f"of the model {fit.settings.model} the densities are not known; fit cross-scale.")
    data = fit.map_idata(name)
    chains = fit.posterior.chains("thinning").shape[:2]
    held = {
        one: (("chain", "draw"), np.broadcast_to(values, chains[0] * chains[1]).reshape(chains))
        for one, values in log_densities(fit, fit.study.maps.index(name)).items()
    }
    likelihood = {"thinning": held.pop("likelihood")}
    return inferencedata.with_groups(data, {"log_prior": held, "log_likelihood": likelihood})


def _log_priors(fit: Fit, chosen: int, group: str) -> dict[str, np.ndarray]:
    """Log prior density of each of a group's parameters that the fit has; (draw,)."""
    names = [name for name in GROUPS[group] if fit.posterior.has(name, group="log_prior")]
    drawn = {name: fit.posterior.draws(name, chosen, group="log_prior") for name in names}
    return {name: values.reshape(len(values), -1).sum(1) for name, values in drawn.items()}


def _rooted(fit: Fit, chosen: int, name: str, log_density: np.ndarray) -> LogRatio:
    """Ratios of the prior of a scale, for powers of the standard normal prior of what it scales."""
    prior = getattr(fit.settings.family, name)
    if not isinstance(prior, SpikedPrior):
        return lambda power: (np.sqrt(power) - 1) * log_density
    from ..models.spiked import spiked_log_density  # late: torch takes a second to import

    values = fit.study.thinning[chosen]
    unit = values[fit.study.thinning_observed[chosen]].std()
    scale, own = fit.posterior.draws(name, chosen) / unit, vars(prior)

    def ratio(power: float) -> np.ndarray:
        ends = (spiked_log_density(one, **own, library=np) for one in (np.sqrt(power) * scale, scale))
        found: np.ndarray = np.subtract(*ends)
        return found

    return ratio


def _together(ratios: list[LogRatio]) -> LogRatio:
    return lambda power: np.sum([one(power) for one in ratios], axis=0)


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
    """Log density of a map's values given the predictable part of its effects; (draw,)."""
    noise, study = family_of(fit.settings.model).noise, fit.study
    seen = study.thinning_observed[chosen]
    residual = study.thinning[chosen, seen] - fit.posterior.predictable(chosen)[:, seen]
    sampling = study.sampling_covariance()[chosen][np.ix_(seen, seen)]
    scales = {name: fit.posterior.draws(name, chosen) for name in noise.scales}
    density: np.ndarray = noise.log_density(residual, sampling, scales, np.eye(int(seen.sum())))
    return density


def power_table(fit: Fit, ratios: Sequence[Mapping[str, LogRatio]] | None = None) -> pd.DataFrame:
    """One row a map, group and quantity: ``sensitivity``, its ``noise``, Pareto ``k`` and ``diagnosis``.

    Quantities are each region's effect and the map's variance shares. ``noise`` is what the index comes to when the
    group's log density is dealt out to the draws anew, the largest of twenty times. A quantity is sensitive where the
    index is above 0.05 and above its noise. If it is so to a prior and to the likelihood, the two pull against each
    other ("prior-data conflict"); if to the prior alone, the data say little of it ("prior decides"). ``ratios`` are
    `log_ratios` of each map; None (the default) makes them.
    """
    posterior, rows = fit.posterior, []
    sources = posterior.labels("source")
    names = [*(f"effect {region}" for region in fit.study.regions), *(f"share {source}" for source in sources)]
    for m, name in enumerate(fit.study.maps):
        draws = np.concatenate([posterior.draws(name, m) for name in ("thinning", "variance_share")], 1)
        own = log_ratios(fit, m) if ratios is None else ratios[m]
        index = {group: _index(draws, one) for group, one in own.items()}
        noise = {group: _noise(draws, one) for group, one in own.items()}
        sensitive = {group: index[group] > max(_SENSITIVE, noise[group]) for group in own}
        for group, values in index.items():
            k = max(power_scale(own[group], power).k for power in (1 / (1 + _DELTA), 1 + _DELTA))
            table = {"map": name, "group": group, "quantity": names, "sensitivity": values, "noise": noise[group]}
            told = [""] * len(names)
            if group != "likelihood":
                conflict = sensitive[group] & sensitive["likelihood"]
                told = np.select([conflict, sensitive[group]], ["prior-data conflict", "prior decides"], "").tolist()
            rows.append(pd.DataFrame(table | {"k": k, "diagnosis": told}))
    return pd.concat(rows, ignore_index=True)


def _index(draws: np.ndarray, ratio: LogRatio) -> np.ndarray:
    """Sensitivity of each column, 0 for what does not vary."""
    return np.where(np.ptp(draws, axis=0) > 0, sensitivity_index(draws, ratio), 0.0)


# Times that a log density is dealt out anew, each to as many quantities.
_DEALS, _QUANTITIES = 20, 4


def _noise(draws: np.ndarray, ratio: LogRatio) -> float:
    """Largest index of quantities that the component has nothing to do with."""
    rng = np.random.default_rng(0)
    few = draws[:, np.linspace(0, draws.shape[1] - 1, _QUANTITIES).astype(int)]
    orders = [rng.permutation(len(draws)) for _ in range(_DEALS)]
    return max(float(_index(few, _dealt(ratio, order)).max()) for order in orders)


def _dealt(ratio: LogRatio, order: np.ndarray) -> LogRatio:
    return lambda power: ratio(power)[order]


def scaled_settings(fit: Fit, group: str, power: float) -> FitSettings | None:
    """Settings under which the group's prior is really raised to a power; None where no setting says it.

    PC priors are exponential, and the power of an exponential is one with that many times the rate. The likelihood has
    no setting, and a spiked prior's power is none of its kind; but shrinking all that it scales is.
    """
    settings = fit.settings
    if group == "likelihood":
        return None
    family: dict[str, Any] = vars(settings.family)
    if group == "smoothness":
        upper = family["smoothness"].upper
        return settings.with_options({"smoothness": PCPrior(upper, _smoothness_prior(fit).powered(power, upper))})
    priors = {name: family[name] for name in GROUPS[group] if name in family}
    if group in _ROOTED:
        return settings.with_options({name: _shrunk(own, float(np.sqrt(power))) for name, own in priors.items()})
    if not all(isinstance(own, PCPrior) for own in priors.values()):
        return None
    return settings.with_options({name: own.scaled(1 / power) for name, own in priors.items()})


def _shrunk(prior: ScalePrior, factor: float) -> ScalePrior:
    """Prior of what is so many times smaller."""
    if isinstance(prior, SpikedPrior):
        return replace(prior, tip=prior.tip / factor, width=prior.width / factor)
    return prior.scaled(1 / factor)
