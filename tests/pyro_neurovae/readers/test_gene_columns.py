"""Names that are no genes, and columns on a scale of their own."""

from __future__ import annotations

import numpy as np
import pytest

from pyro_neurovae.errors import InputError, NeurovaeWarning
from pyro_neurovae.readers.gene_columns import check_scales, is_date, is_no_gene
from pyro_neurovae.readers.gene_sets import read_gmt
from pyro_neurovae.readers.text_table import read_table

SYMBOLS = [
    "APOE",
    "MAPT",
    "C3",
    "AR",
    "MAX",
    "MET",
    "SET",
    "REST",
    "CAT",
    "A1BG",
    "XK",
    "IDE",
    "SDS",
    "POLE",
    "MARCHF1",
]


@pytest.mark.parametrize(
    "name",
    [
        "id",
        "n_vertices",
        "NumVert",
        "MNI.X",
        "centroid_y",
        "Unnamed: 0",
        "",
        "Hemisphere",
        "label",
        "entrez_id",
        "mean",
    ],
)
def test_what_is_no_gene_is_known_in_any_writing(name):
    assert list(is_no_gene([name, "APOE"])) == [True, False]


def test_letters_are_no_genes_where_they_stand_together():
    assert list(is_no_gene(["x", "y", "APOE", "z"])) == [True, True, False, True]
    assert list(is_no_gene(["A", "S", "y"])) == [False, False, False]


def test_genes_are_genes(data_dir):
    names = [*SYMBOLS]
    for file in ("ahba_dk68_stable0.6.csv.gz", "ahba_dk68_l1000_stable0.2.csv"):
        names += read_table(data_dir / "expression" / file).header[1:]
    with pytest.warns(NeurovaeWarning, match="dates that a spreadsheet made of gene symbols are left out: 1.Mar"):
        sets = read_gmt(data_dir / "gene_sets/seidlitz2020_cell_types.gmt")
    names += [gene for genes in sets.values() for gene in genes]
    assert not is_no_gene(names).any()
    assert not any(map(is_date, names))


@pytest.mark.parametrize(
    "name",
    [
        "1-Mar",
        "01-Mar",
        "Mar-01",
        "Sep-2",
        "2-Sept",
        "1. Mrz",
        "2021-03-01",
        "2021-03-01 00:00:00",
        "3/1/2021",
        "01.03.2021",
        "1-Mar-21",
        "Dec-01",
        "1-d\u00e9c",
    ],
)
def test_dates_in_the_ways_that_spreadsheets_write_them(name):
    assert is_date(name)


@pytest.mark.parametrize("name", ["MARCH1", "SEPT2", "DEC1", "7-3", "1-2-3", "HLA-A", "NKX2-1", "MARCHF1"])
def test_symbols_are_no_dates(name):
    assert not is_date(name)


def test_scales():
    rng = np.random.default_rng(0)
    symbols = [f"G{k}" for k in range(40)]
    values = rng.uniform(size=(68, 40))
    check_scales(values, symbols, "e.csv")
    counts = rng.poisson(np.exp(rng.normal(4, 2.5, 40)), (68, 40)).astype(float)
    check_scales(counts, symbols, "e.csv")
    values[:, [3, 7]] = rng.normal(0, 50, (68, 2))
    with pytest.raises(InputError, match=r"e\.csv: columns G3, G7 on another scale than the rest, .* times as far"):
        check_scales(values, symbols, "e.csv")
    values[:, 7] = 1e6 + rng.uniform(size=68)
    with pytest.raises(InputError, match="G7"):
        check_scales(values, symbols, "e.csv")
    check_scales(np.array([[0.0, 1000.0], [1.0, 2000.0]]), ["a", "b"], "e.csv")
