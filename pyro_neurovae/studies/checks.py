"""What makes a study one that can be fitted: shapes, names, finite numbers, enough regions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InputError
from ..readers.expression_table import constant_genes
from ..wording import first_names

if TYPE_CHECKING:
    from .study import Study

__all__ = ["MINIMUM_REGIONS", "check_study"]

MINIMUM_REGIONS = 10
SYMMETRY = 1e-8


def check_study(study: Study) -> None:
    """Raise InputError for the first thing that keeps the study from being fitted."""
    _check_names("gene", study.genes)
    _check_names("map", study.maps)
    n, g, m = study.n_regions, len(study.genes), len(study.maps)
    shapes = {"expression": (n, g), "thinning": (m, n), "standard_error": (m, n), "covariance": (m, n, n)}
    shapes["gene_weights"] = (g,)
    for name, shape in shapes.items():
        array = getattr(study, name)
        if array is not None and array.shape != shape:
            raise InputError(
                f"{name} has shape {array.shape} where {m} maps, {n} regions and {g} genes ask for {shape}; "
                "give arrays in the order of the graph's regions."
            )
    if study.normalise not in ("gene", "region", "none"):
        raise InputError(f"unknown normalise {study.normalise!r}: the known ones are gene, region, none.")
    if study.gene_weights is not None and not (study.gene_weights > 0).all():
        gene = study.genes[int(np.argmin(study.gene_weights > 0))]
        raise InputError(f"gene {gene}: its weight is not above 0; drop the gene, or give it a weight.")
    _check_expression(study)
    for position, name in enumerate(study.maps):
        _check_map(study, position, name)


def _check_names(kind: str, names: Sequence[str]) -> None:
    if not names:
        raise InputError(f"the study has no {kind}; give at least one.")
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise InputError(f"two {kind}s are called {first_names(twice)}; rename or drop one of them.")


def _check_expression(study: Study) -> None:
    missing = np.isnan(study.expression)
    measured = ~missing.any(axis=1)
    partly = missing.any(axis=1) & ~missing.all(axis=1)
    if np.isinf(study.expression).any():
        row, gene = np.argwhere(np.isinf(study.expression))[0]
        raise InputError(f"expression of {study.genes[gene]} in {study.regions[row]} is infinite; correct or drop it.")
    if partly.any():
        row = int(np.argmax(partly))
        raise InputError(
            f"expression of {study.genes[int(np.argmax(missing[row]))]} is missing in {study.regions[row]}, "
            "where other genes are measured; drop the gene, or make the whole region missing."
        )
    values = study.expression[measured]
    constant = constant_genes(values) if len(values) else np.zeros(len(study.genes), dtype=bool)
    if constant.any() and len(values) > 1:
        named = first_names([gene for gene, same in zip(study.genes, constant, strict=True) if same])
        raise InputError(f"expression does not vary over the regions for {named}; drop what is constant.")
    if study.normalise == "region" and len(values) and constant_genes(values.T).any():
        raise InputError(
            "expression does not vary over the genes of a region, so it can't be normalised per region; "
            'use normalise="gene".'
        )


def _check_map(study: Study, position: int, name: str) -> None:
    value, error = study.thinning[position], study.standard_error[position]
    observed = ~np.isnan(value)
    measured = ~np.isnan(study.expression).any(axis=1)
    both = int((observed & measured).sum())
    for quantity, array in (("thinning", value), ("standard error", error)):
        if np.isinf(array).any():
            region = study.regions[int(np.argmax(np.isinf(array)))]
            raise InputError(f"map {name}, region {region}: {quantity} is infinite; correct it or make it missing.")
    if both < MINIMUM_REGIONS:
        found = "no region" if not both else f"{both} region{'s' if both > 1 else ''}"
        raise InputError(
            f"map {name}: {found} with both expression and thinning ({int(measured.sum())} with expression, "
            f"{int(observed.sum())} with thinning), at least {MINIMUM_REGIONS} are needed; "
            "check that both tables name the same regions and hemispheres."
        )
    if np.ptp(value[observed]) <= 1e-12 * np.abs(value[observed]).max():
        raise InputError(
            f"map {name}: thinning is {value[observed][0]:g} in every region; "
            "check that the column holds the effect (--value-column)."
        )
    _check_error(study.regions, name, observed, error)
    if study.covariance is not None:
        _check_covariance(study.covariance[position][np.ix_(observed, observed)], name)


def _check_error(regions: Sequence[str], name: str, observed: np.ndarray, error: np.ndarray) -> None:
    seen = np.where(observed, error, 0.0)
    if np.isnan(seen).any():
        empty = [region for region, lacks in zip(regions, np.isnan(seen), strict=True) if lacks]
        raise InputError(
            f"map {name}: no standard error for {first_names(empty, limit=len(empty))}; "
            "fill them in, or give 0 for the whole map to estimate the noise."
        )
    useless = observed & ~(error > 0)
    if useless.any() and seen.any():
        row = int(np.argmax(useless))
        raise InputError(
            f"map {name}, region {regions[row]}: standard error {error[row]:g} is not above 0; "
            "correct it, or give 0 for the whole map to estimate the noise."
        )


def _check_covariance(block: np.ndarray, name: str) -> None:
    remedy = "give the sampling covariance of the effects, labelled like the map."
    if not np.isfinite(block).all():
        raise InputError(f"map {name}: covariance has missing or infinite values for observed regions; {remedy}")
    if np.abs(block - block.T).max() > SYMMETRY * np.abs(block).max():
        raise InputError(f"map {name}: covariance is not symmetric; {remedy}")
    lowest, highest = np.linalg.eigvalsh(block)[[0, -1]]
    if lowest < -SYMMETRY * highest or (np.diag(block) < 0).any():
        raise InputError(f"map {name}: covariance has the negative eigenvalue {lowest:.3g}; {remedy}")
