"""Files of hemispheres, and volumes."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest

import pyro_neurovae as nv
from pyro_neurovae.atlases.vertices import at_vertices, dk68_vertices, surface_mesh
from pyro_neurovae.errors import InputError
from pyro_neurovae.readers.registry import read
from pyro_neurovae.readers.vertex_files import check_halves

NAMES = nv.RegionGraph.dk68().names
SIZE = 2_562
RNG = np.random.default_rng(0)
EFFECT = at_vertices(np.append(RNG.standard_normal(68), 0)[dk68_vertices()], SIZE)


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
