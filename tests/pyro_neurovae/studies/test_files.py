"""The files of a study as one record: read as `Study.from_files` reads them."""

from __future__ import annotations

import dataclasses
import inspect

import numpy as np
import pytest

from pyro_neurovae.errors import InputError
from pyro_neurovae.studies.files import StudyFiles
from pyro_neurovae.studies.study import Study


@pytest.fixture
def files(study, expression, thinning, errors, tmp_path):
    expression.to_csv(tmp_path / "expression.csv")
    for name, factor in (("ad", 1), ("pd", 2)):
        table = thinning.rename("effect").rename_axis("region").to_frame().assign(other=factor * thinning, se=errors)
        table.to_csv(tmp_path / f"{name}.csv")
    return tmp_path


def test_the_record_has_the_options_of_from_files():
    given = inspect.signature(Study.from_files).parameters
    record = inspect.signature(StudyFiles).parameters
    assert record.keys() == given.keys()
    assert {name: one.default for name, one in record.items()} == {name: one.default for name, one in given.items()}
    assert {name: one.annotation for name, one in record.items()} == {
        name: one.annotation for name, one in given.items()
    }


def test_a_record_reads_what_from_files_reads(files, study):
    record = StudyFiles(files / "expression.csv", files / "ad.csv")
    assert record.read().same_as(study)
    more = {
        "thinning": [files / "ad.csv", files / "pd.csv"],
        "value_column": "other",
        "se_column": "se",
        "kind": "mm",
        "flip": ["pd"],
        "normalise": "gene",
        "genes": ["G3", "G1", "G2"],
        "graph": "dk68-distance",
        "sampling_correlation": "exchangeable",
        "structure": "none",
    }
    read = dataclasses.replace(record, **more).read()
    assert read.same_as(Study.from_files(files / "expression.csv", **more))
    assert (read.maps, read.genes, read.normalise) == (("ad", "pd"), ("G1", "G2", "G3"), "gene")
    np.testing.assert_array_equal(read.thinning[1], -2 * read.thinning[0])
    assert read.structure is None


def test_options_are_fixed_and_faults_come_with_the_reading(files):
    record = StudyFiles(files / "expression.csv", files / "none.csv")
    with pytest.raises(dataclasses.FrozenInstanceError):
        record.genes = ["G1"]
    with pytest.raises(InputError, match=r"none\.csv: no such file"):
        record.read()
