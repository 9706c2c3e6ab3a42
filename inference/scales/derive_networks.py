"""Train the networks that ship with the package.

    python inference/scales/derive_networks.py [--models MODEL ...] [--studies N] [--maps 1500] [--out DIR]

On so many maps of each of so many simulated studies (`pyro_neurovae.simulate` with seeds 0, 1, ...; 50, 200, 900 and
1600 genes in turn; 40 studies for ``cross-scale``, 12 for ``structural``) under the default priors and under wider and
narrower ones; no measured map is used. Takes a quarter of an hour of one processor.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from torch import Tensor

import pyro_neurovae as nv
from pyro_neurovae.inference.amortised import readings_of, wider_and_narrower
from pyro_neurovae.inference.scales.amortisation import train_network
from pyro_neurovae.inference.scales.network import MapReading
from pyro_neurovae.inference.scales.network_file import SHIPPED, network_bytes
from pyro_neurovae.inference.switches import single_threaded
from pyro_neurovae.models.options import fit_settings
from pyro_neurovae.readers.whole_file import write_whole

GENES = (50, 200, 900, 1600)

# Studies that each model's network learns from.
MODELS = {"cross-scale": 40, "structural": 12}


def derive(model: str, studies: int, maps: int) -> bytes:
    """Content of the file of one model's network."""
    settings = wider_and_narrower(fit_settings(model))
    found: list[tuple[tuple[str, ...], MapReading, Tensor]] = []
    for seed in range(studies):
        study = nv.simulate(seed, genes=GENES[seed % len(GENES)])
        with single_threaded(study.n_regions):
            found += readings_of(study, settings, seed, maps)
        print(f"{model}: {seed + 1} of {studies} studies read", flush=True)
    (names, *_), readings, scores = zip(*found, strict=True)
    return network_bytes(train_network(readings, scores, 0), names)


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=list(MODELS))
    parser.add_argument("--studies", type=int, help="of each model; by default as many as the shipped ones have")
    parser.add_argument("--maps", type=int, default=1500)
    parser.add_argument("--out", type=Path, default=SHIPPED)
    given = parser.parse_args()
    for model in given.models:
        write_whole(given.out / f"{model}.safetensors", derive(model, given.studies or MODELS[model], given.maps))


if __name__ == "__main__":
    main()
