"""Records of named arrays and texts: a toy one, and the graph's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

import pyro_neurovae as nv
from pyro_neurovae.errors import GraphError
from pyro_neurovae.graphs.parts import misfit, parts_of, same_parts, selected, settle


@dataclass(frozen=True)
class Inner:
    """A record within."""

    names: tuple[str, ...] = field(metadata={"dims": ("row",), "kind": "texts", "stored": "row"})
    links: tuple[tuple[int, int], ...] = field(default=(), metadata={"dims": ("link", "end"), "kind": "positions"})

    def __post_init__(self) -> None:
        settle(self)


@dataclass(frozen=True)
class Toy:
    """A record with a part of every kind."""

    inner: Inner = field(metadata={"record": Inner})
    values: np.ndarray = field(metadata={"dims": ("row", "row")})
    told: tuple[str, ...] = field(default=(), metadata={"kind": "texts", "decides": False, "stored": "toy_told"})
    word: str = "a"
    drawn: Mapping[str, np.ndarray] | None = field(
        default=None, metadata={"dims": {"special": ("other",), None: ("row", "row")}, "stored": "drawn_"}
    )

    def __post_init__(self) -> None:
        settle(self)


@pytest.fixture
def toy() -> Toy:
    """Three rows."""
    drawn = {"special": np.ones(5), "plain": np.ones(3)}
    return Toy(Inner(["x", "y", "z"], [[0, 2]]), [[1, 2, 3], [4, 5, 6], [7, 8, np.nan]], ["one"], "b", drawn)


def test_parts_of_every_kind(toy: Toy) -> None:
    parts = parts_of(toy)
    assert list(parts) == [
        *("inner.names", "inner.links", "values", "told", "word", "drawn.special", "drawn.plain"),
    ]
    assert parts["inner.names"].value == ("x", "y", "z")
    assert parts["inner.names"].labels
    assert (parts["values"].dims, parts["values"].labels, parts["values"].stored) == (("row", "row"), False, "values")
    assert (parts["told"].value, parts["told"].dims, parts["told"].decides) == (("one",), (), False)
    assert (parts["drawn.special"].dims, parts["drawn.special"].stored) == (("other",), "drawn_special")
    assert parts["drawn.plain"].dims == ("row",)
    np.testing.assert_array_equal(parts["inner.links"].value, [[0, 2]])
    assert set(parts_of(replace(toy, inner=Inner(["x"]), drawn=None))) == {"inner.names", "values", "told", "word"}


def test_fields_are_settled(toy: Toy) -> None:
    assert toy.values.dtype == float
    assert toy.inner.links == ((0, 2),)
    assert toy.told == ("one",)
    with pytest.raises(ValueError, match="read-only"):
        toy.values[0, 0] = 0


def test_the_first_part_that_does_not_fit(toy: Toy) -> None:
    parts = parts_of(toy)
    assert misfit(parts, {"row": 3, "end": 2}) is None
    assert misfit(parts, {"row": 4}) == ("inner.names", (3,), (4,))
    assert misfit(parts, {"end": 1}) == ("inner.links", (1, 2), (1, 1))
    assert misfit(parts_of(replace(toy, values=np.ones(3))), {"row": 3}) == ("values", (3,), (3, 3))


def test_what_is_selected(toy: Toy) -> None:
    chosen = selected(toy, {"row": [2, 0]})
    assert chosen.keys() == {"values"}
    np.testing.assert_array_equal(chosen["values"], [[np.nan, 7], [3, 1]])
    assert selected(toy.inner, {"row": [2, 0]}) == {"names": ("z", "x")}


def test_parts_are_the_same_or_not(toy: Toy) -> None:
    assert same_parts(parts_of(toy), parts_of(replace(toy)))
    for other in (replace(toy, word="c"), replace(toy, values=toy.values + 1), replace(toy, drawn=None)):
        assert not same_parts(parts_of(toy), parts_of(other))


def test_parts_of_a_graph() -> None:
    graph = nv.RegionGraph.dk68()
    parts = graph.parts()
    assert set(parts) == {"names", "weights", "centroids", "sphere", "hemispheres", "lobes", "homologues", "label"}
    assert parts["names"] == graph.names
    assert parts["homologues"].shape == (34, 2)  # type: ignore[union-attr]
    assert "lobes" not in replace(graph, lobes=None).parts()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"centroids": np.ones((68, 2))}, r"the graph's centroids have shape \(68, 2\): give \(68, 3\)"),
        ({"sphere": np.ones(68)}, r"the graph's sphere have shape \(68,\): give \(68, 3\)"),
        ({"lobes": ("frontal",)}, "the graph has 1 lobes for 68 regions: give one each"),
        ({"homologues": ((0, 68),)}, r"the homologues \(0, 68\) are not two of the graph's 68 regions"),
        ({"homologues": ((3, 3),)}, r"the homologues \(3, 3\) are not two"),
        ({"homologues": ((1, 2, 3),)}, r"the homologues \(1, 2, 3\) are not two"),
    ],
)
def test_what_is_known_of_regions_has_one_entry_for_each(change: dict[str, object], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        replace(nv.RegionGraph.dk68(), **change)
