"""Datasets in memory: as frames that a study takes, with what to cite."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.atlases.atlas import dk68_names


@pytest.mark.parametrize("name", ["adni1_ad", "adni1_ad_ants"])
def test_a_real_disease_without_a_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    monkeypatch.delenv("PYRO_NEUROVAE_DATA", raising=False)
    frame = nv.datasets.load(name, cache=tmp_path)
    assert list(frame.columns[:3]) == ["region", "difference_mm", "se"]
    assert (frame.attrs["name"], frame.attrs["unit"]) == (name, "mm")
    assert "Tustison" in frame.attrs["citation"]
    genes = pd.DataFrame(np.random.default_rng(0).normal(size=(68, 5)), index=dk68_names(), columns=list("abcde"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        study = nv.Study.from_frames(genes, frame)
        by_file = nv.Study.from_files(_saved(genes, tmp_path), nv.datasets.fetch(name))
    assert study.thinning_observed.sum() == 62
    assert by_file.maps == (name,)
    known = study.thinning_observed[0]
    placed = frame.set_index("region").loc[np.array(dk68_names())[known]]
    for one in (study, by_file):
        np.testing.assert_array_equal(one.thinning[0, known], placed["difference_mm"])
        np.testing.assert_array_equal(one.standard_error[0, known], placed["se"])


def test_tables_of_other_kinds(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYRO_NEUROVAE_DATA", str(data_dir))
    genes = nv.datasets.load("ahba_dk68_stable0.6")
    assert genes.shape == (68, 1645)
    assert genes.loc["R_frontalpole"].isna().all()
    assert genes.loc["L_insula"].notna().all()
    maps = {name: nv.datasets.load(name) for name in ("enigma_pd", "adni1_ad")}
    assert maps["enigma_pd"]["p"].iloc[0] == "<0.001"
    assert (maps["enigma_pd"]["d"].iloc[0], maps["enigma_pd"].attrs["unit"]) == (-0.104, "Cohen's d")
    study = nv.Study.from_frames(genes, maps)
    assert study.maps == ("enigma_pd", "adni1_ad")
    with pytest.raises(nv.InputError, match=r'hcp_struct_dk68 is connectivity; give graph=nv.datasets.fetch\("hcp_str'):
        nv.datasets.load("hcp_struct_dk68")
    with pytest.raises(nv.InputError, match=r"seidlitz2020_classes holds gene sets; give .* to nv.read_gmt"):
        nv.datasets.load("seidlitz2020_classes")


def _saved(genes: pd.DataFrame, folder: Path) -> Path:
    path = folder / "genes.csv"
    genes.to_csv(path, index_label="region")
    return path
