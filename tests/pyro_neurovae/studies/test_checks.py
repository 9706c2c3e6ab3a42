"""What keeps a study from being fitted is said with the map, region or gene at fault."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from pyro_neurovae.atlases.atlas import dk68_names
from pyro_neurovae.errors import InputError
from pyro_neurovae.studies.study import Study

DK = dk68_names()


def test_too_few_regions_with_both(expression, thinning, errors):
    with pytest.raises(InputError, match=r"map ad: 9 regions with both expression and thinning .*at least 10"):
        Study.from_frames(expression, thinning.iloc[:9], standard_error=errors)
    Study.from_frames(expression, thinning.iloc[:10], standard_error=errors)
    with pytest.raises(InputError, match="map ad: no region with both expression and thinning"):
        Study.from_frames(expression.iloc[:34], thinning.iloc[34:], standard_error=errors)


def test_constant_thinning(expression, thinning, errors):
    with pytest.raises(
        InputError, match=r"map ad: the effect is 0\.3 in every region, up to rounding; .*--value-column"
    ):
        Study.from_frames(expression, thinning * 0 + 0.3, standard_error=errors)


@pytest.mark.parametrize(
    ("field", "change", "message"),
    [
        ("thinning", lambda a: a[:, :-1], r"thinning has shape \(1, 67\) where 1 maps, 68 regions"),
        (
            "thinning",
            lambda a: np.where(np.arange(68) == 3, np.inf, a),
            "region L_cuneus: thinning is infinite",
        ),
        ("thinning", lambda a: 0.3 + a * 0, r"map ad: thinning is 0\.3 in every region, up to rounding"),
        (
            "thinning",
            lambda a: a * 1e200,
            r"map ad, row .*: thinning .* is beyond 1e\+30, more than can be computed with",
        ),
        ("standard_error", lambda a: a * 1e-200, "map ad: standard error is nowhere above .*; give it in another unit"),
        (
            "standard_error",
            lambda a: np.where(np.arange(68) == 3, -1, a),
            "L_cuneus: standard error -1 is not above",
        ),
        (
            "standard_error",
            lambda a: np.where(np.arange(68) == 3, 0, a),
            "L_cuneus: standard error 0 is not above",
        ),
        (
            "standard_error",
            lambda a: np.where(np.arange(68) == 3, np.nan, a),
            "no standard error for L_cuneus",
        ),
        (
            "expression",
            lambda a: np.where(np.eye(68, 20, k=-3), np.nan, a),
            "expression of G0 is missing in L_cuneus",
        ),
        (
            "expression",
            lambda a: np.where(np.eye(68, 20, k=-3), np.inf, a),
            "expression of G0 in L_cuneus is inf",
        ),
        ("expression", lambda a: a * (np.arange(20) != 4), "does not vary over the regions for G4"),
        ("genes", lambda a: (*a[:-1], "G0"), "two genes are called G0"),
        ("maps", lambda a: (), "the study has no map"),
        (
            "normalise",
            lambda a: "column",
            "unknown normalise 'column': the known ones are gene, region, none",
        ),
    ],
)
def test_arrays_are_checked(study, field, change, message):
    with pytest.raises(InputError, match=message):
        dataclasses.replace(study, **{field: change(getattr(study, field))})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c + np.eye(68, k=1), "map ad: covariance is not symmetric"),
        (lambda c: c - 2 * np.ones((68, 68)) / 68, "covariance has the negative eigenvalue"),
        (lambda c: c.drop(index="L_insula", columns="L_insula"), "no standard error for L_insula"),
        (
            lambda c: c * np.where(np.arange(68) == 3, -1, 1),
            "covariance of ad, row L_cuneus: the variance is not",
        ),
    ],
)
def test_faults_of_a_covariance(expression, thinning, change, message):
    table = pd.DataFrame(0.5 * np.eye(68), index=list(DK), columns=list(DK))
    with pytest.raises(InputError, match=message):
        Study.from_frames(expression, thinning, covariance=change(table))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda c: c + 0.01 * np.eye(68, k=1),
            "structure is not symmetric: L_bankssts to L_caudalant.* is .* and back",
        ),
        (lambda c: c * 2, "structure: L_bankssts has the correlation 2 with itself; give a table of correlations"),
        (
            lambda c: np.where(np.isin(np.arange(68), (3, 4))[:, None] & np.isin(np.arange(68), (3, 4)), 1.0, c),
            r"structure is not positive definite \(least eigenvalue .*, most of it in .*L_cuneus.*\); shrink",
        ),
        (lambda c: np.where(np.arange(68) == 3, np.nan, c), "structure: no finite value for L_cuneus; give"),
        (
            lambda c: np.where(np.eye(68, k=65) + np.eye(68, k=-65) > 0, np.inf, c),
            "structure: no finite value for L_bankssts and R_temporalpole; give",
        ),
        (lambda c: c[:-1, :-1], r"structure has shape \(67, 67\) where .* ask for \(68, 68\)"),
    ],
)
def test_faults_of_the_structure(study, change, message):
    with pytest.raises(InputError, match=message):
        dataclasses.replace(study, structure=change(study.structure))


def test_weights_of_genes_are_above_zero(study):
    with pytest.raises(InputError, match="gene G3: its weight is not above 0; drop the gene, or give it a weight"):
        dataclasses.replace(study, gene_weights=np.where(np.arange(20) == 3, 0.0, 1.0))


@pytest.mark.parametrize(
    ("field", "shape", "message"),
    [
        (
            "gene_weights",
            (19,),
            r"gene_weights has shape \(19,\) where 1 maps, .* 20 genes ask for \(20,\)",
        ),
        ("covariance", (1, 68), r"covariance has shape \(1, 68\) where .* ask for \(1, 68, 68\)"),
        ("standard_error", (68,), r"standard_error has shape \(68,\) where .* ask for \(1, 68\)"),
    ],
)
def test_every_array_has_the_shape_that_its_field_declares(study, field, shape, message):
    with pytest.raises(InputError, match=message):
        dataclasses.replace(study, **{field: np.ones(shape)})
