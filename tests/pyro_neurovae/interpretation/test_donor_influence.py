"""Gene weights with each donor left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv

QUICK = {"n_programs": 3, "steps": 20, "map_steps": 20, "draws": 60}


@pytest.fixture(scope="module")
def donors() -> nv.expression.DonorExpression:
    """Three donors who agree on 30 genes, and of whom the first alone has another pattern of gene0002."""
    study, rng = nv.simulate(1, genes=30, programs=3), np.random.default_rng(0)
    truth = study.truth or {}
    part = truth["transcriptomic"][0] / truth["transcriptomic"][0].std()
    against = -8 * np.sign(truth["gene_weight"][0, 1])
    frames = {}
    for donor in range(3):
        values = study.expression + 0.05 * rng.standard_normal(study.expression.shape)
        if donor == 0:
            values[:, 1] = against * part
        frames[f"d{donor}"] = pd.DataFrame(values, index=list(study.regions), columns=list(study.genes))
    return nv.expression.from_donors(frames)


@pytest.fixture(scope="module")
def fitted(donors: nv.expression.DonorExpression) -> nv.Fit:
    """The map that goes with them."""
    study = nv.simulate(1, genes=30, programs=3)
    thinning = pd.Series(study.thinning[0], index=list(study.regions))
    errors = pd.Series(study.standard_error[0], index=list(study.regions))
    data = nv.Study.from_frames(donors.mean(), thinning, standard_error=errors, normalise="gene")
    return nv.fit(data, seed=2, **QUICK)


def test_a_weight_that_one_donor_decides_is_told(fitted: nv.Fit, donors: nv.expression.DonorExpression) -> None:
    table = nv.donor_stability(fitted, donors).set_index("gene")
    assert (table["lowest"] <= table["mean"]).all()
    assert (table["mean"] <= table["highest"]).all()
    np.testing.assert_allclose(table["jackknife_se"], table["sd"] * 2 / np.sqrt(3), rtol=1e-5)
    np.testing.assert_allclose(table["weight"], fitted.genes().set_index("gene")["weight"])
    others = table.drop(index="gene0002")
    assert table.loc["gene0002", "sd"] > 3 * others["sd"].median()
    assert table.loc["gene0002", "same_sign"] < 1
    assert others.loc[others["weight"].abs() > 0.05, "same_sign"].mean() > 0.9


def test_donors_that_do_not_fit_are_told(
    fitted: nv.Fit, baseline_fit: nv.Fit, donors: nv.expression.DonorExpression
) -> None:
    with pytest.raises(nv.InputError, match="the donors' expression has no gene gene0001"):
        nv.donor_stability(fitted, donors.select(genes=["gene0005", "gene0006"]))
    with pytest.raises(nv.InputError, match="the model spatial weighs no genes"):
        nv.donor_stability(baseline_fit, donors)
