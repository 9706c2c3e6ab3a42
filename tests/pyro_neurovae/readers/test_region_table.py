"""Tables of the regions of an atlas: sides from columns or names, lobes under any name, homologues, faults."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.readers.region_table import read_regions, side_of


@pytest.fixture
def parcels() -> pd.DataFrame:
    """Forty parcels, twenty a hemisphere, named as Schaefer's are."""
    names = [f"7Networks_{side}_{net}_{i}" for side in ("LH", "RH") for net in ("Vis", "Default") for i in range(1, 11)]
    table = pd.DataFrame({"region": names, "network": [name.split("_")[2] for name in names]})
    table[["x", "y", "z"]] = np.random.default_rng(0).normal(0, 30, (40, 3))
    return table


def test_a_table_and_its_file_say_the_same(parcels: pd.DataFrame, tmp_path: Path) -> None:
    parcels["Homologue"] = [name.replace("_LH_", "_RH_") if "_LH_" in name else "" for name in parcels["region"]]
    parcels.to_csv(tmp_path / "schaefer.csv", index=False)
    for given, source in ((parcels, "regions"), (tmp_path / "schaefer.csv", "schaefer.csv")):
        found = read_regions(given)
        assert found.source == source
        assert found.names == tuple(parcels["region"])
        assert found.hemispheres == ("L",) * 20 + ("R",) * 20
        assert found.lobes == tuple(parcels["network"])
        assert found.homologues == tuple((k, k + 20) for k in range(20))
        np.testing.assert_allclose(found.centroids, parcels[["x", "y", "z"]])
    assert found.label == "schaefer"


def test_rows_in_the_order_of_a_graph(parcels: pd.DataFrame) -> None:
    order = list(parcels["region"][::-1])
    found = read_regions(parcels.set_index("region"), order=order)
    assert found.names == tuple(order)
    np.testing.assert_array_equal(found.centroids, parcels[["x", "y", "z"]].to_numpy()[::-1])
    with pytest.raises(nv.InputError, match="regions: no row for elsewhere, which the graph has; add them"):
        read_regions(parcels, order=[*order, "elsewhere"])


def test_what_is_not_told_is_not_known(parcels: pd.DataFrame) -> None:
    found = read_regions(pd.DataFrame({"roi": ["one", "two"]}))
    assert (found.centroids, found.hemispheres, found.lobes, found.homologues) == (None, None, None, ())
    assert read_regions(parcels.assign(hemi=["left", ""] * 20)).hemispheres == ("L", "") * 20


@pytest.mark.parametrize(
    ("name", "side"),
    [("lh.aparc.annot", "L"), ("Right-Insula", "R"), ("L_insula", "L"), ("ctx-rh-insula", "R"), ("lateral", "")],
)
def test_side_of_a_name(name: str, side: str) -> None:
    assert side_of(name) == side


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.rename(columns={"region": "thing"}), "no column of region names"),
        (lambda t: t.assign(region=[t["region"][1], *t["region"][1:]]), "has two rows"),
        (lambda t: t.assign(x=[None, *t["x"][1:]]), "a coordinate is missing"),
        (lambda t: t.assign(x=[1e200, *t["x"][1:]]), r"the coordinate x 1e\+200 is beyond .* or give it in mm"),
        (lambda t: t.assign(x=t["x"] * 1e-300), "the coordinate x is nowhere above .* in another unit"),
        (lambda t: t.assign(x=1.0, y=2.0, z=3.0), "all regions have one position"),
        (lambda t: t.assign(Region=t["region"]), "two columns are called region; rename one"),
        (lambda t: t.assign(Network=t["network"]), "two columns are called network; rename one"),
        (lambda t: t.assign(X=t["x"]), "two columns are called x; rename one"),
        (lambda t: t.assign(hemisphere="top"), "hemisphere 'T' is neither L nor R"),
        (lambda t: t.assign(homologue=["nowhere", *[""] * 39]), "its homologue nowhere is no other region"),
        (lambda t: t.assign(homologue=[t["region"][2]] * 2 + [""] * 38), "is the homologue of two regions"),
    ],
)
def test_a_table_of_regions_that_cannot_be_used_is_told(parcels: pd.DataFrame, change, message: str) -> None:
    with pytest.raises(nv.InputError, match=message):
        read_regions(change(parcels))


@pytest.mark.parametrize("axes", [("R", "A", "S"), ("MNI_X", "MNI_Y", "MNI_Z"), ("x-coord", "y-coord", "z-coord")])
def test_coordinates_under_other_names(parcels: pd.DataFrame, axes: tuple[str, str, str]) -> None:
    renamed = parcels.rename(columns=dict(zip("xyz", axes, strict=True)))
    np.testing.assert_array_equal(read_regions(renamed).centroids, parcels[["x", "y", "z"]])
