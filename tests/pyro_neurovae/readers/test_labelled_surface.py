"""Label files and their meshes, as one labelled surface and as the graph of it."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest

import pyro_neurovae as nv
from pyro_neurovae.errors import InputError
from pyro_neurovae.readers.labelled_surface import read_labelled_surface

POINTS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [2, 0, 0], [2, 1, 0]], dtype=np.float32)
FACES = np.array([[0, 1, 2], [1, 3, 2], [1, 4, 3], [4, 5, 3]])


def write_gifti(folder: Path, side: str, labels: list[int], names: dict[int, str]) -> tuple[Path, Path]:
    """Write a label file and the mesh of six vertices that it belongs to."""
    table = nibabel.gifti.GiftiLabelTable()
    for key, name in names.items():
        label = nibabel.gifti.GiftiLabel(key)
        label.label = name
        table.labels.append(label)
    intent = nibabel.nifti1.intent_codes
    array = nibabel.gifti.GiftiDataArray(np.array(labels, dtype=np.int32), intent=intent["NIFTI_INTENT_LABEL"])
    nibabel.save(nibabel.GiftiImage(darrays=[array], labeltable=table), folder / f"{side}.x.label.gii")
    mesh = [
        nibabel.gifti.GiftiDataArray(POINTS, intent=intent["NIFTI_INTENT_POINTSET"]),
        nibabel.gifti.GiftiDataArray(FACES.astype(np.int32), intent=intent["NIFTI_INTENT_TRIANGLE"]),
    ]
    nibabel.save(nibabel.GiftiImage(darrays=mesh), folder / f"{side}.x.surf.gii")
    return folder / f"{side}.x.label.gii", folder / f"{side}.x.surf.gii"


def test_two_hemispheres_become_one_surface(tmp_path: Path) -> None:
    names = {0: "???", 1: "front", 2: "back"}
    left = write_gifti(tmp_path, "lh", [1, 1, 1, 2, 2, 0], names)
    right = write_gifti(tmp_path, "rh", [1, 1, 0, 3, 3, 3], {1: "front", 3: "top", 9: "Medial_Wall"})
    found = read_labelled_surface([left[0], right[0]], [left[1], right[1]])
    assert found.names == ("L_front", "back", "R_front", "top")
    assert found.sides == ("L", "L", "R", "R")
    np.testing.assert_array_equal(found.labels, [0, 0, 0, 1, 1, -1, 2, 2, -1, 3, 3, 3])
    np.testing.assert_array_equal(found.coordinates, np.concatenate([POINTS, POINTS]))
    np.testing.assert_array_equal(found.faces, np.concatenate([FACES, FACES + 6]))


def test_labels_and_surfaces_go_one_for_one(tmp_path: Path) -> None:
    left = write_gifti(tmp_path, "lh", [1, 1, 1, 2, 2, 0], {1: "front", 2: "back"})
    with pytest.raises(InputError, match="1 label files for 2 surfaces; give one of each a hemisphere"):
        read_labelled_surface(left[0], [left[1], left[1]])
    (tmp_path / "lh.white").write_text("no mesh")
    with pytest.raises(InputError, match=r"no surface that can be read .*; give \.surf\.gii or FreeSurfer's"):
        read_labelled_surface(left[0], tmp_path / "lh.white")


def test_annotations_of_freesurfer_are_read(tmp_path: Path) -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [2, 0, 0], [2, 1, 0]], dtype=np.float32)
    faces = np.array([[0, 1, 2], [1, 3, 2], [1, 4, 3], [4, 5, 3]])
    colours = np.array([[25, 5, 25, 0, 0], [10, 20, 30, 0, 0], [40, 50, 60, 0, 0]])
    nibabel.freesurfer.write_annot(
        tmp_path / "lh.x.annot", np.array([1, 1, 1, 2, 2, 0]), colours, ["unknown", "front", "back"], fill_ctab=True
    )
    nibabel.freesurfer.write_geometry(tmp_path / "lh.white", points, faces)
    graph = nv.RegionGraph.from_surface(tmp_path / "lh.x.annot", tmp_path / "lh.white", weights="boundary")
    assert graph.names == ("front", "back")
    assert graph.hemispheres == ("L", "L")
    assert graph.n_edges == 1
    nibabel.freesurfer.write_geometry(tmp_path / "lh.small", points[:3], faces[:1])
    with pytest.raises(nv.InputError, match=r"lh.x.annot labels 6 vertices and its surface has 3"):
        nv.RegionGraph.from_surface(tmp_path / "lh.x.annot", tmp_path / "lh.small")
    with pytest.raises(nv.InputError, match="no label file that can be read"):
        nv.RegionGraph.from_surface(tmp_path / "lh.white", tmp_path / "lh.white")
