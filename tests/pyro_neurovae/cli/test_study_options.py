"""The study's options of the command line as a record of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyro_neurovae.cli.study_options import NormalisedStudyOptions, StudyOptions
from pyro_neurovae.errors import SettingsError
from pyro_neurovae.studies.files import StudyFiles

FILES = {"expression": Path("e.csv"), "thinning": [Path("m.csv")]}


def test_defaults_are_those_of_the_record():
    plain = StudyFiles(**FILES)
    assert vars(StudyOptions(**FILES).files()) == vars(plain)
    assert vars(NormalisedStudyOptions(**FILES).files()) == vars(plain)


def test_words_of_the_command_line():
    said = NormalisedStudyOptions(**FILES, graph="none", regions=Path("r.csv"), se="none", normalise="gene").files()
    assert (said.graph, said.regions, said.standard_error, said.normalise) == (None, Path("r.csv"), "none", "gene")
    assert StudyOptions(**FILES, covariance=["none"]).files().covariance == "none"
    assert StudyOptions(**FILES, covariance=["c.csv"]).files().covariance == [Path("c.csv")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"se": "some"}, "--se some is unknown: the known ones are file, none"),
        ({"normalise": "column"}, "--normalise column is unknown: the known ones are gene, region, none"),
    ],
)
def test_unknown_choices(options, message):
    with pytest.raises(SettingsError, match=message):
        NormalisedStudyOptions(**FILES, **options).files()
