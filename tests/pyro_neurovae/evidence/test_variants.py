"""Variants: what each changes and nothing else, and the files that hold them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import pyro_neurovae as nv
from pyro_neurovae.errors import InputError, SettingsError
from pyro_neurovae.evidence.variants import Variant, default_grid, read_grid
from pyro_neurovae.models.options import fit_settings
from pyro_neurovae.models.settings import PCPrior, SpikedPrior
from pyro_neurovae.studies.fingerprints import fingerprint

FILE = """
[[variant]]
name = "few programs"
n_programs = 6
transcriptomic_scale = {upper = 2.0, alpha = 0.1}
seed = 3

[[variant]]
name = "other data"
graph = "dk68-boundary"
normalise = "gene"
genes = "panel.txt"

[[variant]]
name = "no homologues"
graph = "no-homologues"
genes = ["gene0002", "gene0001"]

[[variant]]
name = "as version 0.1"
errors = "independent"
structure = "none"
transcriptomic_scale = {absent = 0.4, tip = 0.05, width = 1.0}
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "panel.txt").write_text("gene0003\ngene0001\n")
    (tmp_path / "grid.toml").write_text(FILE)
    return tmp_path / "grid.toml"


def test_a_file_of_variants(file, small_study):
    first, second, third, _ = read_grid(file)
    settings = fit_settings(n_programs=3, seed=9)
    study, changed = first.apply(small_study, settings)
    assert study is small_study
    assert (changed.family.n_programs, changed.family.transcriptomic_scale, changed.seed) == (6, PCPrior(2.0, 0.1), 3)
    assert changed.family.strength == settings.family.strength
    study, changed = second.apply(small_study, settings)
    assert changed == settings
    assert (study.genes, study.normalise) == (("gene0003", "gene0001"), "gene")
    np.testing.assert_array_equal(study.graph.weights, nv.RegionGraph.dk68(weights="boundary").weights)
    np.testing.assert_array_equal(study.expression[:, 1], small_study.expression[:, 0])
    np.testing.assert_array_equal(study.thinning, small_study.thinning)
    study, _ = third.apply(small_study, settings)
    left, right = np.array(small_study.graph.homologues).T
    assert (study.graph.weights[left, right] == 0).all()
    assert study.graph.weights.sum() == small_study.graph.weights.sum() - 2 * 34
    assert study.graph.homologues == small_study.graph.homologues


def test_errors_and_structure_of_a_variant(file):
    study, settings = nv.simulate(1, genes=20), fit_settings()
    assert study.covariance is not None
    changed, own = read_grid(file)[3].apply(study, settings)
    assert (changed.covariance, changed.structure, changed.sampling_correlation) == (None, None, ("independent",))
    np.testing.assert_array_equal(changed.standard_error, study.standard_error)
    np.testing.assert_array_equal(changed.thinning, study.thinning)
    assert own.family.transcriptomic_scale == SpikedPrior(0.4, 0.05, 1.0)
    assert (
        fingerprint(changed) != fingerprint(study) != fingerprint(Variant("v", structure="none").apply(study, own)[0])
    )


@pytest.mark.parametrize(
    ("model", "names"),
    [
        ("cross-scale", {"independent errors", "no structure"}),
        ("structural", {"independent errors", "no structure"}),
        ("spatial", {"independent errors"}),
        ("stacked", {"independent errors"}),
    ],
)
def test_usual_variants_of_errors_and_structure(model, names):
    study, both = nv.simulate(1, genes=20), {"independent errors", "no structure"}
    settings = fit_settings(model)
    assert both & {one.name for one in default_grid(study, settings)} == names
    bare = replace(study, covariance=None, sampling_correlation=(), structure=None)
    assert not both & {one.name for one in default_grid(bare, settings)}


@pytest.mark.parametrize("model", ["cross-scale", "expression", "structural", "spatial", "paper"])
def test_every_usual_variant_can_be_applied_and_differs(small_study, model):
    settings = fit_settings(model)
    grid = default_grid(small_study, settings)
    assert grid[0].name == "another seed"
    assert len({one.name for one in grid}) == len(grid)
    for one in grid:
        study, changed = one.apply(small_study, settings)
        assert study is not small_study or changed != settings


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "grid.toml is no TOML .* correct it there"),
        ("variant = 3", r"grid.toml has no variant; write each"),
        ("variant = [1, 2]", "grid.toml: variant number 1 has no name; add one"),
        (f"variant = {'[' * 5000}", "grid.toml is no TOML .* correct it there"),
        ("", r"grid.toml has no variant; write each variant as a table \[\[variant\]\] with a name"),
        ("seed = 3", "grid.toml has 'seed' at its top; write each"),
        ("[[variant]]\nseed = 3", "grid.toml: variant number 1 has no name; add one"),
        ('[[variant]]\nname = "a"\n[[variant]]\nname = "a"', "grid.toml: two variants are called 'a'; rename one"),
        ('[[variant]]\nname = "a"\nseed = "b"', "grid.toml, variant 'a': seed is 'b'; give a whole number"),
        (
            '[[variant]]\nname = "a"\ngraph = "b"',
            "variant 'a': graph 'b' is no file and unknown; the known ones are",
        ),
        (
            '[[variant]]\nname = "a"\nstrength = {upper = 1}',
            "variant 'a': strength: {'upper': 1} is no prior; write upper and alpha",
        ),
        ('[[variant]]\nname = "a"\nstrength = {upper = -1, alpha = 0.1}', "variant 'a': strength: .* out of range"),
        (
            '[[variant]]\nname = "a"\nsettings = {n_programs = 8, tip = 1}',
            "variant 'a': settings is no key of a variant; write n_programs, tip beside its name",
        ),
        ('[[variant]]\nname = "a"\ngenes = "no.txt"', "variant 'a': the file of genes 'no.txt' can't be read"),
        ('[[variant]]\nname = "a"\ngenes = [1]', "variant 'a': genes is no list of names"),
    ],
)
def test_faults_of_a_file(tmp_path, text, message):
    (tmp_path / "grid.toml").write_text(text)
    with pytest.raises(InputError, match=message):
        read_grid(tmp_path / "grid.toml")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"no\.toml: no such file; check the path and the spelling"):
        read_grid(tmp_path / "no.toml")


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"settings": {"magic": 1}}, SettingsError, "variant 'v': model cross-scale has no setting 'magic'; it has"),
        ({"settings": {"n_programs": 0}}, SettingsError, "variant 'v': n_programs is 0"),
        ({"genes": ("none",)}, InputError, "variant 'v': the study has no gene none; name genes of the fit"),
        ({"normalise": "x"}, InputError, "variant 'v': unknown normalise 'x'"),
        ({"errors": "x"}, SettingsError, "variant 'v': errors is 'x'; give 'independent', or leave it out"),
        ({"structure": "x"}, SettingsError, "variant 'v': structure is 'x'; give 'none', or leave it out"),
        (
            {"graph": nv.RegionGraph.dk68().subset(nv.RegionGraph.dk68().names[:9])},
            InputError,
            "variant 'v': its graph has no region L_lateraloccipital; give one with the regions of the fit",
        ),
    ],
)
def test_faults_of_a_variant(small_study, change, error, message):
    with pytest.raises(error, match=message):
        Variant("v", **change).apply(small_study, fit_settings())
