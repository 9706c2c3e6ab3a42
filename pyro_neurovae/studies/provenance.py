"""Where what a study holds came from: a record of its expression, its graph and each map, as far as it is known."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..wording import first_names

if TYPE_CHECKING:
    from ..graphs.region_graph import RegionGraph
    from ..readers.expression_table import ExpressionTable
    from ..readers.thinning_table import ThinningMap
    from .study import Study

__all__ = [
    "EXPRESSION",
    "GRAPH",
    "MADE_BY",
    "UNITS",
    "facts_of",
    "facts_of_maps",
    "file_checksum",
    "known_sources",
    "map_source",
    "records_of",
    "selected_sources",
    "source_records",
    "table_of",
    "told_sources",
]

EXPRESSION, GRAPH = "expression", "graph"
# Kind of an effect to its unit; of another kind none is known.
UNITS = {"d": "Cohen's d", "mm": "mm", "percent": "%", "t": "t", "z": "z"}
# What a frame's ``attrs`` may say of itself: a data set's name and unit, and how it was made.
MADE_BY = ("dataset", "citation", "unit", "abagen", "contrast", "simulated", "seed")

_LARGEST = 50_000_000  # bytes of a record beside a map, at most

Facts = Mapping[str, Any]


def map_source(name: str) -> str:
    """What the record of a map is called."""
    return f"map {name}"


def facts_of(given: Any) -> dict[str, Any]:
    """What is known of an input: a file's name and hash, and who made it; a frame's own ``attrs``; nothing else.

    A map that `contrast` wrote has a record beside it, which is believed where it names the map's own hash.
    """
    if isinstance(given, str | os.PathLike):
        path = Path(given)
        if not path.is_file():
            return {}
        digest = file_checksum(path)
        return {"file": path.name, "sha256": digest} | _beside(path, digest)
    attrs: dict[Any, Any] = getattr(given, "attrs", {})
    found = {name: attrs[name] for name in MADE_BY if name in attrs}
    if "dataset" not in found and {"name", "citation"} <= set(attrs):  # as datasets.load has it
        found["dataset"] = attrs["name"]
    return {name: value for name, value in found.items() if value not in ("", None)}


def source_records(
    expression: np.ndarray, graph: RegionGraph, thinning: Mapping[str, np.ndarray], facts: Mapping[str, Facts]
) -> tuple[str, ...]:
    """Records of what arrays came from, each a text that `known_sources` reads.

    Parameters
    ----------
    expression, graph, thinning
        What the study holds; thinning by the names of the maps.
    facts
        What is known of each, by "expression", "graph" and `map_source`.
    """
    arrays = {EXPRESSION: expression, GRAPH: graph.weights, **{map_source(name): one for name, one in thinning.items()}}
    return tuple(
        json.dumps({"of": of, "values": _digest(arrays[of]), "facts": own}, default=str)
        for of, own in facts.items()
        if own and of in arrays
    )


def records_of(
    table: ExpressionTable,
    maps: Sequence[ThinningMap],
    graph: RegionGraph,
    expression: Facts,
    adjacency: Facts,
    given: Mapping[str, Facts],
) -> tuple[str, ...]:
    """Records of what was read, each map's with its unit where that is known; ``given`` by the names of the maps."""
    units: dict[str, Facts] = {one.name: {"unit": UNITS[one.kind]} if one.kind in UNITS else {} for one in maps}
    told = {map_source(name): {**own, **given.get(name, {})} for name, own in units.items()}
    values = {one.name: one.value for one in maps}
    return source_records(table.values, graph, values, {EXPRESSION: expression, GRAPH: adjacency, **told})


def facts_of_maps(thinning: Any, maps: Sequence[ThinningMap]) -> dict[str, dict[str, Any]]:
    """What tables in memory say of themselves: of one that holds all maps, the same of each."""
    if isinstance(thinning, Mapping):
        return {str(name): facts_of(item) for name, item in thinning.items()}
    return {one.name: facts_of(thinning) for one in maps}


def known_sources(study: Study) -> dict[str, dict[str, Any]]:
    """Facts of the expression, the graph and the maps, by name; of an array that was changed since nothing is known."""
    arrays = {EXPRESSION: _given(study), GRAPH: study.graph.weights}
    arrays |= {map_source(name): one for name, one in zip(study.maps, study.thinning, strict=True)}
    found: dict[str, dict[str, Any]] = {}
    for text in study.sources:
        record = json.loads(text)
        if record["of"] in arrays and record["values"] == _digest(arrays[record["of"]]):
            found[record["of"]] = dict(record["facts"])
    return found


def told_sources(study: Study) -> str:
    """Say in one line which sources are known."""
    told = [f"{of} from {_short(facts)}" for of, facts in known_sources(study).items() if _short(facts)]
    return f"Known sources: {first_names(told)}." if told else "Where it comes from is not recorded."


def selected_sources(before: Study, after: Study) -> tuple[str, ...]:
    """Records of a study, carried over to a part of it."""
    known = known_sources(before)
    maps = dict(zip(after.maps, after.thinning, strict=True))
    return source_records(_given(after), after.graph, maps, known)


def _given(study: Study) -> np.ndarray:
    """Expression as it was given: of the regions, or of the study's places."""
    return study.expression if study.places is None else study.places.expression


def _short(facts: Facts) -> str:
    made = [word for word in ("contrast", "abagen") if word in facts]
    named = [str(facts[word]) for word in ("dataset", "file") if word in facts]
    return next(iter([*named, *made, *(["simulation"] if facts.get("simulated") else [])]), "")


def _digest(values: np.ndarray) -> str:
    array = np.ascontiguousarray(values, dtype=np.float64)
    return hashlib.sha256(f"{array.shape}".encode() + array.tobytes()).hexdigest()[:16]


def file_checksum(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _beside(path: Path, digest: str) -> dict[str, Any]:
    """What the record that `contrast` writes beside a map says of it."""
    record = path.with_suffix(".json")
    if path.suffix != ".csv" or not record.is_file() or record.stat().st_size > _LARGEST:
        return {}
    try:
        told = json.loads(record.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(told, dict) or told.get("map_sha256") != digest:
        return {}
    return {"contrast": {name: told[name] for name in ("settings", "groups", "notices", "source") if name in told}}


def table_of(study: Study) -> pd.DataFrame:
    """Tabulate the sources: what, dataset, file, sha256, and whether it was simulated."""
    columns: Sequence[str] = ("of", "dataset", "file", "sha256", "simulated")
    known = known_sources(study)
    rows = [{"of": of, **{name: facts.get(name, "") for name in columns[1:]}} for of, facts in known.items()]
    return pd.DataFrame(rows, columns=list(columns))
