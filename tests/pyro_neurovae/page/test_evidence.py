"""Sections on null maps and other choices: a part of each for every map."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import pyro_neurovae as nv
from pyro_neurovae.evidence.result import Result
from pyro_neurovae.page.evidence import nulls_section, sensitivity_section
from pyro_neurovae.page.pictures import Pictures

NAMES = {"a": "simulated1", "b": "simulated2"}


def of_the_fit(found: Any) -> Any:
    """A made result under the names of the fit's maps."""
    tables = {
        name: table.assign(map=table["map"].map(NAMES))
        for name, table in found.contents().items()
        if hasattr(table, "columns") and "map" in table
    }
    return replace(found, **tables)


@pytest.fixture
def beside(made_results: dict[type[Result], Result]) -> dict[str, Any]:
    """Null maps and sensitivity of the fit's two maps."""
    return {
        "nulls": of_the_fit(made_results[nv.Nulls]),
        "sensitivity": of_the_fit(made_results[nv.Sensitivity]),
    }


@pytest.mark.parametrize(("kind", "make"), [("nulls", nulls_section), ("sensitivity", sensitivity_section)])
def test_every_map_has_its_own_part(small_fit: nv.Fit, beside: dict[str, Any], kind: str, make: Any) -> None:
    body = make(small_fit, beside[kind], Pictures(small_fit)).body
    first, second = body.index("<h3>simulated1</h3>"), body.index("<h3>simulated2</h3>")
    for part, name, other in ((body[first:second], *NAMES.values()), (body[second:], *reversed(NAMES.values()))):
        assert part.count("<table>") == part.count("<img") == 1
        assert f"{name}" in part
        assert other not in part.replace(f"<h3>{other}</h3>", "")


def test_its_pictures_go_with_the_exported_ones(
    small_fit: nv.Fit, beside: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for slow in ("forest", "surface", "prior_posterior", "observed_predicted", "variance", "program_maps", "training"):
        monkeypatch.setattr(nv.plots, slow, _missing)
    wanted = [f"{kind}_{name}.svg" for name in NAMES.values() for kind in ("null_maps", "prior_sensitivity")]
    assert nv.export(small_fit, tmp_path, formats=["svg"], **beside) == wanted
    assert "simulated2" in (tmp_path / "null_maps_simulated2.svg").read_text()
    assert nv.export(small_fit, tmp_path, formats=["svg"]) == []


def _missing(*_: Any, **__: Any) -> None:
    raise nv.InputError("not drawn here")
