"""The README's picture: Parkinson's disease (ENIGMA) on the cortex with its uncertainty, and held-out predictions.

    python tests/benchmarks/picture.py --out notebooks/enigma_pd.png

Reads the public data from the folder that PYRO_NEUROVAE_DATA names, or fetches it.
"""

from __future__ import annotations

import argparse

from matplotlib.figure import Figure

import pyro_neurovae as nv


def main() -> None:
    """Fit, hold regions out, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default="enigma_pd.png")
    given = parser.parse_args()
    study = nv.Study.from_files(nv.datasets.fetch("ahba_dk68_stable0.6"), nv.datasets.fetch("enigma_pd"))
    fit = nv.fit(study, seed=0)
    validation = nv.validate(study, ["cross-scale"], folds="pairs")
    figure = Figure(figsize=(10, 9.4), layout="constrained")
    top, middle, bottom = figure.subfigures(3, 1, height_ratios=(1, 1, 1.5))
    nv.plots.surface(fit, "mean", layout="row", unit="Cohen's d", figure=top)
    nv.plots.surface(fit, "interval_width", layout="row", unit="Cohen's d", figure=middle)
    nv.plots.observed_predicted(fit, validation, unit="Cohen's d", figure=bottom)
    figure.savefig(given.out, dpi=110)


if __name__ == "__main__":
    main()
