"""How far results move: every number by hand, and the picture of it."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae import cli
from pyro_neurovae.errors import NeurovaeError, SettingsError
from pyro_neurovae.evidence.power_scaling import GROUPS

NAMES = ["another seed", "two programs", "iid", "half the genes"]


@pytest.fixture(scope="module")
def found(small_sensitivity):
    return small_sensitivity


def test_a_row_for_everything(small_fit, found):
    names = [f"{group} to the power {power}" for group in GROUPS if group != "likelihood" for power in ("0.5", "2")]
    names += ["likelihood to the power 0.8", "likelihood to the power 1.25", *NAMES]
    for name in small_fit.study.maps:
        own = found.variants[found.variants["map"] == name]
        assert own["variant"].tolist() == names
    assert len(found.regions) == len(names) * 2 * 68
    assert len(found.genes) == (len(names) - 1) * 2 * 40 + 2 * 20
    assert set(found.power["group"]) == set(GROUPS)


def test_a_variant_is_the_fit_with_that_change(small_fit, found, quick):
    direct = nv.fit(small_fit.study, seed=5, programs=small_fit, **{**quick, "spatial_prior": "iid"})
    table = direct.regions()
    own = found.regions[found.regions["variant"] == "iid"].reset_index(drop=True)
    before = small_fit.regions()
    np.testing.assert_allclose(own["mean"], table["mean"], rtol=1e-6)
    np.testing.assert_allclose(own["lower90"], table["lower90"], rtol=1e-6)
    np.testing.assert_allclose(own["shift"], (table["mean"] - before["mean"]) / before["sd"], rtol=1e-3, atol=1e-6)
    widths = (table["upper90"] - table["lower90"]) / (before["upper90"] - before["lower90"])
    np.testing.assert_allclose(own["width"], widths, rtol=1e-6)


def test_weights_that_fail_are_replaced_by_a_refit(small_fit, monkeypatch):
    monkeypatch.setattr("pyro_neurovae.evidence.power_scaling._MOST_K", -9.0)  # nothing is good enough
    powers = dict.fromkeys(GROUPS, (2.0,)) | {"likelihood": (0.8,)}
    monkeypatch.setattr("pyro_neurovae.evidence.sensitivities._POWERS", powers)
    # "scales": the power of the spiked prior of the transcriptomic scale is none that a refit could have.
    found = (
        nv.sensitivity(small_fit, [nv.Variant("iid", {"spatial_prior": "iid"})])
        .variants.drop_duplicates("variant")
        .set_index("variant")
    )
    lost = ["scales to the power 2", "likelihood to the power 0.8"]
    assert (found.loc[found["kind"] == "power", "how"].drop(lost) == "refit").all()
    assert (found.loc[lost, "how"] == "unreliable").all()
    assert (found.loc[found["how"] == "refit", "seconds"] > 0).all()


def test_the_conclusion_names_the_worst_and_what_chance_does(small_fit, found):
    name = small_fit.study.maps[1]
    own = found.variants[found.variants["map"] == name].set_index("variant")
    others = own[own["how"] != "unreliable"].drop("another seed")
    text = found.conclusion(name)
    assert f"by at most {others['largest_shift'].max():.2f} posterior sd ({others['largest_shift'].idxmax()})" in text
    assert f"another seed alone moves them by {own.loc['another seed', 'largest_shift']:.2f}" in text


def test_a_paper_fit_has_the_grid_alone(small_study):
    quick = {"steps": 20, "n_latent": 3, "width": 8, "warm_up": 5, "patience": 5, "draws": 20}
    fit = nv.fit(small_study, "paper", **quick)
    found = nv.sensitivity(fit, [nv.Variant("lambda 1", {"lam": 1.0})])
    assert len(found.power) == 0
    assert len(found.genes) == 2 * 40
    assert set(found.variants["variant"]) == {"lambda 1"}


def test_the_picture_shows_the_table(small_fit, found, tmp_path):
    name = small_fit.study.maps[0]
    figure = nv.plot_sensitivity(found)
    left, right = figure.axes
    own = found.variants[found.variants["map"] == name].reset_index(drop=True)
    doubt = np.where(own["how"] == "unreliable", " (unreliable)", "")
    assert [label.get_text() for label in left.get_yticklabels()] == (own["variant"] + doubt).tolist()
    dots = [points.get_offsets()[:, 0] for points in left.collections]
    regions = found.regions[found.regions["map"] == name]
    for variant, drawn in zip(own["variant"], dots, strict=True):
        np.testing.assert_allclose(drawn, regions.loc[regions["variant"] == variant, "shift"])
    assert [bar.get_width() for bar in right.patches] == own["flips"].tolist()
    assert "posterior standard deviations" in left.get_xlabel()
    assert name in left.get_title(loc="left")
    figure.savefig(tmp_path / "picture.png")
    with pytest.raises(SettingsError, match="no map x was analysed; the maps are simulated1, simulated2"):
        nv.plot_sensitivity(found, "x")


def test_a_missing_matplotlib_is_said(found, monkeypatch):
    monkeypatch.delitem(sys.modules, "pyro_neurovae.plots.picture", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(NeurovaeError, match="pictures need matplotlib; install it by: pip install matplotlib"):
        nv.plot_sensitivity(found)


def test_what_can_not_be_varied_is_said(small_fit, baseline_fit):
    with pytest.raises(SettingsError, match="give at least one variant, and each a name of its own"):
        nv.sensitivity(small_fit, [])
    exact = nv.fit(small_fit.study, "spatial", method="exact", draws=20)
    with pytest.raises(SettingsError, match="variants are fitted by svi"):
        nv.sensitivity(exact)
    impossible = [nv.Variant("smooth", {"smoothness": nv.PCPrior(0.9, 0.5)})]
    with pytest.raises(SettingsError, match=r"variant 'smooth' can't be fitted: .* out of reach for a PC prior"):
        nv.sensitivity(small_fit, impossible)
    assert len(nv.sensitivity(baseline_fit, [nv.Variant("iid", {"spatial_prior": "iid"})]).genes) == 0


def test_command(small_fit, tmp_path, capsys):
    small_fit.save(tmp_path / "fit.nc")
    (tmp_path / "grid.toml").write_text('[[variant]]\nname = "two programs"\nn_programs = 2\n')
    given = ["sensitivity", str(tmp_path / "fit.nc"), "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as end:
        cli.main([*given, "--grid", str(tmp_path / "grid.toml")])
    printed = capsys.readouterr().out
    assert end.value.code == 0
    assert "two programs" in printed
    assert "Region means of simulated1 move by at most" in printed
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        *("power_scaling.csv", "sensitivity_genes.csv", "sensitivity_regions.csv"),
        *("sensitivity_simulated1.png", "sensitivity_simulated2.png", "sensitivity_variants.csv"),
    ]
    table = pd.read_csv(tmp_path / "out" / "power_scaling.csv")
    assert ",".join(table.columns) == "map,group,quantity,sensitivity,noise,k,diagnosis"
    with pytest.raises(SystemExit) as end:
        cli.main([*given, "--grid", "no.toml", "--overwrite"])
    assert end.value.code == 2
    assert capsys.readouterr().err.strip() == "pyro-neurovae: no.toml: no such file; check the path and the spelling."
