"""How gene weights move when a donor of the expression is left out."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..errors import InputError
from ..evidence.runs import Job, run_jobs
from ..evidence.sensitivities import refit
from ..models.families import families_that

if TYPE_CHECKING:
    from ..expression import DonorExpression
    from ..posterior.fits import Fit
    from ..studies.study import Study

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
    _check(fit, donors)
    jobs = [
        Job((_without(fit.study, donors, place), fit.settings, None), f"variant {f'without donor {name}'!r}")
        for place, name in enumerate(donors.donors)
    ]
    found = np.stack([one["gene_weight.mean"].ravel() for one in run_jobs(refit, jobs)])
    table = fit.genes()[["map", "gene", "weight"]]
    # The table has its own order, the strongest gene first.
    order = {key: row for row, key in enumerate(itertools.product(fit.study.maps, fit.study.genes))}
    weights = found[:, [order[key] for key in zip(table["map"], table["gene"], strict=True)]]  # (donor, map and gene)
    spread = np.sqrt((len(weights) - 1) / len(weights) * ((weights - weights.mean(0)) ** 2).sum(0))
    return table.assign(
        mean=weights.mean(0),
        sd=weights.std(0, ddof=1),
        lowest=weights.min(0),
        highest=weights.max(0),
        same_sign=(np.sign(weights) == np.sign(table["weight"].to_numpy())).mean(0),
        jackknife_se=spread,
    )


def _check(fit: Fit, donors: DonorExpression) -> None:
    if not fit.posterior.has_genes:
        models = families_that(linear=True, genes=True)
        raise InputError(f"the model {fit.settings.model} weighs no genes; fit {models}.")
    if len(donors.donors) < 2:
        raise InputError("one donor can't be left out of one; give donors apart.")
    study = fit.study
    for kind, own, given in (("gene", study.genes, donors.genes), ("region", study.measured_in.names, donors.regions)):
        lacking = [name for name in own if name not in set(given)]
        if lacking:
            raise InputError(f"the donors' expression has no {kind} {lacking[0]} ({len(lacking)} are missing); add it.")


def _without(study: Study, donors: DonorExpression, left_out: int) -> Study:
    """Study with the mean expression of the other donors."""
    rows = [donors.regions.index(name) for name in study.measured_in.names]
    columns = [donors.genes.index(name) for name in study.genes]
    others = np.delete(donors.values[:, rows][:, :, columns], left_out, axis=0)  # (donor, region, gene)
    seen = ~np.isnan(others)
    count = seen.sum(0)
    mean = np.where(count > 0, np.where(seen, others, 0).sum(0) / np.maximum(count, 1), np.nan)
    return study.with_expression(mean)
