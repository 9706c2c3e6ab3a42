"""The API reference, built from the docstrings by pdoc, in ten seconds.

python tests/benchmarks/api_reference.py --out api
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pdoc

import pyro_neurovae
from pyro_neurovae import models

ROOMS = (
    *("atlases", "readers", "graphs", "studies", "cohort", "expression", "datasets", "posterior", "evidence"),
    *("interpretation", "plots", "page", "models", "inference"),
)


def main() -> None:
    """Write a page for the package, one for each room and one for each of its modules."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    for package in (pyro_neurovae, models):  # pdoc sees what is there already, not what would come when asked for
        for name in package.__all__:
            getattr(package, name)
    pdoc.render.configure(docformat="numpy", math=True)
    pdoc.pdoc("pyro_neurovae", *(f"pyro_neurovae.{room}" for room in ROOMS), output_directory=parser.parse_args().out)


if __name__ == "__main__":
    main()
