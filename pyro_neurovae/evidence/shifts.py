"""How far a variant's results lie from a fit's: shifts, widths and verdicts that flip, region by region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..posterior.fits import Fit
from ..posterior.intervals import summary_columns
from .runs import Arrays

__all__ = ["QUANTITIES", "Outcome", "outcome_arrays", "shift_tables"]

# What is compared, where a model has it.
QUANTITIES = ("thinning", "gene_weight")

_MOST_AFFECTED = 10


@dataclass(frozen=True)
class Outcome:
    """What one variant came to.

    Attributes
    ----------
    name, kind, how, k
        As the table of variants has them; see `Sensitivity`.
    arrays
        As `outcome_arrays` gives them, and ``seconds``.
    genes
        Genes that it weighs.
    """

    name: str
    kind: str
    how: str
    k: float
    arrays: Arrays
    genes: tuple[str, ...]


def outcome_arrays(draws: Arrays) -> Arrays:
    """``thinning.mean``, ``.sd``, ``.lower90`` and ``.upper90`` (map, region), and the same of gene weights.

    Parameters
    ----------
    draws
        Draws of the `QUANTITIES` there are; each (draw, map, ...).
    """
    return {f"{name}.{key}": value for name, values in draws.items() for key, value in summary_columns(values).items()}


def shift_tables(fit: Fit, outcomes: Sequence[Outcome]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Tables of variants, regions and genes; see `Sensitivity`."""
    posterior = fit.posterior
    reference = outcome_arrays({name: posterior.draws(name) for name in QUANTITIES if posterior.has(name)})
    variants, regions, genes = [], [], []
    for one in outcomes:
        for m, name in enumerate(fit.study.maps):
            about = {"map": name, "variant": one.name}
            table = _region_shifts(fit, one, reference, m)
            regions.append(table.assign(**about))
            row = {**about, "kind": one.kind, "how": one.how, "k": one.k}
            row |= {"largest_shift": table["shift"].abs().max(), "median_shift": table["shift"].abs().median()}
            flips = int((table["flips_excludes_zero"] | table["flips_most_affected"]).sum())
            row |= {"flips": flips, "gene_flips": 0, "seconds": float(one.arrays["seconds"])}
            if "gene_weight.mean" in reference:
                weights = _gene_shifts(fit, one, reference, m)
                genes.append(weights.assign(**about))
                row["gene_flips"] = int(weights["flips_excludes_zero"].sum())
            variants.append(row)
    return pd.DataFrame(variants), _whole(regions), _whole(genes)


def _region_shifts(fit: Fit, one: Outcome, reference: Arrays, m: int) -> pd.DataFrame:
    table = _moved(one.arrays, reference, "thinning", m, np.arange(fit.study.n_regions))
    table.insert(0, "region", fit.study.regions)
    low = table["mean"].rank(method="first") <= _MOST_AFFECTED
    before = pd.Series(reference["thinning.mean"][m]).rank(method="first") <= _MOST_AFFECTED
    return table.assign(most_affected=low, flips_most_affected=low != before)


def _gene_shifts(fit: Fit, one: Outcome, reference: Arrays, m: int) -> pd.DataFrame:
    place = {gene: j for j, gene in enumerate(fit.study.genes)}
    table = _moved(one.arrays, reference, "gene_weight", m, np.array([place[gene] for gene in one.genes]))
    table.insert(0, "gene", one.genes)
    return table


def _moved(arrays: Arrays, reference: Arrays, name: str, m: int, rows: np.ndarray) -> pd.DataFrame:
    """Rows of a variant beside the fit; ``rows`` are the fit's numbers of what the variant has."""
    new = {key: arrays[f"{name}.{key}"][m] for key in ("mean", "lower90", "upper90")}
    old = {key: reference[f"{name}.{key}"][m][rows] for key in ("mean", "sd", "lower90", "upper90")}
    excludes = [(one["lower90"] > 0) | (one["upper90"] < 0) for one in (new, old)]
    return pd.DataFrame(
        new
        | {"shift": (new["mean"] - old["mean"]) / old["sd"]}
        | {"width": (new["upper90"] - new["lower90"]) / (old["upper90"] - old["lower90"])}
        | {"excludes_zero": excludes[0], "flips_excludes_zero": excludes[0] != excludes[1]}
    )


def _whole(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """All rows, the columns map and variant first."""
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=["map", "variant", "gene"])
    first = ["map", "variant"]
    return table[first + [column for column in table.columns if column not in first]]
