"""Results: what one writes it reads again, and what it says when that can't be."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from pyro_neurovae.cards import Shown
from pyro_neurovae.errors import InputError
from pyro_neurovae.evidence.null_tests import Nulls
from pyro_neurovae.evidence.result import Result
from pyro_neurovae.evidence.sensitivities import Sensitivity
from pyro_neurovae.evidence.validation import Validation
from pyro_neurovae.evidence.verification import Verification

FILES = {
    Validation: ["scores.csv", "pointwise.csv", "differences.csv", "weights.csv"],
    Nulls: ["nulls.csv", "null_genes.csv", "null_maps.csv", "null_distribution.csv"],
    Sensitivity: [
        *("power_scaling.csv", "sensitivity_variants.csv", "sensitivity_regions.csv", "sensitivity_genes.csv"),
    ],
    Verification: ["verify.json"],
}


@pytest.mark.parametrize("kind", FILES, ids=lambda kind: kind.__name__)
def test_files_are_those_of_the_contract(kind, made_results, tmp_path):
    found = made_results[kind]
    assert found.write(tmp_path) == list(kind.files.values()) == FILES[kind]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES[kind])


@pytest.mark.parametrize("kind", FILES, ids=lambda kind: kind.__name__)
def test_what_is_written_is_read_again(kind, made_results, tmp_path):
    found = made_results[kind]
    found.write(tmp_path)
    again = kind.read(tmp_path)
    for one in fields(kind):
        before, after = (getattr(result, one.name) for result in (found, again))
        if isinstance(before, pd.DataFrame):
            pd.testing.assert_frame_equal(after, before, rtol=1e-7, check_dtype=False)
        elif one.name == "settings" and kind is Nulls:  # the tables tell the method and the number alone
            assert after == {name: before[name] for name in ("method", "number")}
        else:
            assert str(after) == str(before)
    assert list(again.shown()) == list(found.shown())
    assert again.write(tmp_path) == FILES[kind]


def test_a_table_has_eight_digits_and_no_index(made_results, tmp_path):
    found = made_results[Validation]
    found.write(tmp_path)
    head, first = (tmp_path / "weights.csv").read_text().splitlines()[:2]
    assert (head, first) == ("map,model,weight", "a,one,0.66666667")


def test_a_kind_of_result_is_its_tables_and_what_it_shows(tmp_path):
    """From outside the package: all that a new kind declares."""

    @dataclass(frozen=True)
    class Tally(Result):
        counts: pd.DataFrame
        note: dict[str, Any]
        files: ClassVar[Mapping[str, str]] = {"counts": "counts.csv", "note": "note.json"}

        def shown(self):
            yield Shown.of("Counts", self.counts, {"map": "{map}", "share": "{count:d} ({share:.0%})"})
            yield f"by {self.note['by']}"

    found = Tally(pd.DataFrame({"map": ["a", "b"], "count": [3, 1], "share": [0.75, 0.25]}), {"by": "hand"})
    assert found.write(tmp_path) == ["counts.csv", "note.json"]
    again = Tally.read(tmp_path)
    pd.testing.assert_frame_equal(again.counts, found.counts)
    assert again.note == found.note
    table, sentence = again.shown()
    assert table == Shown("Counts", ("map", "share"), (("a", "3 (75%)"), ("b", "1 (25%)")), names=1)
    assert sentence == "by hand"
    assert again.remarks() == ()


@pytest.mark.parametrize(
    ("kind", "file", "text", "message"),
    [
        (Validation, "pointwise.csv", None, "holds no pointwise.csv; name the folder that the command wrote to"),
        (Validation, "scores.csv", "", "scores.csv is no table that can be read; run the command that wrote it again"),
        (Validation, "scores.csv", "a,b\n1,2\n", "scores.csv has no column map; name the folder that the command"),
        (Nulls, "nulls.csv", b"\xff\xfe\xfa", "nulls.csv is no table that can be read"),
        (
            Nulls,
            "nulls.csv",
            "map,p\na,1\n",
            "nulls.csv, null_genes.csv, .* are not what the command writes; run it ag",
        ),
        (Sensitivity, "sensitivity_genes.csv", None, "holds no sensitivity_genes.csv"),
        (
            Sensitivity,
            "sensitivity_variants.csv",
            "",
            "variants.csv holds no variant; run pyro-neurovae sensitivity ag",
        ),
        (Verification, "verify.json", None, "holds no verify.json"),
        (Verification, "verify.json", "{", "verify.json is no record that can be read; run the command that wrote it"),
        (Verification, "verify.json", "{}", "verify.json are not what the command writes; run it again"),
    ],
)
def test_what_can_not_be_read_is_said(kind, file, text, message, made_results, tmp_path):
    made_results[kind].write(tmp_path)
    path = tmp_path / file
    if text is None:
        path.unlink()
    else:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=message):
        kind.read(tmp_path)


def test_a_study_of_sensitivity_may_lack_power_and_genes(made_results, tmp_path):
    found = made_results[Sensitivity]
    none = Sensitivity(pd.DataFrame(), found.variants, found.regions, found.genes[:0])
    none.write(tmp_path)
    again = Sensitivity.read(tmp_path)
    assert again.power.empty
    assert again.genes.empty
    assert len(again.variants) == len(found.variants)


def test_scores_without_a_ceiling_come_back_as_none_or_nan(made_results, tmp_path):
    found = made_results[Verification]
    unknown = Verification(**{**vars(found), "noise_ceiling": None, "in_sample": {"r2": 0.5, "r": float("nan")}})
    unknown.write(tmp_path)
    again = Verification.read(tmp_path)
    assert again.noise_ceiling is None
    assert np.isnan(again.in_sample["r"])
    assert again.passed == unknown.passed


def test_names_that_look_like_something_else_come_back(made_results, tmp_path):
    found = made_results[Validation]
    odd = {"a": "1", "b": "NA", "c": "=x"}
    found = Validation(*(table.assign(map=table["map"].map(odd)) for table in found.contents().values()))
    found.write(tmp_path)
    again = Validation.read(tmp_path)
    for name, table in found.contents().items():
        assert list(getattr(again, name)["map"]) == list(table["map"])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_is_not_waited_for(made_results, tmp_path):
    made_results[Validation].write(tmp_path)
    (tmp_path / "scores.csv").unlink()
    os.mkfifo(tmp_path / "scores.csv")
    with pytest.raises(InputError, match=r"scores\.csv is a pipe or a device"):
        Validation.read(tmp_path)
