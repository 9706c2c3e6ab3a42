"""A fit in short: one record for summary.json, and the same in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from ..atlases.readable_names import patches_in_words
from ..studies.correlations import structure_word, told_errors, told_structure
from ..studies.study import Study
from ..studies.summary import ceiling_alarms, noise_ceilings
from . import tables
from .posterior import Posterior, TrainingTrace

__all__ = ["describe_fit", "map_sentences", "summarise_fit"]

_MOST_AFFECTED = 10
# Maps that a printed fit has a sentence of.
_TOLD = 4


def summarise_fit(posterior: Posterior, study: Study) -> dict[str, Any]:
    """Summarise a fit as what JSON can hold: settings, versions, convergence, and each map's main numbers.

    ``importance_k`` is a map's Pareto k of the importance ratios, one a chain: above 0.7 the intervals of its scales
    are not to be trusted. ``elbo_drift`` is what the ELBO (nats) of the maps' scales still gained over the last tenth
    of training, with its Monte Carlo standard error; ``convergence`` is None where nothing was trained.
    ``sampling_correlation`` says what the errors of each map were taken to go together by (`Study`), ``structure`` what
    the correlation of thickness across people is (`structure_word`). ``most_affected`` is of the effect, by size,
    ``in_sample_r2`` of its predictable part: an effect follows its own observation.
    """
    regions, shares = tables.region_table(posterior, study), tables.variance_table(posterior)
    k = posterior.stats("importance_k")  # (chain, map)
    maps, ceilings = {}, noise_ceilings(study)
    for m, name in enumerate(study.maps):
        share = shares.loc[shares["map"] == name, ["source", "mean", "lower90", "upper90"]]
        maps[name] = _map_record(regions[regions["map"] == name]) | {
            "noise_ceiling": _number(ceilings[name]),
            "variance_shares": share.to_dict("records"),
            "importance_k": None if k is None else [_number(value) for value in k[:, m]],
        }
    settings, training = posterior.settings, posterior.training
    return {
        "model": settings["model"],
        "seed": settings["seed"],
        "settings": settings,
        "versions": posterior.versions,
        "elapsed_s": posterior.elapsed_s,
        "notices": [*study.notices, *ceiling_alarms(study), *posterior.notices],
        "sampling_correlation": dict(zip(study.maps, study.sampling_correlation, strict=True)),
        "structure": structure_word(study.structure, study.graph),
        "convergence": None if training is None else _convergence(training),
        "note": "mean and intervals are of the effect. in_sample_r2 is of its predictable part, at the values the fit "
        "has seen: it says nothing about prediction.",
        "maps": maps,
    }


def map_sentences(posterior: Posterior, study: Study) -> Iterator[str]:
    """Say of each of the first maps where its effect is largest, how sure it is, and how much goes with expression."""
    regions, shares = tables.region_table(posterior, study), tables.variance_table(posterior)
    for name in study.maps[:_TOLD]:
        own = regions[regions["map"] == name]
        largest: Any = own.iloc[int(own["mean"].abs().to_numpy().argmax())]
        without_zero = int(((own["lower90"] > 0) | (own["upper90"] < 0)).sum())
        part = shares[(shares["map"] == name) & (shares["source"] == "transcriptomic")]
        place = patches_in_words(study.regions, study.graph.label)[largest["region"]]
        yield (
            f"{name}: largest in {place}, {largest['mean']:+.3g} (90% interval {largest['lower90']:+.3g} "
            f"to {largest['upper90']:+.3g}); the interval excludes zero in {without_zero} of {len(own)} regions"
            f"{''.join(map(_with_expression, part.to_dict('records')))}."
        )
    if len(study.maps) > _TOLD:
        yield f"The other {len(study.maps) - _TOLD} maps: fit.summary()."


def _with_expression(share: dict[Any, Any]) -> str:
    interval = f"{share['lower90']:.0%} to {share['upper90']:.0%}"
    return f"; {share['mean']:.0%} of the variance goes with expression ({interval})"


def describe_fit(record: dict[str, Any]) -> str:
    """Put what `summarise_fit` returns in words."""
    settings = record["settings"]
    lines = [
        f"Fit: {record['model']}, seed {record['seed']}, {settings['restarts']} x {settings['draws']} draws, "
        f"{record['elapsed_s']:.1f} s",
        *_told_errors(record),
        f"Structure: {told_structure(record['structure'])}",
    ]
    for name, one in record["maps"].items():
        shares = ", ".join(f"{part['source']} {part['mean']:.0%}" for part in one["variance_shares"])
        ceiling = one["noise_ceiling"]
        known = "unknown" if ceiling is None else f"{ceiling:.2f}"
        lines += ["", f"{name}: {one['n_observed']} regions observed, noise ceiling of R2 {known}"]
        lines += [
            f"Share of the variance: {shares}",
            "Most affected regions (effect, negative = thinner: posterior mean, 90% interval):",
        ]
        lines += [
            f"  {row['region']:<28} {row['mean']:+.3f}  {row['lower90']:+.3f} to {row['upper90']:+.3f}"
            for row in one["most_affected"]
        ]
    if record["notices"]:
        lines += ["", "Notices:", *(f"  - {notice}" for notice in record["notices"])]
    return "\n".join(lines)


def _told_errors(record: dict[str, Any]) -> list[str]:
    """Say how errors go together of the maps whose errors are known, where no notice says so."""
    words = {
        name: word
        for name, word in record["sampling_correlation"].items()
        if record["maps"][name]["noise_ceiling"] is not None
    }
    return [one for one in told_errors(list(words), list(words.values())) if one not in record["notices"]]


def _map_record(rows: pd.DataFrame) -> dict[str, Any]:
    """Summarise one map's rows of the table of regions."""
    seen = rows[rows["thinning_observed"]]
    residual = ((seen["observed"] - seen["predictable_mean"]) ** 2).sum()
    spread = ((seen["observed"] - seen["observed"].mean()) ** 2).sum()
    worst = tables.largest_first(rows).head(_MOST_AFFECTED)[["region", "mean", "lower90", "upper90"]]
    return {
        "n_observed": len(seen),
        "in_sample_r2": _number(1 - residual / spread),
        "most_affected": worst.to_dict("records"),
    }


def _convergence(training: TrainingTrace) -> dict[str, Any]:
    """ELBO over the last tenth of training, and its drift, None where training was too short to tell."""
    steps = training.loss.shape[1]
    last = -training.loss[:, -max(steps // 10, 1) :]
    record: dict[str, Any] = {"elbo": [_number(value) for value in last.mean(1)]}
    for name, values in (("elbo_drift", training.drift), ("elbo_drift_se", training.drift_se)):
        record[name] = values.tolist() if np.isfinite(values).all() else None
    return record


def _number(value: float) -> float | None:
    """Give None for what JSON can't hold."""
    return float(value) if np.isfinite(value) else None
