"""From a study to what models condition on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from pyro_neurovae.graphs.region_graph import RegionGraph
from pyro_neurovae.models.observations import ExpressionPlaces, Observations, units
from pyro_neurovae.models.spectrum import Spectrum
from pyro_neurovae.studies.places import Places
from pyro_neurovae.studies.study import Study

__all__ = ["observe", "pick_device"]


def pick_device(device: str) -> torch.device:
    """Resolve the device setting: ``auto`` is CUDA where there is one, else the CPU."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(device)


def _structure(study: Study) -> np.ndarray:
    """Correlation of thickness across people (region, region); 0 where the study knows none."""
    nothing = np.zeros((study.n_regions, study.n_regions))
    return nothing if study.structure is None else study.structure


def observe(
    study: Study,
    *,
    hidden: np.ndarray | None = None,
    replicates: int = 1,
    device: torch.device | str = "cpu",
) -> Observations:
    """Turn a study into tensors, in float64.

    Whatever is computed from thinning (the unit and level of the priors) is computed from what each replicate
    sees and from nothing else.

    Parameters
    ----------
    study
        The study.
    hidden
        Thinning values to hide, (replicate, map, region) bool; its length is then the number of replicates.
    replicates
        Number of fits that train side by side, where nothing is hidden.
    device
        Where the tensors live.
    """
    observed = study.thinning_observed
    seen = np.repeat(observed[None], replicates, axis=0) if hidden is None else observed & ~hidden
    thinning = np.where(seen, np.nan_to_num(study.thinning), 0.0)
    expression = study.centred_expression()

    def tensor(values: np.ndarray) -> torch.Tensor:
        return torch.as_tensor(np.array(values, order="C")).to(device)

    means, spread = study.sampling_parts()
    edge_index, edge_weight = map(tensor, _edges(study.graph))
    unit, level = units(tensor(thinning), tensor(seen))
    lobes = study.graph.lobes
    return Observations(
        spectrum=Spectrum.of(study.graph, dtype=torch.float64, device=device),
        scatter=tensor(expression @ expression.T / expression.shape[1]),
        genes=len(study.genes),
        expressed=tensor(study.expression_observed),
        thinning=tensor(thinning),
        seen=tensor(seen),
        means=tensor(means),
        spread=tensor(spread),
        structure=tensor(_structure(study)),
        unit=unit,
        level=level,
        edge_index=edge_index,
        edge_weight=edge_weight,
        pair=tensor(study.graph.pair),
        homologue=tensor(study.graph.homologue),
        lobe=None if lobes is None else tensor(np.unique(lobes, return_inverse=True)[1]),
        places=None if study.places is None else _places(study, study.places, tensor, device),
    )


def _edges(graph: RegionGraph) -> tuple[np.ndarray, np.ndarray]:
    """Edges in both directions (2, edge), and their weights (edge,)."""
    ends = np.argwhere(graph.weights > 0)
    return ends.T, graph.weights[ends[:, 0], ends[:, 1]]


def _places(
    study: Study, places: Places, tensor: Callable[[np.ndarray], torch.Tensor], device: torch.device | str
) -> ExpressionPlaces:
    """Where expression was measured, of a study with places of its own."""
    graph, measured = places.graph, study.measured_expression()
    edge_index, edge_weight = map(tensor, _edges(graph))
    return ExpressionPlaces(
        spectrum=Spectrum.of(graph, dtype=torch.float64, device=device),
        scatter=tensor(measured @ measured.T / measured.shape[1]),
        expressed=tensor(places.observed),
        edge_index=edge_index,
        edge_weight=edge_weight,
        homologue=tensor(graph.homologue),
        support=tensor(places.support),
    )
