"""Draws of a map's scales and programs, and the covariances of the parts that they are of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..models.algebra import expression_root, residual_root, structural_axis, unit_covariance
from ..models.families import family_of
from ..models.options import FitSettings
from ..studies.study import Study
from .posterior import Posterior

if TYPE_CHECKING:
    from ..models.linear import LinearModel

__all__ = [
    "BLOCK",
    "dealt",
    "drawn_sites",
    "expression_kernel",
    "measured_kernel",
    "part_kernels",
    "wide_maps",
]

# Draws that matrices are made for: an evenly spaced part of more says the same.
_MOST_DRAWS = 500

# Numbers in the matrices of the draws that are taken at once: 32 MB, and some ten such arrays at a time.
BLOCK = 2**22

Draws = Mapping[str, np.ndarray]


def expression_kernel(study: Study) -> np.ndarray:
    """X X' / g of the normalised expression, gene means taken off; (region, region), zero rows where unmeasured."""
    return _scatter(study.centred_expression())


def measured_kernel(study: Study) -> np.ndarray:
    """Return the same of the parcels that expression was measured in; (place, place)."""
    return _scatter(study.measured_expression())


def _scatter(centred: np.ndarray) -> np.ndarray:
    scatter: np.ndarray = centred @ centred.T / centred.shape[1]
    return scatter


def drawn_sites(posterior: Posterior, chosen: int) -> dict[str, np.ndarray]:
    """Draws (draw, ...) of one map's predictable part and scales and of the programs; an even part of many."""
    programs = ("strength", "program_score", "homologue_sharing")
    names = [name for name in posterior.names() if name.endswith("_scale") or name in programs]
    drawn = {name: posterior.draws(name, chosen) for name in names}
    drawn["predictable"] = posterior.predictable(chosen)
    count = len(drawn["predictable"])
    kept = np.linspace(0, count - 1, min(count, _MOST_DRAWS)).round().astype(int)
    return {name: values[kept] for name, values in drawn.items()}


def dealt(draws: Draws, regions: int, numbers: float = BLOCK) -> Iterator[dict[str, np.ndarray]]:
    """Deal draws out in their order, as many at once as have no more numbers in their matrices of regions."""
    count = len(draws["predictable"])
    step = int(min(count, max(1, numbers / regions**2)))
    for start in range(0, count, step):
        yield {name: values[start : start + step] for name, values in draws.items()}


def part_kernels(posterior: Posterior, study: Study, settings: FitSettings) -> Callable[[Draws], dict[str, np.ndarray]]:
    """From `drawn_sites` to unit covariances of a linear family's parts: (draw, region, region) or (region, region)."""
    kept = posterior.kernels
    fixed = _fixed_kernels(study, settings) if kept is None else kept
    if not posterior.has_programs:
        return lambda _: fixed
    family: Any = settings.family
    measured, homologue = study.measured, study.measured_in.homologue
    programs = len(posterior.labels("program")) if family.beyond_programs else len(measured)
    rest = residual_root(measured_kernel(study), programs, expressed=measured, identity=np.eye(len(measured)))

    def kernels(draws: Draws) -> dict[str, np.ndarray]:
        score, sharing = draws["program_score"].swapaxes(1, 2), draws.get("homologue_sharing", family.homologue_sharing)
        root = expression_root(score, draws["strength"], rest, homologue, sharing)
        root = root if study.places is None else root @ study.places.support.T
        return {"transcriptomic": unit_covariance(root)} | fixed

    return kernels


def wide_maps(posterior: Posterior, study: Study) -> np.ndarray:
    """Fixed maps with a coefficient each: `LinearModel.wide`; (coefficient, region)."""
    ones = np.ones(study.n_regions)
    if not posterior.has("structural_axis"):
        return ones[None]
    return np.stack([ones, ones * 0 if study.structure is None else structural_axis(*np.linalg.eigh(study.structure))])


def _fixed_kernels(study: Study, settings: FitSettings) -> dict[str, np.ndarray]:
    """What a file of version 0.1 did not keep."""
    from ..inference.observation import observe  # late: torch takes a second to import

    model: LinearModel = family_of(settings.model).build(observe(study), settings.family)
    roots = model.fixed_roots()
    roots.pop("structural", None)  # which version 0.1 did not have
    return {part: unit_covariance(root[0, 0]).numpy() for part, root in roots.items()}
