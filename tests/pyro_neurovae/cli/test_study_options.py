"""The study's options of the command line as a record of files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pyro_neurovae.atlases.normative import normative_correlation
from pyro_neurovae.cli.study_options import NormalisedStudyOptions, StudyOptions
from pyro_neurovae.errors import InputError, SettingsError
from pyro_neurovae.studies.files import StudyFiles

FILES = {"expression": Path("e.csv"), "thinning": [Path("m.csv")]}


def test_defaults_are_those_of_the_record():
    plain = StudyFiles(**FILES)
    assert vars(StudyOptions(**FILES).files()) == vars(plain)
    assert vars(NormalisedStudyOptions(**FILES).files()) == vars(plain)


def test_words_of_the_command_line():
    said = NormalisedStudyOptions(**FILES, graph="none", regions=Path("r.csv"), se="none", normalise="gene").files()
    assert (said.graph, said.regions, said.standard_error, said.normalise) == (None, Path("r.csv"), "none", "gene")
    assert StudyOptions(**FILES, se="sizes").files().standard_error == "sizes"
    assert StudyOptions(**FILES, covariance=["none"]).files().covariance == "none"
    assert StudyOptions(**FILES, covariance=["c.csv"]).files().covariance == [Path("c.csv")]
    assert StudyOptions(**FILES, graph="far.csv", graph_kind="distance").files().graph_kind == "distance"
    said = StudyOptions(**FILES, kind="t", flip=True).files()
    assert (said.kind, said.flip) == ("t", True)
    how = StudyOptions(**FILES, sampling_correlation="exchangeable", structure="r.csv").files()
    assert (how.sampling_correlation, how.structure) == ("exchangeable", "r.csv")


def test_correlations_are_read_from_files(data_dir, tmp_path):
    table = normative_correlation("adhd200")
    table.to_csv(tmp_path / "children.csv")
    files = {
        "expression": data_dir / "expression/ahba_dk68_l1000_stable0.2.csv",
        "thinning": [data_dir / "thickness/enigma_pd.txt"],
    }
    one = str(tmp_path / "children.csv")
    study = NormalisedStudyOptions(**files, sampling_correlation=one, structure=one).read()
    assert study.sampling_correlation == ("children.csv",)
    np.testing.assert_allclose(study.structure, table)
    bare = NormalisedStudyOptions(**files, sampling_correlation="independent", structure="none").read()
    assert (bare.covariance, bare.structure) == (None, None)
    with pytest.raises(InputError, match=r"nowhere\.csv: no such file"):
        NormalisedStudyOptions(**files, structure=str(tmp_path / "nowhere.csv")).read()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"se": "none", "covariance": ["c.csv"]},
            "a covariance has no effect with --se none .*; leave out one of the two",
        ),
        ({"se": "sizes", "covariance": ["c.csv"]}, "a covariance has no effect with --se sizes"),
        ({"se": "none", "sampling_correlation": "exchangeable"}, "--sampling-correlation has no effect with --se none"),
        ({"se": "sizes", "se_column": "se"}, "--se-column se has no effect with --se sizes; leave out one of the two"),
    ],
)
def test_options_without_effect(data_dir, options, message):
    files = {
        "expression": data_dir / "expression/ahba_dk68_l1000_stable0.2.csv",
        "thinning": [data_dir / "thickness/enigma_pd.txt"],
    }
    with pytest.raises(InputError, match=message):
        NormalisedStudyOptions(**files, **options).read()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"graph_kind": "far"}, "--graph-kind far is unknown: the known ones are weights, distance"),
        ({"se": "some"}, "--se some is unknown: the known ones are file, sizes, none"),
        ({"kind": "F"}, "--kind F is unknown: the known ones are auto, d, mm, percent, rate, t, z, b"),
        ({"normalise": "column"}, "--normalise column is unknown: the known ones are gene, region, none"),
    ],
)
def test_unknown_choices(options, message):
    with pytest.raises(SettingsError, match=message):
        NormalisedStudyOptions(**FILES, **options).files()
