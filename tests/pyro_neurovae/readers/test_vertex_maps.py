"""Maps of vertices become means over regions, or one sentence says why not."""

from __future__ import annotations

import nibabel
import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.atlases.atlas import dk68_names
from pyro_neurovae.atlases.vertices import at_vertices, dk68_vertices, surface_mesh, vertex_parcels
from pyro_neurovae.errors import InputError
from pyro_neurovae.graphs.registry import GRAPHS
from pyro_neurovae.plots.cortical_values import drawn_parcellation
from pyro_neurovae.readers.registry import read

NAMES = dk68_names()
PLACE = dk68_vertices()


@pytest.fixture
def t() -> np.ndarray:
    """Values of 20,484 vertices."""
    return np.random.default_rng(0).normal(-1, 1, 20_484)


def means(values: np.ndarray) -> np.ndarray:
    return np.array([values[k == PLACE].mean() for k in range(68)])


def gifti(values: np.ndarray, path) -> None:
    array = nibabel.gifti.GiftiDataArray(values.astype(np.float32), intent="NIFTI_INTENT_SHAPE")
    nibabel.save(nibabel.gifti.GiftiImage(darrays=[array]), path)


def mgh(values: np.ndarray, path) -> None:
    nibabel.save(nibabel.MGHImage(values.astype(np.float32)[:, None, None], np.eye(4)), path)


def test_named_arrays_are_columns(t, tmp_path):
    np.savez(tmp_path / "map.npz", d=t, se=np.full_like(t, 0.2))
    found = read("thinning", tmp_path / "map.npz", NAMES)
    assert found.value == pytest.approx(means(t))
    assert found.standard_error == pytest.approx(0.2)
    assert (found.name, found.kind) == ("map", "d")
    assert any("mean over its vertices (fsaverage5)" in one for one in found.notices)


def test_an_array_without_a_name_is_what_is_said(t, tmp_path):
    np.save(tmp_path / "map.npy", t)
    found = read("thinning", tmp_path / "map.npy", NAMES, kind="t")
    assert found.value == pytest.approx(means(t))
    assert (found.standard_error == 1).all()


@pytest.mark.parametrize(
    ("write", "left", "right"),
    [
        (mgh, "lh.t.mgh", "rh.t.mgh"),
        (mgh, "lh.t.mgz", "rh.t.mgz"),
        (gifti, "t_hemi-L.gii", "t_hemi-R.gii"),
        (gifti, "sub.L.func.gii", "sub.R.func.gii"),
        (gifti, "left_t.gii", "right_t.gii"),
        (gifti, "tle_left.L.func.gii", "tle_left.R.func.gii"),
        (gifti, "LH.T.GII", "RH.T.GII"),
    ],
)
def test_either_hemispheres_file_finds_the_other(t, tmp_path, write, left, right):
    for name, half in zip((left, right), np.split(t, 2), strict=True):
        write(half, tmp_path / name)
    for name in (left, right):
        found = read("thinning", tmp_path / name, NAMES, kind="t")
        assert found.value == pytest.approx(means(t), abs=1e-6)


def test_hemispheres_given_as_two_maps_are_one(t, tmp_path):
    for name, half in zip(("lh.t.mgh", "rh.t.mgh"), np.split(t, 2), strict=True):
        mgh(half, tmp_path / name)
    with pytest.raises(InputError, match=r"lh.t.mgh and rh.t.mgh are the hemispheres of one map"):
        nv.Study.from_files(tmp_path / "x.csv", [tmp_path / "rh.t.mgh", tmp_path / "lh.t.mgh"])


@pytest.mark.parametrize("turned", [False, True])
def test_hemispheres_are_rows_or_columns_of_an_array(turned, t, tmp_path):
    both = t.reshape(2, -1)
    np.save(tmp_path / "map.npy", both.T if turned else both)
    assert read("thinning", tmp_path / "map.npy", NAMES, kind="t").value == pytest.approx(means(t))


def test_what_stands_beside_a_map_does_not_touch_it(t, tmp_path):
    """Numbers of vertices, p values with gaps, sizes of groups; zeros of the map itself do not count."""
    kept = np.where(np.arange(20_484) % 7 == 0, 0.0, t)
    p = np.where(np.arange(20_484) < 8_000, np.nan, 0.5)
    np.savez(tmp_path / "map.npz", vertices=np.arange(20_484), t=kept, q=p, faces=np.zeros((9, 3)))
    found = read("thinning", tmp_path / "map.npz", NAMES)
    assert found.value == pytest.approx([kept[(k == PLACE) & (kept != 0)].mean() for k in range(68)])
    assert any("are exactly 0 in t" in one for one in found.notices)


def test_one_hemisphere_alone_is_told(t, tmp_path):
    mgh(t[10_242:], tmp_path / "rh.t.mgh")
    found = read("thinning", tmp_path / "rh.t.mgh", NAMES, kind="t")
    assert np.isnan(found.value[:34]).all()
    assert found.value[34:] == pytest.approx(means(t)[34:], abs=1e-6)
    assert any("no lh.t.mgh beside it" in one for one in found.notices)


def test_of_finer_surfaces_the_vertices_of_fsaverage5_are_taken(t, tmp_path):
    """Each icosahedral mesh begins with the vertices of the coarser ones."""
    fine = [np.concatenate([half, np.full(163_842 - 10_242, 99.0)]) for half in np.split(t, 2)]
    np.savez(tmp_path / "map.npz", t=np.concatenate(fine))
    assert read("thinning", tmp_path / "map.npz", NAMES).value == pytest.approx(means(t))


def test_vertices_without_a_value_do_not_count(t, tmp_path):
    region, few = np.flatnonzero(PLACE == 3), np.flatnonzero(PLACE == 5)
    kept = t.copy()
    kept[region[:4]], kept[region[4:8]], kept[few[: len(few) // 2 + 1]] = np.nan, 0.0, np.nan
    np.savez(tmp_path / "map.npz", t=kept)
    found = read("thinning", tmp_path / "map.npz", NAMES)
    assert found.value[3] == pytest.approx(t[region[8:]].mean())
    assert np.isnan(found.value[5])
    told = " ".join(found.notices)
    assert "4 vertices of the cortex are exactly 0" in told
    assert f"less than half of the vertices have a value in {NAMES[5]}" in told


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (64_984, "as of fsLR 32k; give both hemispheres of fsaverage5"),
        (10_242, r"\(one hemisphere\?\)"),
        (68, "68 values; give both hemispheres"),
        (20_485, "20485 values"),
    ],
)
def test_another_surface_is_named(size, said, tmp_path):
    np.savez(tmp_path / "map.npz", t=np.ones(size))
    with pytest.raises(InputError, match=said):
        read("thinning", tmp_path / "map.npz", NAMES)


def test_hemispheres_of_different_surfaces_are_refused(t, tmp_path):
    mgh(t[:10_242], tmp_path / "lh.t.mgh")
    mgh(np.ones(40_962), tmp_path / "rh.t.mgh")
    with pytest.raises(InputError, match="51204 values"):
        read("thinning", tmp_path / "lh.t.mgh", NAMES, kind="t")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("map.npz", b"no archive", "no NumPy file that can be read"),
        ("map.npy", b"", "no NumPy file that can be read"),
        ("lh.map.mgh", b"nothing", "no file of vertices that can be read"),
        ("lh.map.gii", b"<xml>", "no file of vertices that can be read"),
        ("map.gii", b"", "does not tell the hemisphere"),
    ],
)
def test_what_is_no_map_is_one_sentence(name, content, said, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=said):
        read("thinning", tmp_path / name, NAMES, kind="t")


def test_objects_are_never_unpickled(tmp_path):
    np.savez(tmp_path / "map.npz", t=np.array([{}], dtype=object))
    with pytest.raises(InputError, match="no NumPy file that can be read"):
        read("thinning", tmp_path / "map.npz", NAMES)


def test_a_file_of_several_frames_is_refused(t, tmp_path):
    nibabel.save(nibabel.MGHImage(np.zeros((10_242, 1, 1, 3), np.float32), np.eye(4)), tmp_path / "lh.t.mgh")
    with pytest.raises(InputError, match="10242 x 1 x 1 x 3 numbers"):
        read("thinning", tmp_path / "lh.t.mgh", NAMES, kind="t")


def test_another_atlas_is_refused(t, tmp_path):
    np.savez(tmp_path / "map.npz", t=t)
    with pytest.raises(InputError, match=r"read onto the graphs dk68, schaefer100.*or average the map"):
        read("thinning", tmp_path / "map.npz", ["L_one", "R_one"])


@pytest.mark.parametrize("name", ["schaefer100", "schaefer400", "cortex200", "cortex400"])
def test_other_parcels_are_means_over_their_vertices(name, t, tmp_path):
    np.savez(tmp_path / "map.npz", t=t)
    names = GRAPHS[name]().names
    found, parcel = read("thinning", tmp_path / "map.npz", names), vertex_parcels(names)
    number = int(np.flatnonzero(~np.isnan(found.value))[-1])
    own = t[parcel == number]
    assert found.value[number] == pytest.approx(own[np.isfinite(own) & (own != 0)].mean())


def test_what_vertices_have_comes_with_the_means(t, tmp_path):
    np.savez(tmp_path / "map.npz", t=t)
    found = read("thinning", tmp_path / "map.npz", NAMES, flip=True)
    value, error = found.vertices
    measured = (PLACE >= 0) & np.isfinite(t) & (t != 0)
    assert np.array_equal(~np.isnan(value), measured)
    assert value[measured] == pytest.approx(-t[measured])
    assert np.all(error[measured] == 1)


@pytest.mark.parametrize("size", [642, 2_562])
def test_a_coarser_surface_is_read_by_its_own_vertices(size, t, tmp_path):
    np.savez(tmp_path / "coarse.npz", t=at_vertices(t, size))
    found = read("thinning", tmp_path / "coarse.npz", nv.RegionGraph.cortex(200).names)
    place = at_vertices(vertex_parcels(nv.RegionGraph.cortex(200).names), size)
    own = at_vertices(t, size)[place == 17]
    assert found.value[17] == pytest.approx(own[np.isfinite(own) & (own != 0)].mean())
    assert found.vertices.shape == (2, 2 * size)


def test_hemispheres_that_stand_for_each_other_are_refused(t, tmp_path):
    np.savez(tmp_path / "turned.npz", t=np.concatenate(np.split(np.where(PLACE < 0, np.nan, t), 2)[::-1]))
    with pytest.raises(InputError, match="missing where the other hemisphere has its medial wall; give the left"):
        read("thinning", tmp_path / "turned.npz", NAMES)


def test_files_of_freesurfer_without_an_ending_are_told_by_their_content(t, tmp_path):
    left, right = np.split(np.nan_to_num(t), 2)
    nibabel.freesurfer.write_morph_data(tmp_path / "lh.effect", left)
    nibabel.freesurfer.write_morph_data(tmp_path / "rh.effect", right)
    found = read("thinning", tmp_path / "lh.effect", NAMES, kind="t")
    assert found.value == pytest.approx(means(t), abs=1e-5)


def test_a_map_is_read_onto_a_parcellation_of_label_files(t, tmp_path):
    """Four quarters of each hemisphere, as FreeSurfer's labels."""
    files, meshes = [], []
    for side, word in (("left", "lh"), ("right", "rh")):
        place, faces = surface_mesh(side)
        labels = 1 + 2 * (place[:, 1] > 0) + (place[:, 2] > 20)
        table = np.zeros((5, 5), dtype=int)
        table[:, :3] = np.arange(5)[:, None] * 40
        names = ["unknown", "one", "two", "three", "four"]
        files.append(tmp_path / f"{word}.quarters.annot")
        nibabel.freesurfer.write_annot(files[-1], labels.astype(np.int32), table, names, fill_ctab=True)
        meshes.append(tmp_path / f"{word}.mid")
        nibabel.freesurfer.write_geometry(meshes[-1], place, faces)
    graph = nv.RegionGraph.from_surface(files, meshes)
    np.savez(tmp_path / "map.npz", t=t)
    found = read("thinning", tmp_path / "map.npz", graph.names)
    right = surface_mesh("right")[0]
    own = t[10_242:][(right[:, 1] > 0) & (right[:, 2] <= 20)]
    assert found.value[graph.names.index("R_three")] == pytest.approx(own[np.isfinite(own) & (own != 0)].mean())


def test_a_study_takes_a_map_of_vertices(t, tmp_path):
    np.savez(tmp_path / "load.npz", t=t)
    x = nv.simulate(seed=0, genes=20)
    pd.DataFrame(x.expression, index=list(x.regions), columns=list(x.genes)).to_csv(tmp_path / "x.csv")
    study = nv.Study.from_files(tmp_path / "x.csv", tmp_path / "load.npz")
    assert study.maps == ("load",)
    assert study.thinning[0] == pytest.approx(means(t))


def test_a_map_cut_at_a_threshold_is_refused(t, tmp_path):
    np.savez(tmp_path / "map.npz", t=np.where(np.abs(t) > 1.5, t, 0))
    with pytest.raises(
        InputError, match=r"of the cortex's vertices are exactly 0 in t, as in a map cut at a threshold"
    ):
        read("thinning", tmp_path / "map.npz", NAMES)


def test_one_hemisphere_on_the_other_s_side_is_told(t, tmp_path):
    values = np.where(PLACE >= 0, t, np.nan)[10_242:]
    np.savez(tmp_path / "map.npz", t=np.concatenate([values, np.full(10_242, np.nan)]))
    with pytest.raises(InputError, match="where the other hemisphere has its medial wall"):
        read("thinning", tmp_path / "map.npz", NAMES)


def test_errors_that_are_computed_are_means_of_those_of_vertices(t, tmp_path):
    error = np.exp(np.random.default_rng(1).normal(0, 0.5, len(t)))
    np.savez(tmp_path / "map.npz", b=t * error, t=t)
    found = read("thinning", tmp_path / "map.npz", NAMES, value_column="b")
    assert found.standard_error == pytest.approx(means(error))


@pytest.mark.parametrize("errors", [0.0, np.nan, -1.0])
def test_errors_that_are_not_read_leave_no_vertex_out(t, tmp_path, errors):
    np.savez(tmp_path / "map.npz", d=t, se=np.where(np.arange(len(t)) < 15_000, errors, 0.1))
    found = read("thinning", tmp_path / "map.npz", NAMES, standard_error="none")
    assert np.array_equal(np.isfinite(found.vertices[0]), PLACE >= 0)


def test_vertices_without_an_error_in_a_column_that_was_named_do_not_count(t, tmp_path):
    np.savez(tmp_path / "map.npz", d=t, noise=np.where(np.arange(len(t)) % 50, 0.1, np.nan))
    found = read("thinning", tmp_path / "map.npz", NAMES, se_column="noise")
    assert np.isnan(found.vertices[0][::50]).all()
    assert found.standard_error == pytest.approx(0.1)


def test_a_map_on_a_part_of_patches_whose_names_others_have_is_refused(t, tmp_path):
    np.savez(tmp_path / "load.npz", t=t)
    graph = nv.RegionGraph.cortex(400)
    x = nv.simulate(seed=0, genes=20)
    table = pd.DataFrame(x.expression, index=list(x.regions), columns=list(x.genes))
    table.to_csv(tmp_path / "x.csv")
    files, options = (tmp_path / "x.csv", tmp_path / "load.npz"), {"expression_graph": "dk68"}
    with pytest.raises(InputError, match="another parcellation than cortex400 has regions of these names"):
        nv.Study.from_files(*files, graph=graph.subset(graph.names[:40]), **options)
    study = nv.Study.from_files(*files, graph=graph, **options).select(regions=graph.names[:40])
    assert drawn_parcellation(study.graph) == "cortex400"
