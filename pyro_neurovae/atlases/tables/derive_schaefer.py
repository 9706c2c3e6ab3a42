"""Derive the tables of the Schaefer parcellations (100 and 400 parcels, 7 networks) from labels on fsaverage5.

    python pyro_neurovae/atlases/tables/derive_schaefer.py --write     write the four tables
    python pyro_neurovae/atlases/tables/derive_schaefer.py --check     exit with status 1 when they differ

The labels, and the parcels' names in their order, are read below ``PYRO_NEUROVAE_DATA``. Positions are as in
``derive.py``. Homologues are parcels that are each the other's nearest once one hemisphere is mirrored (in mm: the two
spheres of fsaverage are no mirror images); the parcellation is not symmetric, so that some parcels have none.

References
----------
Schaefer et al. (2018), Cerebral Cortex 28, 3095-3114.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from pyro_neurovae.atlases.atlas import SCHAEFER
from pyro_neurovae.graphs.mesh import boundary_lengths, region_centroids

sys.path.insert(0, str(Path(__file__).parent))
from derive import FOLDER, SIDES, mesh

# Of each parcel's name after the number of networks and the hemisphere.
_NETWORK = 2


def derive(parcels: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Derive the table of parcels and the table of edges within hemispheres."""
    folder = Path(os.environ["PYRO_NEUROVAE_DATA"]) / "scales"
    names = pd.read_csv(folder / f"ahba_schaefer{parcels}_stable0.6.csv.gz", usecols=[0]).iloc[:parcels, 0]
    number = np.loadtxt(folder / f"schaefer{parcels}_fsaverage5_labels.csv", dtype=int)
    rows, edges, half = [], [], parcels // 2
    for place, (side, labels) in enumerate(zip(SIDES, np.split(number, 2), strict=True)):
        own = np.where(labels > 0, labels - 1 - place * half, -1)
        pial, white, sphere = (mesh(side, kind)[0] for kind in ("pial", "white", "sphere"))
        centroids = region_centroids(own, pial, half)
        lengths = boundary_lengths(own, mesh(side, "pial")[1], (pial + white) / 2, half)
        hemisphere = names.iloc[place * half : (place + 1) * half]
        for i, name in enumerate(hemisphere):
            vertices = np.flatnonzero(own == i)
            nearest = vertices[np.linalg.norm(pial[vertices] - centroids[i], axis=1).argmin()]
            on_sphere = sphere[nearest] / np.linalg.norm(sphere[nearest])
            rows.append((name, side, name.split("_")[_NETWORK], *pial[nearest].round(2), *on_sphere.round(5)))
        edges += [
            (hemisphere.iloc[i], hemisphere.iloc[j], round(float(lengths[i, j]), 2))
            for i, j in np.argwhere(np.triu(lengths) > 0)
        ]
    columns = ["region", "hemisphere", "network", "x", "y", "z", "sphere_x", "sphere_y", "sphere_z"]
    regions = pd.DataFrame(rows, columns=columns)
    return regions.assign(homologue=homologues(regions)), pd.DataFrame(
        edges, columns=["first", "second", "boundary_mm"]
    )


def homologues(regions: pd.DataFrame) -> list[str]:
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


def main() -> int:
    """Write or check the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", action="store_true")
    action.add_argument("--check", action="store_true")
    write, changed = parser.parse_args().write, []
    for parcels in SCHAEFER:
        for kind, table in zip(("regions", "edges"), derive(parcels), strict=True):
            path = FOLDER / f"schaefer{parcels}_{kind}.csv"
            if write:
                table.to_csv(path, index=False)
            elif not path.is_file() or path.read_text(encoding="utf-8") != table.to_csv(index=False):
                changed.append(path.name)
    if changed:
        print(f"{', '.join(changed)}: differs from what the labels give", file=sys.stderr)
    return bool(changed)


if __name__ == "__main__":
    raise SystemExit(main())
