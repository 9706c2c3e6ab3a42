"""Datasets by name: from a local folder, the cache or a server; checked, recorded, and refused with a remedy."""

from __future__ import annotations

import gc
import gzip
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.datasets import catalogue as datasets


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address on this machine that serves it."""
    folder = tmp_path / "served"
    folder.mkdir()
    with HTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield folder, f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, datasets.Dataset]]:
    """The list of datasets, to be changed by a test; no local folder."""
    monkeypatch.delenv(datasets.DATA_VARIABLE, raising=False)
    own = {name: datasets.find(name) for name in datasets.names()}
    monkeypatch.setattr(datasets, "_registry", lambda: own)
    yield own
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()  # requests leaves the socket of a refused connection to the garbage collector


def test_every_pinned_file_of_the_public_data_matches(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(datasets.DATA_VARIABLE, str(data_dir))
    pinned = [name for name in datasets.names() if datasets.find(name).sha256]
    assert len(pinned) >= 11
    for name in pinned:
        assert datasets.fetch(name).is_file()
    content = datasets.content_checksum(datasets.fetch("ahba_dk68_stable0.6"))
    assert content in (Path(datasets.__file__).parent / "tables" / "content.json").read_text()


def test_numbers_too_large_to_be_rounded_have_a_checksum_too(tmp_path: Path) -> None:
    (tmp_path / "large.csv").write_text("region,A,B\na,1e308,0.5\nb,-1e308,0.25\n")
    (tmp_path / "other.csv").write_text("region,A,B\na,0.125,0.5\nb,-1e308,0.25\n")
    found = [datasets.content_checksum(tmp_path / name) for name in ("large.csv", "other.csv")]
    assert len({*found}) == 2


def test_fetched_files_make_a_study(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(datasets.DATA_VARIABLE, str(data_dir))
    maps = [datasets.fetch("enigma_pd"), datasets.fetch("enigma_scz")]
    with pytest.warns(nv.NeurovaeWarning, match="44 of 68 standard errors differ"):
        study = nv.Study.from_files(
            datasets.fetch("ahba_dk68_stable0.6"), maps, graph=datasets.fetch("hcp_struct_dk68")
        )
    assert study.maps == ("enigma_pd", "enigma_scz")
    assert len(study.genes) == 1645


def test_the_list_names_every_case_control_map() -> None:
    table = datasets.table()
    assert table["name"].is_unique
    assert (table["kind"] == "thickness").sum() >= 30
    assert table["citation"].str.contains(r"\(\d{4}\)").all()
    pinned = table[table["url"].str.contains("ENIGMA/")]["url"]
    assert pinned.str.contains("ENIGMA/d66a7ef3/").all()
    assert datasets.names("expression") == ["ahba_dk68_stable0.6", "ahba_dk68_l1000_stable0.2"]


def test_a_download_is_cached_and_its_checksum_kept(
    server: tuple[Path, str], registry: dict[str, datasets.Dataset], tmp_path: Path
) -> None:
    folder, address = server
    (folder / "map.csv").write_text("Structure,d_icv,se_icv\nL_bankssts,-0.1,0.05\n")
    registry["enigma_22q"] = replace(registry["enigma_22q"], url=f"{address}/map.csv")
    path = datasets.fetch("enigma_22q", cache=tmp_path / "cache")
    assert path.read_text() == (folder / "map.csv").read_text()
    (folder / "map.csv").unlink()
    assert datasets.fetch("enigma_22q", cache=tmp_path / "cache") == path
    path.write_text("changed")
    with pytest.raises(nv.InputError, match=r"enigma_22q.csv: checksum mismatch, SHA-256"):
        datasets.fetch("enigma_22q", cache=tmp_path / "cache")


@pytest.mark.parametrize("address", ["http://example.org/map.csv", "ftp://example.org/map.csv", "file:///etc/passwd"])
def test_only_encrypted_addresses_are_asked(
    registry: dict[str, datasets.Dataset], tmp_path: Path, address: str
) -> None:
    registry["enigma_22q"] = replace(registry["enigma_22q"], url=address)
    with pytest.raises(nv.InputError, match=r"enigma_22q: .* is no https address, by which alone files are fetched"):
        datasets.fetch("enigma_22q", cache=tmp_path)
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


def test_an_address_that_leads_to_another_that_is_not_encrypted(
    registry: dict[str, datasets.Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Answer:
        history = ()
        url = "http://example.org/elsewhere"

        def __enter__(self) -> Answer:
            return self

        def __exit__(self, *_: object) -> None: ...

        def raise_for_status(self) -> None: ...

    monkeypatch.setattr("requests.get", lambda *_, **__: Answer())
    registry["enigma_22q"] = replace(registry["enigma_22q"], url="https://example.org/map.csv")
    with pytest.raises(nv.InputError, match=r"http://example.org/elsewhere is no https address"):
        datasets.fetch("enigma_22q", cache=tmp_path)


def test_a_download_without_end_is_cut_off(
    server: tuple[Path, str], registry: dict[str, datasets.Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets, "_LARGEST", 10)
    (server[0] / "map.csv").write_text("0" * 1000)
    registry["enigma_22q"] = replace(registry["enigma_22q"], url=f"{server[1]}/map.csv")
    with pytest.raises(nv.InputError, match="sends more than 10 bytes"):
        datasets.fetch("enigma_22q", cache=tmp_path / "cache")
    assert [file for file in (tmp_path / "cache").rglob("*") if file.is_file()] == []


def test_two_processes_that_fetch_at_once_must_have_the_same(
    server: tuple[Path, str], registry: dict[str, datasets.Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, address = server
    one = registry["enigma_22q"] = replace(registry["enigma_22q"], url=f"{address}/map.csv")
    (folder / "map.csv").write_text("of the first")
    path = datasets.fetch("enigma_22q", cache=tmp_path / "cache")
    (folder / "map.csv").write_text("of the second")
    with pytest.raises(nv.InputError, match="checksum mismatch"):  # as one that began before the first had ended
        datasets._bring(one, tmp_path / "cache", "")
    assert path.read_text() == "of the first"


def test_checksums_of_version_0_1_count(
    server: tuple[Path, str], registry: dict[str, datasets.Dataset], tmp_path: Path
) -> None:
    registry["enigma_22q"] = replace(registry["enigma_22q"], url=f"{server[1]}/map.csv")
    (server[0] / "map.csv").write_text("changed")
    (tmp_path / "checksums.json").write_text('{"enigma_22q": "0123"}')
    with pytest.raises(nv.InputError, match="checksum mismatch"):
        datasets.fetch("enigma_22q", cache=tmp_path)


def test_a_download_that_is_not_the_pinned_file_leaves_nothing(
    server: tuple[Path, str], registry: dict[str, datasets.Dataset], tmp_path: Path
) -> None:
    folder, address = server
    (folder / "map.csv").write_text("something else")
    registry["enigma_scz"] = replace(registry["enigma_scz"], url=f"{address}/map.csv")
    with pytest.raises(nv.InputError, match="checksum mismatch"):
        datasets.fetch("enigma_scz", cache=tmp_path / "cache")
    assert [file for file in (tmp_path / "cache").rglob("*") if file.is_file()] == []


def test_expression_is_cut_to_the_cortex_and_checked_by_its_numbers(
    server: tuple[Path, str],
    registry: dict[str, datasets.Dataset],
    tmp_path: Path,
    data_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder, address = server
    source = data_dir / "expression" / "ahba_dk68_stable0.6.csv.gz"
    upstream = pd.read_csv(source).rename(columns={"region": "label"})
    other = upstream.iloc[[0]].assign(label="Lthal")
    pd.concat([upstream, other]).to_csv(folder / "genes.csv", index=False)
    registry["ahba_dk68_stable0.6"] = replace(registry["ahba_dk68_stable0.6"], url=f"{address}/genes.csv")
    path = datasets.fetch("ahba_dk68_stable0.6", cache=tmp_path / "cache")
    with gzip.open(path, "rt") as file:
        assert sum(1 for _ in file) == 69
    pd.testing.assert_frame_equal(pd.read_csv(path), pd.read_csv(source), rtol=1e-9)
    assert datasets.fetch("ahba_dk68_stable0.6", cache=tmp_path / "cache") == path
    monkeypatch.setenv(datasets.DATA_VARIABLE, str(folder))  # saved by hand, as a browser does
    by_hand = datasets.fetch("ahba_dk68_stable0.6", cache=tmp_path / "by hand")
    pd.testing.assert_frame_equal(pd.read_csv(by_hand), pd.read_csv(path))
    monkeypatch.delenv(datasets.DATA_VARIABLE)
    upstream.iloc[:, 1:] += 0.001
    upstream.to_csv(folder / "genes.csv", index=False)
    with pytest.raises(nv.InputError, match=r"the numbers at .* are not those known"):
        datasets.fetch("ahba_dk68_stable0.6", cache=tmp_path / "other")


@pytest.mark.parametrize("fault", ["nobody answers", "no such file"])
def test_what_cannot_be_fetched_says_what_to_do(
    server: tuple[Path, str], registry: dict[str, datasets.Dataset], tmp_path: Path, fault: str
) -> None:
    address = "http://127.0.0.1:9" if fault == "nobody answers" else server[1]
    registry["enigma_scz"] = replace(registry["enigma_scz"], url=f"{address}/map.csv")
    with pytest.raises(
        datasets.MissingDataError,
        match=r"enigma_scz can't be fetched \(.*/map.csv where there is a network, put that file",
    ) as caught:
        datasets.fetch("enigma_scz", cache=tmp_path)
    assert datasets.DATA_VARIABLE in str(caught.value)
    assert len(str(caught.value)) < 420


def test_a_damaged_local_file_is_refused(
    registry: dict[str, datasets.Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(datasets.DATA_VARIABLE, str(tmp_path))
    (tmp_path / "scz_case-controls_CortThick.csv").write_text("damaged")
    with pytest.raises(nv.InputError, match=r"scz_case-controls_CortThick.csv: checksum mismatch"):
        datasets.fetch("enigma_scz")


@pytest.mark.parametrize(("name", "pipeline"), [("adni1_ad", "freesurfer"), ("adni1_ad_ants", "ants")])
def test_what_is_built_in_needs_neither_network_nor_folder(
    registry: dict[str, datasets.Dataset], tmp_path: Path, data_dir: Path, name: str, pipeline: str
) -> None:
    one = datasets.find(name)
    assert (one.built_in, one.unit, one.url) == (True, "mm", "")
    assert "Tustison et al. (2019)" in one.citation
    assert "Left and right may be exchanged" in one.terms
    assert "APOE4" in one.terms
    path = datasets.fetch(name, cache=tmp_path)
    assert (path.stem, list(tmp_path.iterdir())) == (name, [])
    table = datasets.table().set_index("name")
    assert (table["checksum"] == "built in").sum() == 2
    assert table.loc[name, "checksum"] == "built in"
    source = pd.read_csv(data_dir / f"thickness/adni1_ad_{pipeline}.csv").dropna().reset_index(drop=True)
    pd.testing.assert_frame_equal(pd.read_csv(path), source)


def test_the_built_in_maps_are_what_their_script_derives(data_dir: Path) -> None:
    script = Path(__file__).parents[3] / "pyro_neurovae/datasets/tables/derive_adni1.py"
    subprocess.run([sys.executable, str(script), str(data_dir), "--check"], check=True)


def test_what_has_no_address_names_the_folder(registry: dict[str, datasets.Dataset], tmp_path: Path) -> None:
    with pytest.raises(nv.InputError, match=r"can't be downloaded; put expression/ahba_dk68_l1000_stable0.2.csv"):
        datasets.fetch("ahba_dk68_l1000_stable0.2", cache=tmp_path)


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(nv.InputError, match=r"no dataset enigma_schizo; the nearest are .*enigma_scz"):
        datasets.fetch("enigma_schizo")
