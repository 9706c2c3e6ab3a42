"""Other choices that could have been made: a variant of a fit, a usual grid of them, and a file of one's own."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError, SettingsError
from ..graphs.region_graph import RegionGraph
from ..graphs.registry import GRAPHS, as_graph, named_graphs
from ..models.families import family_of
from ..models.options import FitSettings
from ..models.settings import prior_of
from ..readers.limits import read_bytes
from ..studies.study import Study
from ..wording import first_names

__all__ = ["GRAPH_CHANGES", "Variant", "default_grid", "read_grid"]

# Changes of the fit's own graph; what a variant can make of how sampling errors go together, and of the structure.
GRAPH_CHANGES = ("no-homologues",)
_ERRORS, _STRUCTURES = "independent", "none"

# Genes of which half still say something.
_FEWEST_GENES = 20


@dataclass(frozen=True)
class Variant:
    """A fit that differs from another in what is named here, and in nothing else.

    Attributes
    ----------
    name
        What tables and the picture call it.
    settings
        Fields of the model's or its training's settings, for example ``{"n_programs": 8}``.
    graph
        Another graph: "dk68", "dk68-boundary", "dk68-distance", the path of a file, or a `RegionGraph` of the same
        regions; or "no-homologues", the fit's own without edges between homologues. None (the default) keeps it.
    normalise
        How expression is normalised; None keeps it.
    errors
        "independent": sampling errors that do not go together across regions, their sizes kept; None (the default)
        keeps them as they are.
    structure
        "none": no correlation of thickness across people, and so no structural part; None keeps it.
    genes
        Genes to keep; None keeps all.
    seed
        Seed of the fit; None keeps it.
    """

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    graph: str | RegionGraph | None = None
    normalise: str | None = None
    errors: str | None = None
    structure: str | None = None
    genes: tuple[str, ...] | None = None
    seed: int | None = None

    def apply(self, study: Study, settings: FitSettings) -> tuple[Study, FitSettings]:
        """Study and settings of the variant.

        Raises
        ------
        SettingsError
            For a setting that the model does not have, a value out of range or an unknown word.
        InputError
            For genes that the study lacks, or a graph of other regions.
        """
        try:
            return self._study(study), self._settings(settings)
        except (SettingsError, InputError) as error:
            raise type(error)(f"variant {self.name!r}: {error}") from error

    def _study(self, study: Study) -> Study:
        changes: dict[str, Any] = {}
        if self.normalise is not None:
            changes["normalise"] = self.normalise
        if self.graph is not None:
            changes["graph"] = _graph(self.graph, study.graph)
        if _chosen("errors", self.errors, _ERRORS):
            changes |= {"covariance": None, "sampling_correlation": ()}
        if _chosen("structure", self.structure, _STRUCTURES):
            changes["structure"] = None
        changed = replace(study, truth=None, **changes) if changes else study
        if self.genes is None:
            return changed
        known = set(study.genes)
        lacking = [gene for gene in self.genes if gene not in known]
        if lacking:
            raise InputError(f"the study has no gene {lacking[0]}; name genes of the fit.")
        return changed.select(genes=list(dict.fromkeys(self.genes)))

    def _settings(self, settings: FitSettings) -> FitSettings:
        return settings.with_options(dict(self.settings) | ({} if self.seed is None else {"seed": self.seed}))


def _chosen(what: str, given: str | None, known: str) -> bool:
    """Whether the one word that an option takes was given; SettingsError for another."""
    if given not in (None, known):
        raise SettingsError(f"{what} is {given!r}; give {known!r}, or leave it out.")
    return given is not None


def _graph(wanted: str | RegionGraph, own: RegionGraph) -> RegionGraph:
    if wanted in GRAPH_CHANGES:
        weights = own.weights.copy()
        for left, right in own.homologues:
            weights[left, right] = weights[right, left] = 0.0
        return replace(own, weights=weights, label=f"{own.label}, {wanted}")
    other, _ = as_graph(wanted)
    lacking = [name for name in own.names if name not in other.names]
    if lacking:
        raise InputError(f"its graph has no region {lacking[0]}; give one with the regions of the fit.")
    return other.subset(own.names)


def default_grid(study: Study, settings: FitSettings) -> list[Variant]:
    """Choices that another analyst might have made; the first is another seed, which shows what chance does."""
    family = family_of(settings.model)
    choices = settings.family.alternatives(paired=bool(study.graph.homologues))
    grid = [Variant("another seed", seed=settings.seed + 1)]
    grid += [Variant(name, changed) for name, changed in choices.items()]
    if family.graph:
        grid += _graphs(study.graph)
    if study.covariance is not None and settings.family.counts_sampling_error:
        grid.append(Variant("independent errors", errors=_ERRORS))
    if study.structure is not None and "structural_scale" in vars(settings.family):
        grid.append(Variant("no structure", structure=_STRUCTURES))
    if family.expression:
        grid += [
            Variant(f"normalised per {kind}" if kind != "none" else "expression as given", normalise=kind)
            for kind in ("gene", "region", "none")
            if kind != study.normalise
        ]
        if len(study.genes) >= _FEWEST_GENES:
            grid.append(Variant("every other gene", genes=study.genes[::2]))
    return grid


def _graphs(graph: RegionGraph) -> list[Variant]:
    grid = [
        Variant(f"graph {name}", graph=name)
        for name, other in named_graphs(graph).items()
        if not np.allclose(other.weights, graph.weights)
    ]
    if any(graph.weights[left, right] > 0 for left, right in graph.homologues):
        grid.append(Variant("no edges between homologues", graph="no-homologues"))
    return grid


def read_grid(path: str | os.PathLike[str]) -> list[Variant]:
    """Read variants from a TOML file.

    Each is a table ``[[variant]]`` with a ``name`` and what it changes: ``graph``, ``normalise``, ``errors``,
    ``structure``, ``seed``, ``genes`` (a list, or a file with one gene a line) and any setting of the model. A prior is
    ``{upper = 1.0, alpha = 0.1}``, or ``{absent = 0.5, tip = 0.03, width = 1.2}``.
    Paths are relative to the file's folder.

    Raises
    ------
    InputError
        Naming the file, the variant and the key.
    """
    place = Path(path)
    try:
        record = tomllib.loads(read_bytes(place).decode())
    except UnicodeDecodeError as error:
        raise InputError(f"{place} can't be read as text; give a TOML file.") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        why = error if isinstance(error, tomllib.TOMLDecodeError) else "it nests brackets too deep"
        raise InputError(f"{place.name} is no TOML ({why}); correct it there.") from error
    other = sorted(set(record) - {"variant"})
    if other or not isinstance(record.get("variant"), list) or not record["variant"]:
        found = f"has {other[0]!r} at its top" if other else "has no variant"
        raise InputError(f"{place.name} {found}; write each variant as a table [[variant]] with a name.")
    grid = [_variant(entry, number, place) for number, entry in enumerate(record["variant"], 1)]
    names = [one.name for one in grid]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise InputError(f"{place.name}: two variants are called {repeated!r}; rename one of them.")
    return grid


_OWN = {"name": str, "graph": str, "normalise": str, "errors": str, "structure": str, "seed": int}


def _variant(entry: Any, number: int, place: Path) -> Variant:
    name = entry.get("name") if isinstance(entry, Mapping) else None
    if not isinstance(name, str) or not name:
        raise InputError(f'{place.name}: variant number {number} has no name; add one, as in name = "few programs".')
    where = f"{place.name}, variant {name!r}"
    for key, kind in _OWN.items():
        if key in entry and (not isinstance(entry[key], kind) or isinstance(entry[key], bool)):
            raise InputError(f"{where}: {key} is {entry[key]!r}; give a {'text' if kind is str else 'whole number'}.")
    graph = entry.get("graph")
    if graph is not None and graph not in (*GRAPHS, *GRAPH_CHANGES):
        file = place.parent / graph
        if not file.exists():
            known = ", ".join((*GRAPHS, *GRAPH_CHANGES))
            raise InputError(f"{where}: graph {graph!r} is no file and unknown; the known ones are {known}.")
        graph = str(file)
    settings = {key: _value(value, key, where) for key, value in entry.items() if key not in (*_OWN, "genes")}
    genes = None if "genes" not in entry else _genes(entry["genes"], place, where)
    plain = {key: entry[key] for key in ("normalise", "errors", "structure", "seed") if key in entry}
    return Variant(name, settings, graph, genes=genes, **plain)


def _value(value: Any, key: str, where: str) -> Any:
    if not isinstance(value, Mapping):
        return value
    if key == "settings":
        raise InputError(f"{where}: settings is no key of a variant; write {first_names(list(value))} beside its name.")
    try:
        return prior_of(value)
    except (SettingsError, TypeError) as error:
        raise InputError(f"{where}: {key}: {error}") from error


def _genes(value: Any, place: Path, where: str) -> tuple[str, ...]:
    if isinstance(value, str):
        try:
            value = read_bytes(place.parent / value).decode().split()
        except (InputError, UnicodeDecodeError) as error:
            raise InputError(f"{where}: the file of genes {value!r} can't be read; check the path.") from error
    if not isinstance(value, Sequence) or not value or not all(isinstance(gene, str) for gene in value):
        raise InputError(f"{where}: genes is no list of names; give one, or a file with one gene a line.")
    return tuple(value)
