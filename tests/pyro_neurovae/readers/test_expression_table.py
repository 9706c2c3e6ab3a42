"""Expression tables either way round, and what becomes of genes and regions that lack values."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from pyro_neurovae.atlases.atlas import dk68_names, parcel_table
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
    with pytest.raises(
        InputError, match=r"none .* \(g1\); they are in another letter case, write them as the table does"
    ):
        read_expression(tmp_path / "e.csv", DK, genes=["g1"])


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
        (lambda t: pd.concat([t, t.iloc[[3]]]), "region L_cuneus has 2 rows"),
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


COORDINATES = np.random.default_rng(1).normal(0, 40, (68, 3)).round(1)


@pytest.mark.parametrize(
    "extra",
    [
        {"x": COORDINATES[:, 0], "y": COORDINATES[:, 1], "z": COORDINATES[:, 2]},
        {"R": COORDINATES[:, 0], "A": COORDINATES[:, 1], "S": COORDINATES[:, 2]},
        {"n_vertices": np.arange(800, 868)},
        {"id": np.arange(1, 69)},
        {"Mean": np.linspace(0, 1, 68)},
        {"structure": ["cortex"] * 68, "network": ["Vis"] * 68},
        {"hemisphere": [name[0] for name in DK]},
    ],
    ids=lambda extra: "-".join(extra),
)
def test_columns_that_are_no_genes_change_no_value_and_are_told(tmp_path, extra):
    table = made_expression()
    pd.concat([pd.DataFrame(extra, index=table.index), table], axis=1).to_csv(tmp_path / "e.csv")
    found = read_expression(tmp_path / "e.csv", DK)
    assert found.genes == tuple(table.columns)
    np.testing.assert_allclose(found.values, table)
    told = (f"e.csv: set aside, as names of no gene: {', '.join(extra)}.",)
    assert found.notices == (told if "hemisphere" not in extra else ())


def test_labels_and_hemispheres_in_columns_are_used(tmp_path):
    table, n = made_expression(), range(1, 69)
    columns = {
        "id": n,
        "label": [name[2:] for name in DK],
        "hemisphere": [name[0] for name in DK],
        "structure": "cortex",
    }
    pd.concat([pd.DataFrame(columns, index=table.index), table], axis=1).to_csv(tmp_path / "e.csv", index=False)
    found = read_expression(tmp_path / "e.csv", DK)
    np.testing.assert_allclose(found.values, table)
    assert found.notices == ("e.csv: set aside, as names of no gene: structure.",)


def test_rows_beside_genes_that_are_no_regions(tmp_path):
    table = made_expression().T
    table.insert(0, "entrez_id", range(6))
    table.rename_axis("gene_symbol").to_csv(tmp_path / "e.csv")
    found = read_expression(tmp_path / "e.csv", DK)
    np.testing.assert_allclose(found.values, made_expression())
    assert found.notices == ("e.csv: set aside, as names of no gene: entrez_id.",)


def test_numbered_rows_take_their_names_from_the_table_beside(tmp_path):
    table = made_expression()
    table.set_axis(range(1, 69)).rename_axis("label").to_csv(tmp_path / "e.csv")
    with pytest.raises(
        InputError, match=r"rows \(1, 2.*put the atlas's table \(id, label, hemisphere\) beside it as NAME_info"
    ):
        read_expression(tmp_path / "e.csv", DK)
    shuffled = np.random.default_rng(3).permutation(68)
    info = pd.DataFrame(
        {"id": range(1, 69), "label": [name[2:] for name in DK], "hemisphere": [name[0] for name in DK]}
    )
    info.iloc[shuffled].to_csv(tmp_path / "E_Info.csv", index=False)
    np.testing.assert_allclose(read_expression(tmp_path / "e.csv", DK).values, table)
    info.iloc[:60].to_csv(tmp_path / "E_Info.csv", index=False)
    with pytest.raises(InputError, match=r"E_Info\.csv: no row with id 61, which e\.csv has; add it"):
        read_expression(tmp_path / "e.csv", DK)


@pytest.mark.parametrize("name", ["1-Mar", "Sep-02", "2021-03-01 00:00:00"])
def test_dates_that_were_genes_are_set_aside_and_told(tmp_path, name):
    made_expression().rename(columns={"G2": name}).to_csv(tmp_path / "e.csv")
    found = read_expression(tmp_path / "e.csv", DK)
    assert found.genes == ("G0", "G1", "G3", "G4", "G5")
    assert found.notices[0].startswith(f"e.csv: genes of which a spreadsheet made dates set aside: {name}; write")


def test_a_column_on_another_scale_is_named_unless_it_is_asked_for(tmp_path):
    table = made_expression().assign(thing=np.linspace(0, 200, 68))
    table.to_csv(tmp_path / "e.csv")
    with pytest.raises(
        InputError, match=r"e\.csv: column thing on another scale than the rest, .* remove what is no gene"
    ):
        read_expression(tmp_path / "e.csv", DK)
    assert read_expression(tmp_path / "e.csv", DK, genes=["G0", "G1", "thing"]).genes == ("G0", "G1", "thing")
    (table * 1e6).drop(columns="thing").to_csv(tmp_path / "e.csv")
    assert len(read_expression(tmp_path / "e.csv", DK).genes) == 6


def test_a_header_without_its_corner_shifts_no_gene(tmp_path):
    table = made_expression().assign(G5=np.nan)
    table.loc["L_cuneus"] = np.nan
    text = io.StringIO()
    table.to_csv(text, index_label=False)
    (tmp_path / "e.csv").write_text(text.getvalue())
    found = read_expression(tmp_path / "e.csv", DK)
    assert found.genes == ("G0", "G1", "G2", "G3", "G4")
    np.testing.assert_allclose(found.values, table.drop(columns="G5"))


def test_a_region_of_zeros_is_not_measured(tmp_path):
    table = made_expression(30)
    table.loc["R_frontalpole"] = 0.0
    table.iloc[:, :5].to_csv(tmp_path / "e.csv")
    assert read_expression(tmp_path / "e.csv", DK).notices == ()
    table.to_csv(tmp_path / "e.csv")
    found = read_expression(tmp_path / "e.csv", DK)
    assert np.isnan(found.values[DK.index("R_frontalpole")]).all()
    assert found.notices == ("e.csv: 0 for every gene, read as not measured: R_frontalpole.",)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t * 1e200, r"e\.csv, row .*: the expression of G0, .* is beyond 1e\+30"),
        (lambda t: t * 1e-200, r"e\.csv: the expression of G0, is nowhere above .* give it in another unit"),
        (lambda t: t * 1e-13 + 1, r"e\.csv: no gene is left, all are missing or constant"),
        (lambda t: 1 + (t > 0.5) * 2.0**-52, r"e\.csv: no gene is left, all are missing or constant"),
    ],
)
def test_numbers_at_the_edge_are_told(tmp_path, change, message):
    change(made_expression()).to_csv(tmp_path / "e.csv")
    with pytest.raises(InputError, match=message):
        read_expression(tmp_path / "e.csv", DK)


@pytest.mark.parametrize("name", ["enigma_scz.csv", "enigma_pd.txt", "adni1_ad_ants.csv"])
def test_a_map_in_place_of_expression(data_dir, name):
    with pytest.raises(
        InputError, match=f"{name}: a table of effects by its columns .*, not of expression; are --expr"
    ):
        read_expression(data_dir / "thickness" / name, dk68_names())


def test_a_table_beside_says_what_numbers_mean_before_the_atlas_does(tmp_path):
    """Schaefer's own numbers serve where nothing lies beside the file, or it gives no names of the graph."""
    names = parcel_table("schaefer100")["region"].to_list()
    rows = pd.DataFrame({"G1": np.arange(100.0), "G2": np.arange(100.0) ** 2}, index=range(1, 101))
    rows.to_csv(tmp_path / "x.csv")
    assert read_expression(tmp_path / "x.csv", names).values[:, 0] == pytest.approx(np.arange(100))
    info = pd.DataFrame({"id": range(1, 101), "label": names[::-1], "hemisphere": [name[10] for name in names[::-1]]})
    info.to_csv(tmp_path / "x_info.csv", index=False)
    assert read_expression(tmp_path / "x.csv", names).values[:, 0] == pytest.approx(np.arange(100)[::-1])
    info.assign(label="parcel").to_csv(tmp_path / "x_info.csv", index=False)
    assert read_expression(tmp_path / "x.csv", names).values[:, 0] == pytest.approx(np.arange(100))
