"""Studies for lessons: of public data where these are at hand, else simulated, and called so."""

from __future__ import annotations

from pathlib import Path

import pytest

import pyro_neurovae as nv
from pyro_neurovae.datasets import catalogue


@pytest.fixture
def nothing_at_hand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither a local folder, nor a cache, nor a network."""
    monkeypatch.delenv(catalogue.DATA_VARIABLE, raising=False)
    monkeypatch.setattr(catalogue, "_cache", lambda: tmp_path)
    monkeypatch.setattr(catalogue, "_get", _refused)


def _refused(*_: object) -> None:
    raise OSError("Connection refused")


def test_a_study_by_name_is_that_of_its_files(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(catalogue.DATA_VARIABLE, str(data_dir))
    study = nv.datasets.example("adni1_ad")
    assert study.same_as(nv.Study.from_files(nv.datasets.fetch("ahba_dk68_stable0.6"), nv.datasets.fetch("adni1_ad")))
    assert study.maps == ("adni1_ad",)


@pytest.mark.usefixtures("nothing_at_hand")
def test_without_data_it_is_simulated_and_says_so_everywhere() -> None:
    with pytest.warns(nv.NeurovaeWarning, match=r"can't be fetched .* put that file .* this study is simulated"):
        study = nv.datasets.example("enigma_pd", normalise="gene")
    assert (study.maps, study.normalise) == (("simulated",), "gene")
    assert all(study.provenance[of]["simulated"] for of in ("expression", "map simulated"))
    assert "Until then this study is simulated" in study.summary()


@pytest.mark.usefixtures("nothing_at_hand")
def test_what_is_no_dataset_is_never_simulated() -> None:
    with pytest.raises(nv.InputError, match="no dataset enigma_parkinson"):
        nv.datasets.example("enigma_parkinson")
