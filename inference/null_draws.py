"""Null maps from the model: what random groups of people would show, with a map's structure and smoothness."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from pyro_neurovae.models.algebra import structural_root
from pyro_neurovae.models.families import family_of
from pyro_neurovae.models.options import FitSettings, fit_settings
from pyro_neurovae.studies.correlation_draws import CorrelationDraws
from pyro_neurovae.studies.sampling import covariance_root
from pyro_neurovae.studies.study import Study

from .engine import fit_model
from .methods import method_of
from .observation import observe, pick_device
from .sampler import Quantities
from .switches import single_threaded
from .training import Progress

__all__ = ["draw_null_maps", "null_settings"]


def null_settings(settings: FitSettings, *, draws: int, seed: int) -> FitSettings:
    """Settings of the fit without expression: those that both families have are the fit's own.

    It is trained as the fit was, or in the usual way where the fit was not trained in batches.
    """
    name = family_of(settings.model).null
    assert name is not None  # a family that tests expression has one without it
    own = family_of(name).settings
    shared = {one.name for one in fields(own)} & {one.name for one in fields(settings.family)}
    family = own(**{each: getattr(settings.family, each) for each in shared})
    chosen = fit_settings(name, seed=seed, draws=draws, device=settings.device)
    if method_of(settings.training).batches:
        chosen = replace(chosen, method=settings.method, training=settings.training)
    return replace(chosen, family=family)


def draw_null_maps(
    study: Study, settings: FitSettings, *, number: int, seed: int, progress: Progress | None = None
) -> np.ndarray:
    r"""Draw maps such as random groups of people would show, with the structural and spatial parts a map has.

    .. math:: y^* = a + l \lambda + t u^* + v w^* + \sigma e^* + \epsilon^*, \qquad
              w^* \sim N(0, R^{*2}), \quad \epsilon^* \sim N(0, V^*)

    The family without expression (`Family.null`) is fitted to the study's maps. Each null map takes one posterior draw
    of a, l and the scales; fields, what is a region's own, and sampling errors are drawn afresh, with a structure R*
    and a sampling covariance V* that are as uncertain as those of the study are (`studies.correlation_draws`).

    Parameters
    ----------
    study
        The study.
    settings
        Of the fit with expression; what the family without it shares with it is taken over.
    number
        How many maps.
    seed
        Seed of the fit and of all that is drawn.

    Returns
    -------
    ndarray
        (null, map, region), NaN where the study has no value.
    """
    chosen = null_settings(settings, draws=number, seed=seed)
    data = observe(study, device=pick_device(settings.device))
    model = family_of(chosen.model).build(data, chosen.family)
    sampler = fit_model(data, chosen, (seed,), progress=progress).sampler
    rng = np.random.default_rng([seed, *b"model nulls"])
    with single_threaded(study.n_regions):
        drawn = sampler.draw(number)
        maps = _without_joint_parts(model, drawn, rng)
        scale = drawn["structural_scale"][0].cpu().numpy()  # (null, map)
        for null, (covariance, structure) in enumerate(CorrelationDraws(study).draws(number, rng)):
            maps[null] += _normal(covariance, len(study.maps), rng)
            if structure is not None:
                white = rng.standard_normal((len(study.maps), study.n_regions))
                maps[null] += scale[null][:, None] * white @ structural_root(*np.linalg.eigh(structure))
    return np.where(study.thinning_observed, maps, np.nan)


def _without_joint_parts(model: Any, drawn: Quantities, rng: np.random.Generator) -> np.ndarray:
    """What of null maps needs no correlation of regions across people; (null, map, region)."""
    own = {name: values[0].cpu().numpy() for name, values in drawn.items()}  # of the only replicate
    axis = model.data.axis.cpu().numpy()
    maps = own["intercept"][..., None] + own["structural_axis"][..., None] * axis
    variance = model.noise.unexplained({name: drawn[name] for name in model.scale_names})[0].cpu().numpy()
    maps = maps + np.sqrt(variance) * rng.standard_normal(maps.shape)
    for part, root in model.fixed_roots().items():
        if part != "structural":
            fixed = root[0, 0].cpu().numpy()  # (coefficient, region)
            field = rng.standard_normal((*maps.shape[:2], len(fixed))) @ fixed
            maps = maps + own[f"{part}_scale"][..., None] * field
    return np.asarray(maps)


def _normal(covariance: np.ndarray, maps: int, rng: np.random.Generator) -> np.ndarray:
    """A draw for each map from a normal distribution of the given covariance ([map,] region, region)."""
    white = rng.standard_normal((maps, covariance.shape[-1]))
    drawn: np.ndarray = (covariance_root(covariance) @ white[..., None])[..., 0]
    return drawn
