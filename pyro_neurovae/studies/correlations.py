"""Which correlation of regions a study takes: for the sampling errors of its maps, and as its structure."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from ..atlases.atlas import dk68_names
from ..atlases.normative import (
    can_interpolate,
    interpolated_correlation,
    mean_correlation,
    normative_correlation,
    normative_people,
)
from ..errors import InputError
from ..graphs.region_graph import RegionGraph
from ..readers.covariance_table import place_covariance
from ..readers.registry import read
from ..readers.thinning_table import ThinningMap
from ..wording import first_names
from .checks import check_correlation
from .sampling import COMMON_SHARE, exchangeable, mixed_correlation, sampling_covariance
from .vertex_errors import MeansErrors

__all__ = [
    "EXCHANGEABLE",
    "INDEPENDENT",
    "OWN",
    "CorrelationInput",
    "check_together",
    "correlation_words",
    "error_correlation",
    "is_word",
    "joint_errors",
    "known_correlation",
    "structure_of",
    "structure_word",
    "told_errors",
    "told_structure",
]

CorrelationInput = str | os.PathLike[str] | pd.DataFrame

INDEPENDENT, EXCHANGEABLE, OWN = "independent", "exchangeable", "own"


def joint_errors(
    choice: CorrelationInput,
    maps: Sequence[ThinningMap],
    own: Mapping[str, np.ndarray],
    graph: RegionGraph,
    means: Mapping[str, MeansErrors] = MappingProxyType({}),
) -> tuple[np.ndarray | None, tuple[str, ...], tuple[str, ...]]:
    """Sampling covariance of maps, what each goes by, and notices.

    Parameters
    ----------
    choice
        "auto", "independent", "exchangeable", or a labelled square table of correlations or its file.
    maps
        The maps; one whose standard errors are not known (all 0) gets zeros.
    own
        Covariances (region, region) of the maps that have one of their own, by the map's name.
    graph
        The graph of the regions.
    means
        Errors of means over vertices, by the map's name, whose correlation stands for an interpolated one.

    Returns
    -------
    covariance, words, notices
        (map, region, region), None where all are independent; one word for each map; sentences.

    Raises
    ------
    InputError
        For a table that is no correlation of the regions that a map has.
    """
    word, correlation = error_correlation(choice, graph)
    joint, words = [], []
    for one in maps:
        known = correlation is not None and bool((one.standard_error > 0).any())
        words.append(OWN if one.name in own else word if known else INDEPENDENT)
        if one.name in own:
            joint.append(own[one.name])
        elif known and correlation is not None:
            observed = ~np.isnan(one.value)
            names = [name for name, seen in zip(graph.names, observed, strict=True) if seen]
            check_correlation(correlation[np.ix_(observed, observed)], names, f"sampling correlation of map {one.name}")
            share = 0.0 if one.spread_share is None else one.spread_share
            fine = word == "interpolated" and one.name in means
            between = mixed_correlation(means[one.name].correlation) if fine else correlation
            joint.append(sampling_covariance(one.standard_error, share, between))
        else:
            joint.append(np.diag(one.standard_error**2))
    covariance = None if set(words) <= {INDEPENDENT} else np.stack(joint)
    return covariance, tuple(words), tuple(_told(maps, words, word))


def check_together(standard_error: Any, covariance: Any, sampling_correlation: CorrelationInput) -> None:
    """Raise InputError where errors are unknown, or are those of group sizes, and something says how they go together.

    Parameters
    ----------
    standard_error, covariance, sampling_correlation
        As `Study.from_files` and `Study.from_frames` take them.
    """
    choice = standard_error if is_word(standard_error, "sizes", "none") else None
    given = covariance is not None and not is_word(covariance, "auto", "none")
    if choice is not None and given:
        raise InputError(
            f"a covariance has no effect with --se {choice} (standard_error), which sets the file's standard errors "
            "aside; leave out one of the two."
        )
    if choice == "none" and not is_word(sampling_correlation, "auto", INDEPENDENT):
        raise InputError(
            "--sampling-correlation has no effect with --se none (standard_error), where no standard errors are known; "
            "leave out one of the two."
        )


def structure_of(choice: CorrelationInput, graph: RegionGraph) -> np.ndarray | None:
    """Correlation (region, region) of thickness across people: "auto" as far as known, "none", or a table's.

    Raises
    ------
    InputError
        For a table that lacks a region of the graph.
    """
    if is_word(choice, "none"):
        return None
    return known_correlation(graph)[1] if is_word(choice, "auto") else _placed(choice, graph)[1]


def is_word(given: Any, *words: str) -> bool:
    """Whether what is given is one of some words, and no table or path."""
    return isinstance(given, str) and given in words


def correlation_words(words: Sequence[str], maps: Sequence[str], covariance: np.ndarray | None) -> tuple[str, ...]:
    """What the errors of each map go by, brought in line with its covariance: "own" where no other word is given."""
    given = tuple(words) or (INDEPENDENT,) * len(maps)
    if covariance is None:
        return (INDEPENDENT,) * len(given)
    if np.ndim(covariance) != 3 or len(covariance) != len(given):
        return given
    joint = [bool(np.triu(block, 1).any()) for block in np.nan_to_num(covariance)]
    named = [OWN if word == INDEPENDENT else word for word in given]
    return tuple(word if goes else INDEPENDENT for word, goes in zip(named, joint, strict=True))


def error_correlation(choice: CorrelationInput, graph: RegionGraph) -> tuple[str, np.ndarray | None]:
    """Word for a choice and the correlation that it stands for; (region, region), None for independent errors."""
    if not is_word(choice, "auto", EXCHANGEABLE, INDEPENDENT):
        return _placed(choice, graph)
    if is_word(choice, INDEPENDENT):
        return INDEPENDENT, None
    word, known = known_correlation(graph)
    if is_word(choice, "auto") and known is not None:
        return word, mixed_correlation(known)
    return EXCHANGEABLE, exchangeable(graph.n_regions, mean_correlation())


def known_correlation(graph: RegionGraph, source: str = "pooled") -> tuple[str, np.ndarray | None]:
    """What is known of how thickness goes together over the graph's regions, and the word for it.

    ``source`` says in whom it was measured; see `atlases.normative.normative_correlation`.
    """
    if set(graph.names) <= set(dk68_names()):
        names = list(graph.names)
        return "normative", normative_correlation(source).loc[names, names].to_numpy()
    middles, sides = graph.centroids, graph.hemispheres
    if middles is None or sides is None or not can_interpolate(middles, sides):
        return EXCHANGEABLE, None
    return "interpolated", interpolated_correlation(middles, sides, source=source)


def _placed(table: CorrelationInput, graph: RegionGraph) -> tuple[str, np.ndarray]:
    """Name of a table, and its correlations on the graph's regions, NaN for a region that it lacks."""
    if isinstance(table, pd.DataFrame):
        return "table", place_covariance(table, graph.names, "table of correlations")
    name = Path(table).name
    if isinstance(table, str) and not Path(table).suffix and not Path(table).exists():
        raise InputError(
            f"unknown correlation {table!r}; give auto, a file with a labelled square table, or independent or "
            "exchangeable for the sampling errors and none for the structure."
        )
    return name, place_covariance(read("covariance", table), graph.names, f"correlation {name}")


def told_errors(maps: Sequence[str], words: Sequence[str]) -> tuple[str, ...]:
    """Say how the sampling errors of maps are taken to go together, a sentence for each word that they go by."""
    named = {word: first_names([one for one, own in zip(maps, words, strict=True) if own == word]) for word in words}
    return tuple(f"{names}: sampling errors are assumed {_way(word)}." for word, names in named.items())


def structure_word(structure: np.ndarray | None, graph: RegionGraph) -> str:
    """Word for what a study's structure is: "normative", "interpolated", "given" or "none"."""
    if structure is None:
        return "none"
    word, known = known_correlation(graph)
    return word if known is not None and np.array_equal(known, structure) else "given"


def told_structure(word: str) -> str:
    """What a word of `structure_word` stands for: "the ... correlation of regional thickness across people"."""
    if word == "none":
        return "no correlation of regional thickness across people"
    source = "given" if word == "given" else f"{word}, {_people()}"
    return f"the correlation of regional thickness across people ({source})"


def _told(maps: Sequence[ThinningMap], words: Sequence[str], word: str) -> Iterable[str]:
    """Say, once for all maps that it concerns, that errors are taken to go together."""
    concerned = [one.name for one, own in zip(maps, words, strict=True) if own == word]
    return told_errors(concerned, [word] * len(concerned)) if word != INDEPENDENT else ()


def _way(word: str) -> str:
    """How errors go together by a word: what stands after "are taken"."""
    if word == INDEPENDENT:
        return "to be independent across regions"
    mixed = f", {COMMON_SHARE:.0%} of it common to the whole cortex"
    ways = {
        "normative": f"as regional thickness does in {_people()} (normative correlation{mixed})",
        "interpolated": f"as regional thickness does in {_people()} (normative correlation, interpolated{mixed})",
        EXCHANGEABLE: f"equally (correlation {mean_correlation():.2f}, the mean in {_people()})",
        "table": "as the table of correlations says",
        OWN: "as their own sampling covariance says",
    }
    return f"to correlate across regions {ways.get(word, f'as {word} says')}"


def _people() -> str:
    return f"{normative_people():,} people of ABIDE and ADHD-200"
