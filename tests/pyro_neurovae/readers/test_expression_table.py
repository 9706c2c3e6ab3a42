"""Expression tables either way round, and what becomes of genes and regions that lack values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pyro_neurovae.atlases.atlas import dk68_names
from pyro_neurovae.errors import InputError
from pyro_neurovae.readers.expression_table import read_expression

DK = dk68_names()


@pytest.mark.parametrize(
    ("name", "n_genes"), [("ahba_dk68_stable0.6.csv.gz", 1645), ("ahba_dk68_l1000_stable0.2.csv", 762)]
)
def test_public_expression(data_dir, name, n_genes):
    found = read_expression(data_dir / "expression" / name, DK)
    assert found.values.shape == (68, n_genes)
    unmeasured = [DK[i] for i in np.flatnonzero(np.isnan(found.values).any(axis=1))]
    assert unmeasured == ["R_frontalpole", "R_temporalpole"]
    assert np.isnan(found.values).sum() == 2 * n_genes
    assert found.notices == ()


def made_expression(n_genes=6):
    values = np.random.default_rng(2).uniform(size=(68, n_genes)).round(5)
    return pd.DataFrame(values, index=list(DK), columns=[f"G{k}" for k in range(n_genes)])


def test_either_way_round_and_any_order(tmp_path):
    table = made_expression()
    table.iloc[::-1].to_csv(tmp_path / "down.csv")
    table.T.to_csv(tmp_path / "across.tsv.gz", sep="\t", index_label="gene")
    for name in ("down.csv", "across.tsv.gz"):
        found = read_expression(tmp_path / name, DK)
        assert found.genes == tuple(table.columns)
        np.testing.assert_allclose(found.values, table)


def test_row_numbers_before_the_labels(tmp_path):
    made_expression().rename_axis("region").reset_index().to_csv(tmp_path / "e.csv")
    np.testing.assert_allclose(read_expression(tmp_path / "e.csv", DK).values, made_expression())


def test_many_genes_in_rows(tmp_path):
    table = made_expression(3000)
    table.T.to_csv(tmp_path / "across.csv")
    assert read_expression(tmp_path / "across.csv", DK).values.shape == (68, 3000)


def test_labels_without_a_hemisphere_are_left_ones(tmp_path):
    table = made_expression().iloc[:34]
    table.index = [name[2:] for name in DK[:34]]
    table.to_csv(tmp_path / "e.csv")
    found = read_expression(tmp_path / "e.csv", DK)
    np.testing.assert_allclose(found.values[:34], table)
    assert np.isnan(found.values[34:]).all()
    assert found.notices == ("e.csv: labels without a hemisphere were read as the left one.",)


def test_policy_for_missing_constant_and_repeated_genes(tmp_path):
    table = made_expression(10)
    table["G1"] = 0.5
    table["G2"] = np.nan
    table.loc["L_insula", "G3"] = np.nan
    table.loc["R_insula", ["G4", "G5", "G6", "G7", "G8"]] = np.nan  # five of the nine that are measured anywhere
    table = pd.concat([table, table[["G9"]] + 1], axis=1)
    table.to_csv(tmp_path / "e.csv")
    found = read_expression(tmp_path / "e.csv", DK)
    assert found.genes == ("G0", "G4", "G5", "G6", "G7", "G8", "G9")
    assert np.isnan(found.values[DK.index("R_insula")]).all()
    assert np.isnan(found.values).sum() == 7
    np.testing.assert_allclose(found.values[:-1, -1], table["G9"].iloc[:-1, 0])
    assert found.notices == (
        "e.csv: genes that stand more than once, the first of each kept: G9.",
        "e.csv: 1 gene dropped, missing in every region: G2.",
        "e.csv: 1 gene dropped, missing in a measured region: G3.",
        "e.csv: 1 gene dropped, constant: G1.",
    )


def test_genes_of_the_users_choice(tmp_path):
    made_expression().to_csv(tmp_path / "e.csv")
    found = read_expression(tmp_path / "e.csv", DK, genes=["G4", "G2", "G99"])
    assert found.genes == ("G2", "G4")
    assert found.notices == ("e.csv: genes asked for that the table lacks: G99.",)
    with pytest.raises(InputError, match=r"e\.csv: none of the genes asked for"):
        read_expression(tmp_path / "e.csv", DK, genes=["G99"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t * 0 + 1, r"e\.csv: no gene is left, all are missing or constant"),
        (lambda t: t * np.nan, r"e\.csv: no gene is left"),
        (
            lambda t: t.astype(object).replace(t.iloc[3, 2], "0.4l"),
            r"row L_cuneus, column G2: '0\.4l' is not",
        ),
        (lambda t: t.replace(t.iloc[3, 2], np.inf), "row L_cuneus, column G2: 'inf' is infinite"),
        (lambda t: t.rename(index={"L_cuneus": "L_cuneos"}), r"e\.csv.*L_cuneos.*L_cuneus"),
        (lambda t: pd.concat([t, t.iloc[[3]]]), "two rows for one region, L_cuneus stands 2 times"),
        (
            lambda t: t.set_axis([f"x{k}" for k in range(68)]),
            r"e\.csv: neither rows \(x0, x1, \.\.\..*nor columns \(G0",
        ),
    ],
)
def test_faults_of_expression(tmp_path, change, message):
    change(made_expression()).to_csv(tmp_path / "e.csv")
    with pytest.raises(InputError, match=message):
        read_expression(tmp_path / "e.csv", DK)
