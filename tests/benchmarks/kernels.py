"""What of the expression predicts held-out thinning: kernels tried on an exact Gaussian process, in seconds each.

    python tests/benchmarks/kernels.py [NAME ...]

y ~ N(0, level^2 11' + c^2 K + V + sigma^2 I), its scales integrated out on a grid under the priors of `cross-scale`,
on the maps and folds of `compare.py`. `cross-scale` was steered by it before a change was tried there: mean R2, log
density of a region and coverage over ten rows of map and folds, and the log density of each row. Reads the folder that
PYRO_NEUROVAE_DATA names, ../shared/data by default.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from itertools import product

import numpy as np
import torch
from compare import DATA, MAPS, SCHEMES, SEEDS, read_folds
from scipy.stats import norm, rankdata

import pyro_neurovae as nv
from pyro_neurovae.models.observations import units

RATE = -np.log(0.1)  # of P(scale > the map's sd) = 0.1
GRID = torch.tensor(list(product(np.geomspace(0.05, 2.5, 9), np.geomspace(0.03, 2.0, 9))), dtype=torch.float64)


def profiles(study: nv.Study, kind: str = "region", sharing: float = 0.0) -> np.ndarray:
    """Centred expression, missing regions as their homologues, each moved towards its pair's mean; (region, gene)."""
    values, measured = study.expression.copy(), study.expression_observed
    if kind != "none":
        axis = 0 if kind == "gene" else 1
        values = (values - np.nanmean(values, axis, keepdims=True)) / np.nanstd(values, axis, keepdims=True)
    values = np.where(measured[:, None], values - values[measured].mean(0), 0.0)
    values[~measured] = values[study.graph.homologue[~measured]]
    return values + sharing * (values[study.graph.homologue] - values) / 2


def linear(values: np.ndarray) -> np.ndarray:
    """X X' scaled to a mean variance of one; (region, region)."""
    kernel = values @ values.T
    return kernel / np.diagonal(kernel).mean()


def spectral(kernel: np.ndarray, change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Change a kernel's eigenvalues (ascending), and scale it to a mean variance of one."""
    values, vectors = np.linalg.eigh(kernel)
    changed = (vectors * change(values.clip(min=0))) @ vectors.T
    return changed / np.diagonal(changed).mean()


def radial(kernel: np.ndarray) -> np.ndarray:
    """Squared exponential of the distances of a linear kernel, its length their median."""
    size = np.diagonal(kernel)
    distance = size[:, None] + size - 2 * kernel
    return np.exp(-distance / (2 * np.median(distance[~np.eye(len(size), dtype=bool)])))


def normal_scores(study: nv.Study) -> np.ndarray:
    """Expression with each region's genes replaced by their normal scores, centred; (region, gene)."""
    values, measured = study.expression, study.expression_observed
    scores = norm.ppf((rankdata(np.nan_to_num(values), axis=1) - 0.5) / values.shape[1])
    centred = np.where(measured[:, None], scores - scores[measured].mean(0), 0.0)
    centred[~measured] = centred[study.graph.homologue[~measured]]
    return centred


def kernels(study: nv.Study) -> dict[str, np.ndarray]:
    """Everything that was tried, by name."""
    whole, shared = linear(profiles(study)), linear(profiles(study, sharing=1.0))
    tried = {f"per {kind}": linear(profiles(study, kind)) for kind in ("gene", "none", "region")}
    tried |= {f"homologue sharing {h}": linear(profiles(study, sharing=h)) for h in (0.25, 0.5, 0.75, 1.0)}
    tried |= {f"eigenvalues to the power {p}": spectral(whole, lambda v, p=p: v**p) for p in (0.7, 1.5)}
    tried |= {f"sharing 1, power {p}": spectral(shared, lambda v, p=p: v**p) for p in (0.7, 1.5)}
    tried |= {f"rank {r}": spectral(whole, lambda v, r=r: v * (np.arange(len(v)) >= len(v) - r)) for r in (8, 12, 16)}
    tried |= {"RBF": radial(whole), "RBF, sharing 1": radial(shared)}
    tried["normal scores per region"] = linear(normal_scores(study))
    unit_rows = profiles(study)
    tried["unit rows"] = linear(unit_rows / np.linalg.norm(unit_rows, axis=1, keepdims=True))
    return tried


def held_out(study: nv.Study, kernel: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Mean, log density and distribution function of every region from the folds it is not in; (region, 3)."""
    y, k = torch.tensor(study.thinning[0]), torch.tensor(kernel)
    error, found = torch.tensor(study.standard_error[0] ** 2), np.zeros((len(y), 3))
    for number in np.unique(fold):
        out = torch.tensor(fold == number)
        seen = ~out
        unit, level = (one.item() for one in units(y[None, None], seen[None, None]))
        scale, sigma = (unit * GRID).T
        noise = sigma[:, None].square() + error
        total = scale[:, None, None].square() * k + level**2
        root = torch.linalg.cholesky(total[:, seen][:, :, seen] + torch.diag_embed(noise[:, seen]))
        solved = torch.cholesky_solve(y[seen][:, None].expand(len(GRID), -1, 1), root)[..., 0]
        evidence = -0.5 * solved @ y[seen] - root.diagonal(dim1=1, dim2=2).log().sum(1)
        weight = (evidence + (GRID.log() - RATE * GRID).sum(1)).softmax(0)[:, None]
        cross = total[:, out][:, :, seen]
        mean = (cross @ solved[..., None])[..., 0]
        white = torch.linalg.solve_triangular(root, cross.mT, upper=False)
        variance = total[:, out][:, :, out].diagonal(dim1=1, dim2=2) - white.square().sum(1) + noise[:, out]
        density = torch.distributions.Normal(mean, variance.sqrt())
        below = (weight * density.cdf(y[out])).sum(0)
        log_density = (density.log_prob(y[out]) + weight.log()).logsumexp(0)
        found[out] = torch.stack([(weight * mean).sum(0), log_density, below], 1).numpy()
    return found


def main(names: list[str]) -> None:
    """Print a row for every kernel asked for."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    panel = DATA / "expression/ahba_dk68_stable0.6.csv.gz"
    studies = [nv.Study.from_files(panel, [DATA / "thickness" / file]) for file in MAPS.values()]
    print(
        "| kernel | mean R2 | mean log density | coverage |", " | ".join(f"{m} {s}" for m in MAPS for s in SCHEMES), "|"
    )
    print("|---|---|---|---|" + "---|" * (len(MAPS) * len(SCHEMES)), flush=True)
    for name, kernel in kernels(studies[0]).items():
        if names and name not in names:
            continue
        rows = []
        for study, scheme in product(studies, SCHEMES):
            found = [held_out(study, kernel, read_folds(study, scheme, seed)) for seed in SEEDS]
            y = study.thinning[0]
            r2 = [1 - ((y - one[:, 0]) ** 2).sum() / ((y - y.mean()) ** 2).sum() for one in found]
            held = [((one[:, 2] > 0.05) & (one[:, 2] < 0.95)).mean() for one in found]
            rows.append((np.mean(r2), np.mean([one[:, 1].mean() for one in found]), np.mean(held)))
        mean = np.mean(rows, axis=0)
        cells = " | ".join(f"{row[1]:.3f}" for row in rows)
        print(f"| {name} | {mean[0]:.3f} | {mean[1]:.3f} | {mean[2]:.2f} | {cells} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
