"""Vertices in tables and volumes."""

from __future__ import annotations

import nibabel
import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.atlases.vertices import dk68_vertices, surface_mesh
from pyro_neurovae.errors import InputError
from pyro_neurovae.readers.registry import read
from pyro_neurovae.readers.vertex_files import check_halves
from pyro_neurovae.readers.vertex_maps import at_vertices

NAMES = nv.RegionGraph.dk68().names
SIZE = 2_562
RNG = np.random.default_rng(0)
EFFECT = at_vertices(np.append(RNG.standard_normal(68), 0)[dk68_vertices()], SIZE)


def table() -> pd.DataFrame:
    number = np.tile(np.arange(SIZE), 2)
    sides = np.repeat(["L", "R"], SIZE)
    return pd.DataFrame({"map": "one", "hemisphere": sides, "vertex": number, "d": EFFECT, "se": 0.1})


def saved(folder, frame: pd.DataFrame, name: str = "map.csv"):
    frame.to_csv(folder / name, index=False)
    return folder / name


def test_rows_of_vertices_are_placed_by_their_numbers(tmp_path):
    frame = table()[EFFECT != 0].sample(frac=1, random_state=1)
    found = read("thinning", saved(tmp_path, frame), NAMES)
    assert found.vertices[0][EFFECT != 0] == pytest.approx(EFFECT[EFFECT != 0])
    assert found.value == pytest.approx([EFFECT[at_vertices(dk68_vertices(), SIZE) == k].mean() for k in range(68)])
    assert np.all(found.standard_error == pytest.approx(0.1))


def test_rows_without_numbers_are_in_order_left_first(tmp_path):
    found = read("thinning", saved(tmp_path, table()[["d", "se"]]), NAMES)
    assert found.vertices[0][EFFECT != 0] == pytest.approx(EFFECT[EFFECT != 0])


def test_the_table_that_a_fit_writes_is_read_back(tmp_path):
    frame = table().assign(region="L_insula", mean=0.3, p_negative=0.0)[EFFECT != 0]
    found = read("thinning", saved(tmp_path, frame, "vertices.csv"), NAMES)
    assert found.vertices[0][EFFECT != 0] == pytest.approx(EFFECT[EFFECT != 0])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"vertex": 1.5}, "row 4 is of vertex 1.5 of hemisphere L; give whole numbers from 0 and L or R"),
        ({"hemisphere": "both"}, "row 4 is of vertex 3 of hemisphere both"),
        ({"vertex": 200_000}, "there is no vertex 200000; give those of fsaverage5"),
        ({"vertex": 7}, "vertex 7 of hemisphere L stands twice; keep one row each"),
    ],
)
def test_rows_that_are_no_vertices_are_told(tmp_path, changed, message):
    frame = table().astype({"vertex": object})
    for column, value in changed.items():
        frame.loc[3, column] = value
    with pytest.raises(InputError, match=message):
        read("thinning", saved(tmp_path, frame), NAMES)


def volume(values, *, voxel: float = 4.0) -> nibabel.Nifti1Image:
    """A volume in MNI space whose voxels have a function of their position."""
    affine = np.diag([voxel, voxel, voxel, 1.0])
    affine[:3, 3] = (-100, -130, -80)
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in (50, 60, 50)), indexing="ij"), -1)
    return nibabel.Nifti1Image(values(grid @ affine[:3, :3] + affine[:3, 3]), affine)


def test_a_volume_is_read_between_the_surfaces(tmp_path):
    nibabel.save(volume(lambda place: place[..., 1] / 40 + 3), tmp_path / "t.nii.gz")
    found = read("thinning", tmp_path / "t.nii.gz", NAMES, kind="t")
    place = np.concatenate([surface_mesh(side)[0] for side in ("left", "right")])
    inside = dk68_vertices() >= 0
    assert found.vertices[0][inside] == pytest.approx(place[inside, 1] / 40 + 3, abs=0.15)
    assert any("read between the white and the pial surface" in notice for notice in found.notices)


def test_a_volume_of_another_space_or_of_four_dimensions_is_refused(tmp_path):
    small = volume(lambda place: np.where(np.linalg.norm(place, axis=-1) < 20, 1.0, 0.0))
    nibabel.save(small, tmp_path / "small.nii")
    with pytest.raises(InputError, match=r"small.nii has values about .*give a volume of the whole brain in MNI space"):
        read("thinning", tmp_path / "small.nii", NAMES, kind="t")
    nibabel.save(nibabel.Nifti1Image(np.zeros((4, 4, 4, 3)), np.eye(4)), tmp_path / "four.nii")
    with pytest.raises(InputError, match=r"four.nii holds 4 x 4 x 4 x 3 numbers; give a volume of one map"):
        read("thinning", tmp_path / "four.nii", NAMES, kind="t")
    lost = volume(lambda place: place[..., 1])
    lost.set_sform(None, 0)
    nibabel.save(lost, tmp_path / "lost.nii")
    with pytest.raises(InputError, match=r"lost.nii does not say where its voxels lie"):
        read("thinning", tmp_path / "lost.nii", NAMES, kind="t")
    (tmp_path / "none.nii").write_bytes(b"no volume")
    with pytest.raises(InputError, match=r"none.nii: no volume that can be read; give NIfTI"):
        read("thinning", tmp_path / "none.nii", NAMES)


def test_rows_of_which_one_column_tells_the_vertex_are_in_order(tmp_path):
    frame = table()
    shuffled = frame.assign(vertex=np.arange(2 * SIZE)).drop(columns="hemisphere").sample(frac=1, random_state=0)
    turned = frame.drop(columns="vertex").sort_values("hemisphere", ascending=False, kind="stable")
    for wrong in (shuffled, turned):
        with pytest.raises(InputError, match="not those of all vertices in order"):
            read("thinning", saved(tmp_path, wrong), NAMES)
    found = read("thinning", saved(tmp_path, shuffled.sort_values("vertex")), NAMES)
    np.testing.assert_allclose(found.value, read("thinning", saved(tmp_path, frame), NAMES).value)


def test_vertices_that_are_numbered_from_one_are_refused(tmp_path):
    frame = table().assign(vertex=lambda rows: rows["vertex"] + 1)
    with pytest.raises(InputError, match="numbered from 1 to 2562; number them from 0"):
        read("thinning", saved(tmp_path, frame), NAMES)


@pytest.mark.parametrize("ending", [".func.gii.gz", ""])
def test_hemispheres_of_one_map_are_not_two_maps(tmp_path, ending):
    for side in ("lh", "rh"):
        nibabel.freesurfer.write_morph_data(tmp_path / f"{side}.one{ending}", EFFECT[:SIZE])
    with pytest.raises(InputError, match="are the hemispheres of one map"):
        check_halves([tmp_path / f"lh.one{ending}", tmp_path / f"rh.one{ending}"])


def test_of_two_sides_in_a_name_the_first_is_the_file_s(tmp_path):
    nibabel.freesurfer.write_morph_data(tmp_path / "rh.lh_tle", EFFECT[SIZE:])
    found = read("thinning", tmp_path / "rh.lh_tle", NAMES, kind="t")
    assert np.isnan(found.value[:34]).all()
    assert np.isfinite(found.value[34:]).all()


def test_a_table_of_regions_with_the_vertex_of_a_peak_is_one_of_regions(tmp_path):
    effect = RNG.standard_normal(68)
    frame = pd.DataFrame({"region": NAMES, "hemisphere": "L", "vertex": 100 * np.arange(68), "d": effect, "se": 0.1})
    found = read("thinning", saved(tmp_path, frame), NAMES)
    assert found.vertices is None
    assert found.value == pytest.approx(effect)
