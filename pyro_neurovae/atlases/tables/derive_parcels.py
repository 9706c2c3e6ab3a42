"""Derive the tables of the parcellations other than Desikan-Killiany's, and the parcel of each fsaverage5 vertex.

    python pyro_neurovae/atlases/tables/derive_parcels.py --write     write three files a parcellation
    python pyro_neurovae/atlases/tables/derive_parcels.py --check     exit with status 1 when they differ

*schaefer100*, *schaefer400* (7 networks): labels, and the parcels' names in their order, are read below
``PYRO_NEUROVAE_DATA``. Homologues are parcels that are each the other's nearest once one hemisphere is mirrored (in mm:
the two spheres of fsaverage are no mirror images); the parcellation is not symmetric, so that some parcels have none.

*cortex200*, *cortex400*: patches of about one size that know no anatomy, on which maps of vertices are fitted: Lloyd's
cells of the left cortex on the sphere, each vertex weighed by its area, and from their mirrored middles those of the
right, so that every patch has a homologue. Their lobe is that of most of their vertices.

Positions are as in ``derive.py``. Of the vertices each file NAME_fsaverage5.npz has arrays "left" and "right" (10242,):
number of the vertex's parcel among its hemisphere's, -1 outside the cortex.

References
----------
Schaefer et al. (2018), Cerebral Cortex 28, 3095-3114; Lloyd (1982), IEEE Transactions on Information Theory 28.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from pyro_neurovae.atlases.atlas import PARCELS, dk68_table
from pyro_neurovae.graphs.mesh import boundary_lengths, region_centroids, vertex_areas

sys.path.insert(0, str(Path(__file__).parent))
from derive import FOLDER, SIDES, mesh, vertex_labels
from derive_surface import is_current

# Of each Schaefer parcel's name after the number of networks and the hemisphere.
_NETWORK = 2
# Rounds of Lloyd's algorithm; the cells hardly move after twenty.
_ROUNDS = 40


@dataclass(frozen=True)
class Parcels:
    """One hemisphere of a parcellation: names in order, their lobes or networks, and each vertex's number or -1."""

    names: list[str]
    groups: list[str]
    labels: np.ndarray


def schaefer(parcels: int) -> dict[str, Parcels]:
    """Hemispheres of a Schaefer parcellation."""
    folder = Path(os.environ["PYRO_NEUROVAE_DATA"]) / "scales"
    names = pd.read_csv(folder / f"ahba_schaefer{parcels}_stable0.6.csv.gz", usecols=[0]).iloc[:parcels, 0].tolist()
    number = np.loadtxt(folder / f"schaefer{parcels}_fsaverage5_labels.csv", dtype=int)
    found, half = {}, parcels // 2
    for place, (side, labels) in enumerate(zip(SIDES, np.split(number, 2), strict=True)):
        own = names[place * half : (place + 1) * half]
        networks = [name.split("_")[_NETWORK] for name in own]
        found[side] = Parcels(own, networks, np.where(labels > 0, labels - 1 - place * half, -1))
    return found


def cortex(patches: int) -> dict[str, Parcels]:
    """Hemispheres cut into patches of about one size, in the same order left and right."""
    half, labels = patches // 2, {}
    labels["L"] = _lloyd("L", _far_apart("L", half))
    mirrored = _middles("L", labels["L"], half) * [-1, 1, 1]
    labels["R"] = _lloyd("R", _on_sphere("R")[_nearest(mirrored, _middle_surface("R"), _cortical("R"))])
    lobes = dk68_table()["lobe"].to_numpy()[: len(dk68_table()) // 2]
    found = {}
    for side, own in labels.items():
        region = vertex_labels(side)
        groups = [pd.Series(lobes[region[own == patch]]).mode()[0] for patch in range(half)]
        found[side] = Parcels([f"{side}_p{patch + 1:03d}" for patch in range(half)], groups, own)
    return found


def _lloyd(side: str, centres: np.ndarray) -> np.ndarray:
    """Cell of each vertex, -1 outside the cortex, from the first centres (cell, 3) on the unit sphere."""
    sphere, inside = _on_sphere(side), _cortical(side)
    weighed = sphere * vertex_areas(_middle_surface(side), mesh(side, "pial")[1])[:, None]
    for _ in range(_ROUNDS):
        cell = (sphere[inside] @ centres.T).argmax(1)
        sums = np.stack([np.bincount(cell, axis, len(centres)) for axis in weighed[inside].T], 1)
        centres = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    labels = np.full(len(sphere), -1)
    labels[inside] = (sphere[inside] @ centres.T).argmax(1)
    return labels


def _far_apart(side: str, number: int) -> np.ndarray:
    """Positions on the unit sphere, each the cortical vertex farthest from those before; (number, 3)."""
    sphere = _on_sphere(side)[_cortical(side)]
    chosen, nearest = [0], sphere @ sphere[0]
    while len(chosen) < number:
        chosen.append(int(nearest.argmin()))
        nearest = np.maximum(nearest, sphere @ sphere[chosen[-1]])
    return sphere[chosen]


def _middles(side: str, labels: np.ndarray, count: int) -> np.ndarray:
    return region_centroids(labels, _middle_surface(side), count)


def _nearest(points: np.ndarray, surface: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Vertex, of those allowed, nearest to each point."""
    distance = np.linalg.norm(points[:, None] - surface[allowed], axis=-1)
    return np.flatnonzero(allowed)[distance.argmin(1)]


@cache
def _cortical(side: str) -> np.ndarray:
    return vertex_labels(side) >= 0


@cache
def _on_sphere(side: str) -> np.ndarray:
    sphere = mesh(side, "sphere")[0]
    return np.asarray(sphere / np.linalg.norm(sphere, axis=1, keepdims=True))


@cache
def _middle_surface(side: str) -> np.ndarray:
    return np.asarray((mesh(side, "pial")[0] + mesh(side, "white")[0]) / 2)


def tables(found: dict[str, Parcels], group: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Table of parcels without their homologues, and table of edges within hemispheres."""
    rows, edges = [], []
    for side, own in found.items():
        count, pial, sphere = len(own.names), mesh(side, "pial")[0], _on_sphere(side)
        centroids = region_centroids(own.labels, pial, count)
        lengths = boundary_lengths(own.labels, mesh(side, "pial")[1], _middle_surface(side), count)
        for i, (name, word) in enumerate(zip(own.names, own.groups, strict=True)):
            nearest = _nearest(centroids[i : i + 1], pial, own.labels == i)[0]
            rows.append((name, side, word, *pial[nearest].round(2), *sphere[nearest].round(5)))
        edges += [
            (own.names[i], own.names[j], round(float(lengths[i, j]), 2)) for i, j in np.argwhere(np.triu(lengths) > 0)
        ]
    columns = ["region", "hemisphere", group, "x", "y", "z", "sphere_x", "sphere_y", "sphere_z"]
    return pd.DataFrame(rows, columns=columns), pd.DataFrame(edges, columns=["first", "second", "boundary_mm"])


def nearest_homologues(regions: pd.DataFrame) -> list[str]:
    """Name of each parcel's homologue, "" where it has none."""
    position = regions[["x", "y", "z"]].to_numpy()
    left, right = (np.flatnonzero(regions["hemisphere"] == side) for side in SIDES)
    distance = np.linalg.norm(position[left][:, None] - position[right] * [-1, 1, 1], axis=-1)
    there, back = distance.argmin(1), distance.argmin(0)
    found = [""] * len(regions)
    for i, j in enumerate(there):
        if back[j] == i:
            found[left[i]], found[right[j]] = regions["region"][right[j]], regions["region"][left[i]]
    return found


def derive(name: str) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, np.ndarray]]:
    """Derive a parcellation's table of parcels, its table of edges and its labels."""
    symmetric = name.startswith("cortex")
    build = cortex if symmetric else schaefer
    found = build(int(name.removeprefix("cortex").removeprefix("schaefer")))
    regions, edges = tables(found, "lobe" if symmetric else "network")
    across = found["R"].names + found["L"].names if symmetric else nearest_homologues(regions)
    labels = {SIDES[side]: own.labels.astype(np.int16) for side, own in found.items()}
    return regions.assign(homologue=across), edges, labels


def main() -> int:
    """Write or check the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", action="store_true")
    action.add_argument("--check", action="store_true")
    write, changed = parser.parse_args().write, []
    for name in PARCELS:
        *both, labels = derive(name)
        for kind, table in zip(("regions", "edges"), both, strict=True):
            path = FOLDER / f"{name}_{kind}.csv"
            if write:
                table.to_csv(path, index=False)
            elif not path.is_file() or path.read_text(encoding="utf-8") != table.to_csv(index=False):
                changed.append(path.name)
        path = FOLDER / f"{name}_fsaverage5.npz"
        if write:
            np.savez_compressed(path, **labels)
        elif not is_current(path, labels):
            changed.append(path.name)
    if changed:
        print(f"{', '.join(changed)}: differs from what the labels give", file=sys.stderr)
    return bool(changed)


if __name__ == "__main__":
    raise SystemExit(main())
