"""How often credible intervals hold what simulated studies were drawn from.

    python tests/benchmarks/coverage.py [studies]

Study and fit i have seed i; 20 studies by default, 500 draws. Studies are drawn at fixed scales and at 14 programs of
falling strength, not from the model's own prior: this is coverage where the truth is one a user may meet.
"""

from __future__ import annotations

import sys

import numpy as np

import pyro_neurovae as nv

LEVELS = (50, 90, 95)


def held(draws: np.ndarray, truth: np.ndarray, percent: int) -> float:
    """Share of the true values (...) that equal-tailed intervals of the draws (draw, ...) hold."""
    lower, upper = np.percentile(draws, [50 - percent / 2, 50 + percent / 2], axis=0)
    return float(((lower <= truth) & (truth <= upper)).mean())


def main(studies: int) -> None:
    """Print the share held, over all studies, of each quantity at each level."""
    shares: dict[str, list[list[float]]] = {"thinning": [], "transcriptomic": [], "gene_weight": []}
    for seed in range(studies):
        study = nv.simulate(seed)
        posterior = nv.fit(study, seed=seed, draws=500).idata["posterior"]
        for name, rows in shares.items():
            draws = posterior[name].values[0, :, 0]
            truth = study.truth[name][0]
            if name == "transcriptomic":  # its level is the intercept's
                draws, truth = draws - draws.mean(-1, keepdims=True), truth - truth.mean()
            rows.append([held(draws, truth, percent) for percent in LEVELS])
    print(f"{studies} studies  " + "".join(f"{percent:>7}%" for percent in LEVELS))
    for name, rows in shares.items():
        print(f"{name:<15}" + "".join(f"{value:8.1%}" for value in np.mean(rows, 0)))
    spread = np.std(shares["thinning"], axis=0, ddof=1) / studies**0.5
    print("thinning, se   " + "".join(f"{value:8.1%}" for value in spread))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
