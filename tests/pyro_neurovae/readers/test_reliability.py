"""Genes to keep and their weights, from files and series, placed by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.readers.reliability import place_reliability


@pytest.fixture(scope="module")
def frames() -> tuple[pd.DataFrame, pd.Series]:
    """Expression of 30 genes and a map."""
    study = nv.simulate(2, genes=30)
    expression = pd.DataFrame(study.expression, index=list(study.regions), columns=list(study.genes))
    return expression, pd.Series(study.thinning[0], index=list(study.regions))


def _study(frames: tuple[pd.DataFrame, pd.Series], **options: object) -> nv.Study:
    return nv.Study.from_frames(frames[0], frames[1], standard_error="none", **options)


def test_weights_are_placed_by_name_and_have_mean_one(frames: tuple[pd.DataFrame, pd.Series], tmp_path: Path) -> None:
    genes = list(frames[0].columns)
    weights = pd.Series(np.linspace(1, 4, 30), index=genes)
    study = _study(frames, gene_weights=weights.sample(frac=1, random_state=0))
    np.testing.assert_allclose(study.gene_weights, weights / weights.mean())
    plain = _study(frames)
    expected = plain.normalised_expression() * np.sqrt(weights / weights.mean()).to_numpy()
    np.testing.assert_allclose(study.normalised_expression(), expected)
    weights.rename("Weight").rename_axis("gene").to_csv(tmp_path / "weights.csv")
    np.testing.assert_allclose(_study(frames, gene_weights=tmp_path / "weights.csv").gene_weights, study.gene_weights)


def test_a_gene_that_hardly_counts_hardly_matters(frames: tuple[pd.DataFrame, pd.Series]) -> None:
    expression = frames[0].copy()
    noisy = expression.copy()
    noisy["gene0003"] = np.random.default_rng(0).standard_normal(68)
    weights = pd.Series(1.0, index=expression.columns)
    weights["gene0003"] = 1e-14
    options = {"seed": 1, "n_programs": 3, "steps": 30, "map_steps": 20, "draws": 60}
    means = [
        nv.fit(_study((table, frames[1]), gene_weights=weights, normalise="gene"), **options).regions()["mean"]
        for table in (expression, noisy)
    ]
    np.testing.assert_allclose(means[0], means[1], atol=1e-3)


def test_weights_are_saved_with_a_fit(frames: tuple[pd.DataFrame, pd.Series], tmp_path: Path) -> None:
    weights = pd.Series(np.linspace(1, 4, 30), index=frames[0].columns)
    study = _study(frames, gene_weights=weights)
    fit = nv.fit(study, n_programs=3, steps=5, map_steps=5, draws=20)
    fit.save(tmp_path / "fit.nc")
    again = nv.load(tmp_path / "fit.nc").study
    np.testing.assert_allclose(again.gene_weights, study.gene_weights)
    np.testing.assert_allclose(again.normalised_expression(), study.normalised_expression())


def test_genes_may_be_listed_in_a_file(frames: tuple[pd.DataFrame, pd.Series], tmp_path: Path) -> None:
    (tmp_path / "genes.txt").write_text("gene0004\ngene0001\nNOSUCH\n")
    study = _study(frames, genes=tmp_path / "genes.txt", normalise="gene")
    assert study.genes == ("gene0001", "gene0004")
    assert any("NOSUCH" in notice for notice in study.notices)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (pd.Series([1.0], index=["gene0001"]), r"no weight above 0 for gene0002, .* \(29 in all\)"),
        (pd.Series([1.0, 2.0], index=["gene0001", "gene0001"]), "gene gene0001 has two weights"),
        (pd.Series(["much"], index=["gene0001"]), "'much' is not a number"),
    ],
)
def test_weights_that_cannot_be_used_are_told(
    frames: tuple[pd.DataFrame, pd.Series], weights: pd.Series, message: str
) -> None:
    with pytest.raises(nv.InputError, match=message):
        _study(frames, gene_weights=weights)


def test_two_columns_of_weights_are_told(frames: tuple[pd.DataFrame, pd.Series], tmp_path: Path) -> None:
    (tmp_path / "weights.csv").write_text("gene,weight,Weight\ngene0001,1,2\n")
    with pytest.raises(nv.InputError, match=r"weights.csv has 2 columns weight; keep one of them"):
        _study(frames, gene_weights=tmp_path / "weights.csv")


def test_a_file_of_weights_without_its_columns_is_told(frames: tuple[pd.DataFrame, pd.Series], tmp_path: Path) -> None:
    (tmp_path / "weights.csv").write_text("a,b\ngene0001,1\n")
    with pytest.raises(
        nv.InputError, match=r"weights.csv has no column gene; a table of weights has the columns gene and weight"
    ):
        _study(frames, gene_weights=tmp_path / "weights.csv")


@pytest.mark.parametrize(("weight", "message"), [(1e200, r"weight 1e\+200 is beyond"), (1e9, "times the usual size")])
def test_a_weight_beside_which_no_other_counts(weight, message):
    weights = pd.Series({"A": 1.0, "B": 2.0, "C": weight})
    with pytest.raises(nv.InputError, match=f"gene_weights, row C: .*{message}.* leave the gene out with --genes"):
        place_reliability(weights, ["A", "B", "C"])
