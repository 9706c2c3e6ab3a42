"""The README's picture: a disease's map on the cortex with its uncertainty, and held-out predictions.

    python tests/benchmarks/picture.py --map adni1_ad --out notebooks/adni1_ad.png

Reads the public data from the folder that PYRO_NEUROVAE_DATA names, or fetches it; adni1_ad is built in.
"""

from __future__ import annotations

import argparse

from matplotlib.figure import Figure

import pyro_neurovae as nv


def main() -> None:
    """Fit, hold regions out, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--map", default="adni1_ad", help="name of a map among nv.datasets.names()")
    parser.add_argument("--out", help="MAP.png if not given")
    given = parser.parse_args()
    study = nv.Study.from_files(nv.datasets.fetch("ahba_dk68_stable0.6"), nv.datasets.fetch(given.map))
    fit = nv.fit(study, seed=0)
    validation = nv.validate(study, ["cross-scale"], folds="pairs")
    draw(fit, validation, nv.datasets.find(given.map).unit).savefig(given.out or f"{given.map}.png", dpi=110)


def draw(fit: nv.Fit, validation: nv.Validation, unit: str) -> Figure:
    """Posterior means of the effect, widths of their intervals, and observed against predicted values."""
    figure = Figure(figsize=(10, 9.4), layout="constrained")
    top, middle, bottom = figure.subfigures(3, 1, height_ratios=(1, 1, 1.5))
    nv.plots.surface(fit, "mean", layout="row", unit=unit, figure=top)
    nv.plots.surface(fit, "interval_width", layout="row", unit=unit, figure=middle)
    nv.plots.observed_predicted(fit, validation, unit=unit, figure=bottom)
    return figure


if __name__ == "__main__":
    main()
