"""How gene weights move when a donor of the expression is left out."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..errors import InputError
from ..posterior.tables import has_genes

if TYPE_CHECKING:
    from ..expression import DonorExpression
    from ..posterior.fits import Fit

__all__ = ["donor_stability"]


def donor_stability(fit: Fit, donors: DonorExpression) -> pd.DataFrame:
    """Fit again with each donor left out of the expression, and tabulate how the genes' weights move.

    Expression of the Allen atlas is that of six persons: a weight that one of them decides says little of others.

    Parameters
    ----------
    fit
        A fit that weighs genes; its settings and seed are used again.
    donors
        The donors' expression, holding the study's genes and regions.

    Returns
    -------
    DataFrame
        One row a map and gene: ``weight`` of the fit; ``mean``, ``sd``, ``lowest`` and ``highest`` of the weights with
        a donor left out; ``same_sign``, the share of them with the fit's sign (1 is stable); and ``jackknife_se``,
        sqrt((D - 1) / D sum (w_d - mean)^2) over the D donors.

    Raises
    ------
    InputError
        For a fit without genes, fewer than two donors, or a gene or region of the study that the donors lack.
    """
    from ..evidence.sensitivities import refit

    study = fit.study
    if not has_genes(fit.idata):
        raise InputError(f"the model {fit.settings.model} weighs no genes; fit cross-scale or expression.")
    if len(donors.donors) < 2:
        raise InputError("one donor can't be left out of one; give donors apart.")
    for kind, own, given in (("gene", study.genes, donors.genes), ("region", study.regions, donors.regions)):
        lacking = [name for name in own if name not in set(given)]
        if lacking:
            raise InputError(f"the donors' expression has no {kind} {lacking[0]} ({len(lacking)} are missing); add it.")
    rows = [donors.regions.index(name) for name in study.regions]
    columns = [donors.genes.index(name) for name in study.genes]
    values = donors.values[:, rows][:, :, columns]  # (donor, region, gene)
    found = []
    for left_out in range(len(donors.donors)):
        others = np.delete(values, left_out, axis=0)
        seen = ~np.isnan(others)
        count = seen.sum(0)
        mean = np.where(count > 0, np.where(seen, others, 0).sum(0) / np.maximum(count, 1), np.nan)
        other = replace(study, expression=mean, truth=None)
        again = refit(f"without donor {donors.donors[left_out]}", other, fit.settings, None)
        found.append(again["gene_weight.mean"].ravel())
    table = fit.genes()[["map", "gene", "weight"]]
    # The table has its own order, the strongest gene first.
    order = {key: row for row, key in enumerate(itertools.product(study.maps, study.genes))}
    place = [order[key] for key in zip(table["map"], table["gene"], strict=True)]
    weights = np.stack(found)[:, place]  # (donor, map and gene)
    spread = np.sqrt((len(weights) - 1) / len(weights) * ((weights - weights.mean(0)) ** 2).sum(0))
    return table.assign(
        mean=weights.mean(0),
        sd=weights.std(0, ddof=1),
        lowest=weights.min(0),
        highest=weights.max(0),
        same_sign=(np.sign(weights) == np.sign(table["weight"].to_numpy())).mean(0),
        jackknife_se=spread,
    )
