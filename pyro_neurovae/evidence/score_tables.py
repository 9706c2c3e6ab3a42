"""Tables of predictions of held-out regions: every value, scores, differences between models, stacking weights."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..studies.study import Study
from ..studies.summary import noise_ceilings
from .runs import Arrays
from .scores import correlation, coverage, r_squared

__all__ = [
    "PREDICTED",
    "WITHOUT_GENES",
    "difference_table",
    "gain_over",
    "pointwise_table",
    "score_table",
    "weight_table",
]

# What a model says of every held-out value; each (map, region).
PREDICTED = ("mean", "sd", "lower90", "upper90", "log_density", "crps")

# The model that all others are held against where it is there: all that needs no gene.
WITHOUT_GENES = "structural"

_POINT_COLUMNS = ("model", "map", "repeat", "region", "fold", "observed", *PREDICTED)
_SCORE_COLUMNS = (
    *("model", "map", "folds", "repeat"),
    *("elpd", "elpd_se", "r2", "r", "coverage90", "crps", "noise_ceiling"),
)


def pointwise_table(study: Study, way: np.ndarray, found: Arrays, *, model: str, repeat: int) -> pd.DataFrame:
    """One row a map and observed region: what a model predicts under one way of folding; see `Validation`."""
    tables = []
    for m, name in enumerate(study.maps):
        about = {"model": model, "map": name, "repeat": repeat, "region": study.regions, "fold": way}
        values = {"observed": study.thinning[m]} | {column: found[column][m] for column in PREDICTED}
        tables.append(pd.DataFrame(about | values)[study.thinning_observed[m]])
    return pd.concat(tables, ignore_index=True)[list(_POINT_COLUMNS)]


def score_table(study: Study, pointwise: pd.DataFrame, *, folds: str) -> pd.DataFrame:
    """One row a model, map and repeat; see `Validation`."""
    rows, ceilings = [], noise_ceilings(study)
    for (model, repeat, name), own in pointwise.groupby(["model", "repeat", "map"], sort=False):
        observed, mean, density = (own[column].to_numpy() for column in ("observed", "mean", "log_density"))
        rows.append(
            {"model": model, "map": name, "folds": folds, "repeat": repeat}
            | {"elpd": density.mean(), "elpd_se": density.std(ddof=1) / np.sqrt(len(density))}
            | {"r2": r_squared(observed, mean), "r": correlation(observed, mean)}
            | {"coverage90": coverage(observed, own["lower90"].to_numpy(), own["upper90"].to_numpy())}
            | {"crps": own["crps"].mean(), "noise_ceiling": ceilings[str(name)]}
        )
    return pd.DataFrame(rows)[list(_SCORE_COLUMNS)]


def difference_table(study: Study, pointwise: pd.DataFrame) -> pd.DataFrame:
    """One row a map and model: how far it is behind the map's best one; see `Validation`."""
    pair = pd.Series(study.graph.pair, index=study.regions)
    tables = []
    for name in study.maps:
        density = _by_region(pointwise, name)
        best = str(density.mean().idxmax())
        lost, error = _differences(density, best, pair)
        columns = {"map": name, "model": density.columns, "best": best, "elpd_difference": lost, "se": error}
        if WITHOUT_GENES in density:
            gained, error = _differences(density, WITHOUT_GENES, pair)
            columns |= {f"beyond_{WITHOUT_GENES}": gained, f"beyond_{WITHOUT_GENES}_se": error}
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def gain_over(study: Study, pointwise: pd.DataFrame, name: str, other: str) -> pd.DataFrame:
    """How much better than another each other model predicts a map, log density a region: ``gain`` and ``se``."""
    pair = pd.Series(study.graph.pair, index=study.regions)
    density = _by_region(pointwise, name)
    if other not in density:
        return pd.DataFrame({"gain": [], "se": []})
    gain, error = _differences(density, other, pair)
    return pd.DataFrame({"gain": gain, "se": error}, index=density.columns).drop(index=other)


def _differences(density: pd.DataFrame, other: str, pair: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Mean difference of each model's log density from another's, and its standard error over pairs; (model,)."""
    found = density.sub(density[other], axis=0)
    sums = found.sub(found.mean()).groupby(pair.loc[found.index].to_numpy()).sum()
    error = np.sqrt((sums**2).sum() * len(sums) / max(len(sums) - 1, 1)) / len(found)
    return found.mean().to_numpy(), error.to_numpy()


def weight_table(pointwise: pd.DataFrame) -> pd.DataFrame:
    """One row a map and model: its weight when all are stacked; see `Validation`."""
    import torch  # late: takes two seconds to import

    from ..inference.stacking import stacking_weights

    tables = []
    for name in dict.fromkeys(pointwise["map"]):
        density = _by_region(pointwise, name)  # (region, model)
        values = torch.as_tensor(density.to_numpy().T.copy())
        weight = stacking_weights(values, torch.ones(len(density), dtype=torch.bool))
        tables.append(pd.DataFrame({"map": name, "model": list(density.columns), "weight": weight.numpy()}))
    return pd.concat(tables, ignore_index=True)


def _by_region(pointwise: pd.DataFrame, name: str) -> pd.DataFrame:
    """Log density of a map's regions averaged over repeats, a column a model."""
    own = pointwise[pointwise["map"] == name]
    models = list(dict.fromkeys(own["model"]))
    return own.pivot_table("log_density", "region", "model", sort=False)[models]
