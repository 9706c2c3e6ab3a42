"""What makes a study one that can be fitted: shapes, names, finite numbers, enough regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import InputError
from ..graphs.parts import Part, misfit
from ..readers.magnitudes import check_magnitude, constant
from ..wording import first_names

__all__ = ["MINIMUM_REGIONS", "check_correlation", "check_parts"]

MINIMUM_REGIONS = 10
SYMMETRY = 1e-8
# How far a diagonal may be from 1, as tables are written; and the least eigenvalue of what can be inverted.
UNIT, LEAST = 1e-6, 1e-8


def check_parts(parts: Mapping[str, Part]) -> None:
    """Raise InputError for the first thing that keeps what a study holds from being fitted.

    Parameters
    ----------
    parts
        The study's parts, as `graphs.parts.parts_of` gives them.
    """
    held: dict[str, Any] = {name: part.value for name, part in parts.items()}
    genes, maps, regions = held["genes"], held["maps"], held["graph.names"]
    _check_names("gene", genes)
    _check_names("map", maps)
    places = held.get("places.graph.names", ())
    _check_shapes(parts, {"map": len(maps), "region": len(regions), "gene": len(genes), "place": len(places)})
    if held["normalise"] not in ("gene", "region", "none"):
        raise InputError(f"unknown normalise {held['normalise']!r}: the known ones are gene, region, none.")
    _check_weights(held.get("gene_weights"), genes)
    given, names = (held["places.expression"], places) if places else (held["expression"], regions)
    _check_expression(given, names, genes, per_region=held["normalise"] == "region")
    if "structure" in held:
        check_correlation(held["structure"], regions, "structure")
    measured = ~np.isnan(held["expression"]).any(axis=1)
    for position, name in enumerate(maps):
        value, error = held["thinning"][position], held["standard_error"][position]
        _check_map(name, value, error, regions=regions, measured=measured)
        observed = ~np.isnan(value)
        if "spread_share" in held:
            _check_share(name, held["spread_share"][position], regions=regions, observed=observed)
        if "covariance" in held:
            _check_covariance(held["covariance"][position][np.ix_(observed, observed)], name)


def check_correlation(matrix: np.ndarray, regions: Sequence[str], what: str) -> None:
    """Raise InputError unless a matrix (region, region) is a correlation that can be inverted.

    Parameters
    ----------
    matrix, regions
        The matrix, and the names of its rows and columns.
    what
        What it is, as the sentence begins.
    """
    remedy = "give a table of correlations between regions, labelled on both sides."
    lacking = ~np.isfinite(matrix)
    if lacking.any():
        whole = lacking.all(0) | lacking.all(1)
        named = [name for name, missing in zip(regions, whole, strict=True) if missing]
        pair = " and ".join(regions[place] for place in np.argwhere(lacking)[0])
        raise InputError(f"{what}: no finite value for {first_names(named) if named else pair}; {remedy}")
    off = np.abs(np.diag(matrix) - 1)
    if off.max() > UNIT:
        row = int(np.argmax(off))
        raise InputError(f"{what}: {regions[row]} has the correlation {matrix[row, row]:.4g} with itself; {remedy}")
    uneven = np.abs(matrix - matrix.T)
    if uneven.max() > SYMMETRY:
        first, second = np.argwhere(uneven == uneven.max())[0]
        raise InputError(
            f"{what} is not symmetric: {regions[first]} to {regions[second]} is {matrix[first, second]:.4g} and back "
            f"{matrix[second, first]:.4g}; {remedy}"
        )
    values, vectors = np.linalg.eigh(matrix)
    if values[0] < LEAST:
        most = sorted(np.argsort(-np.abs(vectors[:, 0]))[:3])
        raise InputError(
            f"{what} is not positive definite (least eigenvalue {values[0]:.2g}, most of it in "
            f"{', '.join(regions[place] for place in most)}); shrink the correlations towards 0."
        )


def _check_shapes(parts: Mapping[str, Part], sizes: Mapping[str, int]) -> None:
    fault = misfit(parts, sizes)
    if fault is not None:
        name, shape, expected = fault
        raise InputError(
            f"{name} has shape {shape} where {sizes['map']} maps, {sizes['region']} regions and {sizes['gene']} genes "
            f"ask for {expected}; give arrays in the order of the graph's regions."
        )


def _check_names(kind: str, names: Sequence[str]) -> None:
    if not names:
        raise InputError(f"the study has no {kind}; give at least one.")
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise InputError(f"two {kind}s are called {first_names(twice)}; rename or drop one of them.")


def _check_weights(weights: np.ndarray | None, genes: Sequence[str]) -> None:
    if weights is not None and not (weights > 0).all():
        gene = genes[int(np.argmin(weights > 0))]
        raise InputError(f"gene {gene}: its weight is not above 0; drop the gene, or give it a weight.")


def _check_expression(
    expression: np.ndarray, regions: Sequence[str], genes: Sequence[str], *, per_region: bool
) -> None:
    missing = np.isnan(expression)
    partly = missing.any(axis=1) & ~missing.all(axis=1)
    if np.isinf(expression).any():
        row, gene = np.argwhere(np.isinf(expression))[0]
        raise InputError(f"expression of {genes[gene]} in {regions[row]} is infinite; correct or drop it.")
    if partly.any():
        row = int(np.argmax(partly))
        raise InputError(
            f"expression of {genes[int(np.argmax(missing[row]))]} is missing in {regions[row]}, "
            "where other genes are measured; drop the gene, or make the whole region missing."
        )
    values = expression[~missing.any(axis=1)]
    if len(values) > 1 and constant(values).any():
        named = first_names([gene for gene, same in zip(genes, constant(values), strict=True) if same])
        raise InputError(f"expression does not vary over the regions for {named}; drop what is constant.")
    if per_region and len(values) and constant(values.T).any():
        region = np.array(regions, dtype=object)[~missing.any(axis=1)][int(np.argmax(constant(values.T)))]
        raise InputError(
            f"expression does not vary over the genes in {region}, so it can't be normalised per region; make the "
            'region missing if it was not measured, or use normalise="gene".'
        )


def _check_map(
    name: str, value: np.ndarray, error: np.ndarray, *, regions: Sequence[str], measured: np.ndarray
) -> None:
    observed = ~np.isnan(value)
    both = int((observed & measured).sum())
    for quantity, array in (("thinning", value), ("standard error", error)):
        if np.isinf(array).any():
            region = regions[int(np.argmax(np.isinf(array)))]
            raise InputError(f"map {name}, region {region}: {quantity} is infinite; correct it or make it missing.")
        remedy = "make it missing, or give the map in another unit"
        check_magnitude(array, labels=regions, source=f"map {name}", what=quantity, remedy=remedy)
    if both < MINIMUM_REGIONS:
        found = "no region" if not both else f"{both} region{'s' if both > 1 else ''}"
        raise InputError(
            f"map {name}: {found} with both expression and thinning ({int(measured.sum())} with expression, "
            f"{int(observed.sum())} with thinning), at least {MINIMUM_REGIONS} are needed; "
            "check that both tables name the same regions and hemispheres."
        )
    if constant(value[observed]):
        raise InputError(
            f"map {name}: thinning is {value[observed][0]:g} in every region, up to rounding; "
            "check that the column holds the effect (--value-column)."
        )
    _check_error(regions, name, observed, error)


def _check_error(regions: Sequence[str], name: str, observed: np.ndarray, error: np.ndarray) -> None:
    seen = np.where(observed, error, 0.0)
    if np.isnan(seen).any():
        empty = [region for region, lacks in zip(regions, np.isnan(seen), strict=True) if lacks]
        raise InputError(
            f"map {name}: no standard error for {first_names(empty, limit=20)}; "
            "fill them in, or give 0 for the whole map to estimate the noise."
        )
    useless = observed & ~(error > 0)
    if useless.any() and seen.any():
        row = int(np.argmax(useless))
        raise InputError(
            f"map {name}, region {regions[row]}: standard error {error[row]:g} is not above 0; "
            "correct it, or give 0 for the whole map to estimate the noise."
        )


def _check_share(name: str, share: np.ndarray, *, regions: Sequence[str], observed: np.ndarray) -> None:
    wrong = observed & ~((share >= 0) & (share <= 1))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise InputError(
            f"map {name}, region {regions[row]}: spread_share {share[row]:g} is no share of an error; give 0 to 1."
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
