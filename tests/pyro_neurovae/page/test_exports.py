"""Tables and overlays for papers and other programs."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.atlases.readable_names import readable_name
from pyro_neurovae.page.exports import FILES, export
from pyro_neurovae.page.paper_tables import latex_table, markdown_table


def test_every_format_holds_what_the_fit_says(small_fit: nv.Fit, tmp_path: Path) -> None:
    names = export(small_fit, tmp_path, top=5, unit="mm")
    assert sorted(names) == sorted(one.name for one in tmp_path.iterdir())
    assert all(any(fnmatch(name, pattern) for pattern in FILES) for name in names)
    regions = small_fit.regions()
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "regions.csv"), regions, rtol=1e-6)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "programs.csv").fillna(""), small_fit.programs(), rtol=1e-6)
    assert json.loads((tmp_path / "summary.json").read_text())["seed"] == 5
    for name in small_fit.study.maps:
        own = regions[regions["map"] == name].set_index("region")
        worst = own.loc[own["mean"].abs().idxmax()]
        merged = f"{worst['mean']:z.2f} [{worst['lower95']:z.2f}, {worst['upper95']:z.2f}]"
        markdown = (tmp_path / f"regions_{name}.md").read_text().splitlines()
        assert len(markdown) == 2 + 2 + 68
        assert "Effect, mm \\[95% interval\\]" in markdown[2]
        latex = (tmp_path / f"regions_{name}.tex").read_text()
        assert latex.count(r" \\") == 2 + 68
        assert f"& {merged} &" in latex
        assert f"{readable_name(worst.name)} &" in latex
        assert rf"\label{{tab:regions-{name}}}" in latex
        genes = (tmp_path / f"genes_{name}.tex").read_text()
        assert genes.count(r" \\") == 2 + 5
        assert r"\begin{longtable}{lll}" in genes
    assert "[1\\%" in (tmp_path / "variance.tex").read_text() or r"\%, " in (tmp_path / "variance.tex").read_text()
    for form, start in (("png", b"\x89PNG"), ("svg", b"<?xml")):
        for name in ("forest_simulated1", "cortex_simulated2", "variance", "programs", "training"):
            assert (tmp_path / f"{name}.{form}").read_bytes().startswith(start)


def test_pictures_have_the_same_bytes_each_time(small_fit: nv.Fit, tmp_path: Path) -> None:
    written = []
    for folder in (tmp_path / "first", tmp_path / "second"):
        folder.mkdir()
        written.append({name: (folder / name).read_bytes() for name in export(small_fit, folder, formats=["svg"])})
    assert written[0] == written[1]


def test_ways_out_have_the_labels_of_ggseg_and_neuromaps(small_fit: nv.Fit, tmp_path: Path) -> None:
    assert export(small_fit, tmp_path, formats=["ggseg", "neuromaps"]) == [
        *("simulated1_ggseg.csv", "simulated2_ggseg.csv", "simulated1_neuromaps.csv", "simulated2_neuromaps.csv"),
    ]
    own = small_fit.regions().query("map == 'simulated2'").set_index("region")
    ggseg = pd.read_csv(tmp_path / "simulated2_ggseg.csv").set_index("label")
    assert ggseg.loc["rh_caudalmiddlefrontal", ["hemi", "region"]].tolist() == ["right", "caudal middle frontal"]
    assert ggseg.loc["lh_insula", "mean"] == pytest.approx(own.loc["L_insula", "mean"], rel=1e-6)
    neuromaps = pd.read_csv(tmp_path / "simulated2_neuromaps.csv")
    assert neuromaps["id"].tolist() == list(range(1, 69))
    assert neuromaps.loc[34, ["label", "hemisphere", "structure"]].tolist() == ["bankssts", "R", "cortex"]
    np.testing.assert_allclose(neuromaps["mean"], own["mean"], rtol=1e-6)


def test_another_atlas_leaves_out_what_needs_the_cortex(baseline_fit: nv.Fit, tmp_path: Path) -> None:
    study = baseline_fit.study
    odd = replace(study, graph=replace(study.graph, names=tuple(f"area{k}" for k in range(68))))
    names = export(replace(baseline_fit, study=odd), tmp_path)
    assert "summary.json" in names
    assert not [name for name in names if name.endswith((".gii", "ggseg.csv", "neuromaps.csv")) or "cortex" in name]
    with pytest.raises(nv.InputError, match="not Desikan-Killiany"):
        export(replace(baseline_fit, study=odd), tmp_path, formats=["ggseg"])


def test_overlays_colour_every_vertex_of_a_region(small_fit: nv.Fit, tmp_path: Path) -> None:
    export(small_fit, tmp_path, formats=["gifti"])
    image = nibabel.load(tmp_path / "simulated2_mean.R.func.gii")
    data = image.darrays[0].data
    assert data.shape == (10242,)
    assert image.meta["AnatomicalStructurePrimary"] == "CortexRight"
    own = small_fit.regions().query("map == 'simulated2' and hemisphere == 'R'")
    np.testing.assert_allclose(np.unique(data[~np.isnan(data)]), np.sort(own["mean"].astype(np.float32).unique()))
    assert 0.05 < np.isnan(data).mean() < 0.15  # the medial wall


def test_maps_of_vertices_are_written_by_region_and_by_vertex(fit_at_vertices: nv.Fit, tmp_path: Path) -> None:
    names = export(fit_at_vertices, tmp_path, formats=["csv", "gifti"])
    assert all(any(fnmatch(name, pattern) for pattern in FILES) for name in names)
    vertices, regions = fit_at_vertices.vertices(), fit_at_vertices.regions().set_index("region")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "vertices.csv"), vertices, check_dtype=False, rtol=1e-4)
    for quantity in ("mean", "sd", "lower95", "upper95", "p_negative"):
        data = nibabel.load(tmp_path / f"map_vertices_{quantity}.L.func.gii").darrays[0].data
        own = vertices[vertices["hemisphere"] == "L"]
        assert data.shape == (642,)
        np.testing.assert_allclose(data[own["vertex"]], own[quantity], rtol=1e-5)
        assert np.isnan(data).sum() == 642 - len(own)
    data = nibabel.load(tmp_path / "map_mean.R.func.gii").darrays[0].data
    assert data.shape == (10242,)
    assert np.unique(data[~np.isnan(data)]) == pytest.approx(np.sort(regions["mean"].iloc[100:].unique()), rel=1e-6)
    with pytest.raises(nv.InputError, match=r"not Desikan-Killiany.*the format neuromaps has"):
        export(fit_at_vertices, tmp_path, formats=["neuromaps"])


def test_overlays_stay_in_their_folder(small_fit: nv.Fit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = {"simulated1": "../../x", "simulated2": "/x"}
    study = replace(small_fit.study, maps=tuple(odd.values()))
    regions = small_fit.regions()
    named = regions.assign(map=regions["map"].map(odd))
    monkeypatch.setattr(nv.Fit, "regions", lambda _: named)
    folder = tmp_path / "deep" / "out"
    folder.mkdir(parents=True)
    names = export(replace(small_fit, study=study), folder, formats=["gifti"])
    assert len(names) == 2 * 2 * 7
    assert sorted(names) == sorted(str(path.relative_to(folder)) for path in tmp_path.rglob("*") if path.is_file())
    assert nibabel.load(folder / names[0]).darrays[0].meta["Name"] == "../../x mean"


def test_names_are_escaped() -> None:
    table = pd.DataFrame({"set_name": ["50% of A&B_1", "x|y"], "weight": [0.12345, np.nan]})
    latex = latex_table(table, caption="A & B")
    assert r"50\% of A\&B\_1 & 0.123 \\" in latex
    assert r"\caption{A \& B}\tabularnewline" in latex
    assert re.search(r"x\\textbar\{\}y &\s+\\\\", latex)
    markdown = markdown_table(table)
    assert markdown.splitlines()[1] == "| --- | ---: |"
    assert r"x\|y" in markdown


def test_names_run_nothing_where_they_go() -> None:
    names = ["[x] *y", "a\nb", "<script>&", "`rm` _z_ L_insula", "\x1b[31m\u202e", r"$\input{/etc/passwd}$"]
    table = pd.DataFrame({"<i>name": names, "weight": 0.5})
    latex = latex_table(table).splitlines()
    assert len([line for line in latex if line.endswith(r"\\")]) == 2 + len(names)  # heads of first and later pages
    assert r"{[}x{]} {*}y & 0.5 \\" in latex
    assert r"a b & 0.5 \\" in latex
    assert r"\textless{}script\textgreater{}\& & 0.5 \\" in latex
    assert r"\$\textbackslash{}input\{/etc/passwd\}\$ & 0.5 \\" in latex
    assert r"\textbackslash{}x1b{[}31m\textbackslash{}u202e & 0.5 \\" in latex
    markdown = markdown_table(table, caption="<b>").splitlines()
    assert markdown[:3] == ["&lt;b&gt;", "", "| &lt;i&gt;name | weight |"]
    assert markdown[4:] == [
        r"| \[x\] \*y | 0.5 |",
        "| a b | 0.5 |",
        "| &lt;script&gt;&amp; | 0.5 |",
        r"| \`rm\` \_z\_ L_insula | 0.5 |",
        r"| \\x1b\[31m\\u202e | 0.5 |",
        r"| \$\\input{/etc/passwd}\$ | 0.5 |",
    ]


def test_an_unknown_format_is_told(small_fit: nv.Fit, tmp_path: Path) -> None:
    with pytest.raises(nv.SettingsError, match="unknown format docx"):
        export(small_fit, tmp_path, formats=["docx"])
    assert list(tmp_path.iterdir()) == []


def test_the_commands_report_and_export_write_their_files(
    run, small_fit: nv.Fit, baseline_fit: nv.Fit, tmp_path: Path
) -> None:
    small_fit.save(tmp_path / "fit.nc")
    baseline_fit.save(tmp_path / "baseline.nc")
    status, out, err = run("export", tmp_path / "fit.nc", "--out", tmp_path / "paper", "--formats", "latex,json")
    assert (status, err) == (0, "")
    assert {one.name for one in (tmp_path / "paper").iterdir()} == {
        *("regions_simulated1.tex", "regions_simulated2.tex", "genes_simulated1.tex", "genes_simulated2.tex"),
        *("variance.tex", "summary.json"),
    }
    status, _, err = run("export", tmp_path / "fit.nc", "--out", tmp_path / "paper")
    assert status == 2
    assert "holds regions_simulated1.tex already" in err
    status, out, _ = run("report", tmp_path / "baseline.nc", "--out", tmp_path / "report.html")
    assert status == 0
    assert "wrote report.html" in out
    assert (tmp_path / "report.html").read_text().startswith("<!DOCTYPE html>")
    status, _, err = run("report", tmp_path / "baseline.nc", "--out", tmp_path / "report.html")
    assert (status, "holds report.html already" in err) == (2, True)
    status, _, err = run("report", tmp_path / "fit.nc", "--out", tmp_path / "b.html", "--validation", tmp_path)
    assert status == 2
    assert "holds no scores.csv" in err
    assert not (tmp_path / "b.html").exists()
    status, _, err = run("report", tmp_path / "none.nc", "--out", tmp_path / "c.html")
    assert (status, "no such file" in err) == (2, True)
