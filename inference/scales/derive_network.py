"""Train the network that ships with the package.

    python inference/scales/derive_network.py [--studies 40] [--maps 1500] [--out FILE]

On so many maps of each of so many simulated studies (`pyro_neurovae.simulate` with seeds 0, 1, ...; 50, 200, 900 and
1600 genes in turn) under the default priors and under wider and narrower ones; no measured map is used. Takes a quarter
of an hour of one processor.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pyro_neurovae as nv
from pyro_neurovae.inference.amortised import readings_of, wider_and_narrower
from pyro_neurovae.inference.scales.amortisation import train_network
from pyro_neurovae.inference.scales.network_file import network_bytes
from pyro_neurovae.inference.switches import single_threaded
from pyro_neurovae.models.options import fit_settings
from pyro_neurovae.readers.whole_file import write_whole

GENES = (50, 200, 900, 1600)
GLOBALS = ("transcriptomic_scale", "spatial_scale", "structural_scale", "unexplained_scale", "homologue_sharing")


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=40)
    parser.add_argument("--maps", type=int, default=1500)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "network.safetensors")
    given = parser.parse_args()
    settings, readings, scores = wider_and_narrower(fit_settings()), [], []
    for seed in range(given.studies):
        study = nv.simulate(seed, genes=GENES[seed % len(GENES)])
        with single_threaded(study.n_regions):
            for _, reading, score in readings_of(study, settings, seed, given.maps):
                readings.append(reading)
                scores.append(score)
        print(f"{seed + 1} of {given.studies} studies read", flush=True)
    write_whole(given.out, network_bytes(train_network(readings, scores, 0), GLOBALS))


if __name__ == "__main__":
    main()
