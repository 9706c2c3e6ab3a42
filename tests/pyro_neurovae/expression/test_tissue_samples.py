"""Samples with coordinates in the regions of a graph."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.atlases.vertices import surface_mesh, vertex_parcels
from pyro_neurovae.errors import InputError, SettingsError

GRAPH = nv.RegionGraph.cortex(200)
PARCEL = vertex_parcels(GRAPH.names)
SURFACE = np.concatenate([surface_mesh(side)[0] for side in ("left", "right")])


def samples() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Three samples in each of all but one region, a little off the surface, and one in the thalamus."""
    rng = np.random.default_rng(0)
    at = np.concatenate([rng.choice(np.flatnonzero(k == PARCEL), 3) for k in range(199)])
    place = np.concatenate([SURFACE[at] + 0.3 * rng.standard_normal((len(at), 3)), [[10.0, -18.0, 8.0]]])
    names = [f"s{k}" for k in range(len(place))]
    genes = pd.DataFrame(rng.standard_normal((len(place), 5)), index=names, columns=list("abcde"))
    return genes, pd.DataFrame(place, index=names, columns=["x", "y", "z"])


def test_samples_are_averaged_over_the_region_that_they_lie_in():
    genes, place = samples()
    with pytest.warns(nv.NeurovaeWarning, match="1 region of cortex200 have no sample"):
        table = nv.expression.from_samples(genes, place.sample(frac=1, random_state=1), "cortex200")
    assert list(table.index) == list(GRAPH.names)
    near = table.to_numpy()[:199] - genes.to_numpy()[:-1].reshape(199, 3, 5).mean(1)
    assert np.mean(np.abs(near) < 1e-9) > 0.9  # some lie nearer to a vertex of the region next to theirs
    assert table.iloc[199].isna().all()


def test_a_study_takes_the_table():
    genes, place = samples()
    with pytest.warns(nv.NeurovaeWarning):
        table = nv.expression.from_samples(genes, place.to_numpy(), "cortex200")
    thinning = pd.Series(
        np.random.default_rng(1).standard_normal(68), index=list(nv.RegionGraph.dk68().names), name="d"
    )
    study = nv.Study.from_frames(table, thinning, standard_error="none", expression_graph="cortex200")
    assert study.measured.sum() == 199


def test_what_can_not_be_placed_is_told():
    genes, place = samples()
    with pytest.raises(InputError, match="no sample lies within 5 mm of the cortex"):
        nv.expression.from_samples(genes, place + 300)
    with pytest.raises(InputError, match="no row for sample s3; give one for each"):
        nv.expression.from_samples(genes, place.drop(index="s3"))
    with pytest.raises(InputError, match="sample s0 has two rows"):
        nv.expression.from_samples(genes, pd.concat([place, place.iloc[:1]]))
    with pytest.raises(InputError, match="have no column z"):
        nv.expression.from_samples(genes, place.drop(columns="z"))
    with pytest.raises(InputError, match="sample s4 has no position"):
        nv.expression.from_samples(genes, place.assign(x=place["x"].where(place.index != "s4")))
    with pytest.raises(InputError, match=r"shape \(5, 3\); give \(sample, 3\) for 598"):
        nv.expression.from_samples(genes, place.to_numpy()[:5])
    with pytest.raises(InputError, match="the column donor does not hold numbers"):
        nv.expression.from_samples(genes.assign(donor="H0351.2001"), place)
    with pytest.raises(SettingsError, match="farthest is 0"):
        nv.expression.from_samples(genes, place, farthest=0)
    other = nv.RegionGraph.from_adjacency(np.ones((12, 12)) - np.eye(12), [f"r{k}" for k in range(12)])
    with pytest.raises(InputError, match="vertices of the graph table are not known"):
        nv.expression.from_samples(genes, place, other)
