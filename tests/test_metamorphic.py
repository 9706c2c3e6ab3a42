"""What must not matter does not: order, spelling, units, signs, constants and blanks, from files to numbers."""

from __future__ import annotations

import csv

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.atlases.atlas import dk68_names

DK = list(dk68_names())


def spelled(name: str) -> dict[str, str]:
    """A region in the spellings of the tools that name it."""
    side, region = name.split("_")
    word = {"L": "left", "R": "right"}[side]
    return {
        "FreeSurfer": f"{side.lower()}h_{region}_thickness",
        "annotation": f"ctx-{side.lower()}h-{region}",
        "ENIGMA": f"{side}_{region}_thickavg",
        "words": f"{word.title()} {region.upper()}",
        "behind": f"{region}_{word}",
    }


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(0)
    genes = pd.DataFrame(rng.uniform(size=(68, 12)).round(4), columns=[f"GENE{j}" for j in range(12)])
    genes.insert(0, "region", DK)
    effects = {"region": DK, "d": rng.normal(-0.2, 0.1, 68).round(4), "se": rng.uniform(0.04, 0.08, 68).round(4)}
    return {"expression": genes, "map": pd.DataFrame(effects)}


@pytest.fixture
def read(tmp_path):
    """Write the tables and read the study that they make."""

    def made(tables: dict[str, pd.DataFrame], *, text=lambda text: text, **options) -> nv.Study:
        for name, table in tables.items():
            (tmp_path / f"{name}.csv").write_text(text(table.to_csv(index=False)), encoding="utf-8")
        return nv.Study.from_files(tmp_path / "expression.csv", tmp_path / "map.csv", **options)

    return made


def same(one: nv.Study, two: nv.Study) -> bool:
    """Whether all that decides a result is the same, genes in any order."""
    return one.select(genes=sorted(one.genes)).same_as(two.select(genes=sorted(two.genes)))


# Tables to a study


def test_order_of_rows_and_columns(tables, read):
    wanted = read(tables)
    rows = {name: table.sample(frac=1, random_state=1) for name, table in tables.items()}
    assert same(read(rows), wanted)
    columns = {name: table[["region", *table.columns[:0:-1]]] for name, table in tables.items()}
    assert same(read(columns), wanted)


def test_either_way_round(tables, read):
    turned = tables["expression"].set_index("region").T.rename_axis("gene").reset_index()
    assert same(read(tables | {"expression": turned}), read(tables))


@pytest.mark.parametrize("spelling", list(spelled(DK[0])))
def test_spelling_of_regions(tables, read, spelling):
    other = {name: table.assign(region=[spelled(one)[spelling] for one in DK]) for name, table in tables.items()}
    assert same(read(other), read(tables))


def blanks(text: str) -> str:
    rows = list(csv.reader(text.splitlines()))
    return "\n\n".join(",".join(f"  {cell}   " for cell in row) for row in rows) + "\n \n"


def tabs(text: str) -> str:
    return text.replace(",", "\t").replace("\n", "\r\n")


def columns_of_blanks(text: str) -> str:
    return text.replace(",", "    ")


def quotes(text: str) -> str:
    return "\n".join(",".join(f'"{cell}"' for cell in row) for row in csv.reader(text.splitlines())) + "\n"


def commas(text: str) -> str:
    return text.replace(",", ";").replace(".", ",")


@pytest.mark.parametrize("text", [blanks, tabs, columns_of_blanks, quotes, commas])
def test_blanks_delimiters_and_quotes(tables, read, text):
    assert same(read(tables, text=text), read(tables))


def test_sign(tables, read):
    table = tables["map"]
    turned = read(tables | {"map": table.assign(d=-table["d"])}, flip=True)
    np.testing.assert_array_equal(turned.thinning, read(tables).thinning)
    np.testing.assert_array_equal(turned.standard_error, read(tables).standard_error)


def test_units_of_effects_and_errors(tables, read):
    table = tables["map"].rename(columns={"d": "difference_mm"})  # Cohen's d has no unit
    wanted = read(tables | {"map": table})
    larger = read(tables | {"map": table.assign(difference_mm=10 * table["difference_mm"], se=10 * table["se"])})
    np.testing.assert_allclose(larger.thinning, 10 * wanted.thinning)
    np.testing.assert_allclose(larger.sampling_covariance(), 100 * wanted.sampling_covariance(), rtol=1e-6)


def test_constants_of_regions_and_units_of_expression(tables, read):
    genes = tables["expression"].set_index("region")
    moved = (genes * 7 + np.arange(68)[:, None]).reset_index()
    other, wanted = read(tables | {"expression": moved}), read(tables)
    np.testing.assert_allclose(other.normalised_expression(), wanted.normalised_expression(), atol=1e-9)


# Subjects to a map


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    cohort = nv.simulate_cohort(3, n_control=30, n_case=20).subjects
    thickness = pd.DataFrame(cohort.thickness, columns=list(cohort.regions))
    table = pd.concat([cohort.table, thickness], axis=1)
    table.insert(0, "subject", [f"sub-{int(name):04d}" for name in cohort.names])
    return table


def compared(people: pd.DataFrame, **options) -> nv.Contrast:
    asked = {"group": "diagnosis", "case": "AD", "control": "CN", "covariates": ["age", "sex"]} | options
    return nv.contrast(people, **asked)


@pytest.mark.filterwarnings("ignore::pyro_neurovae.errors.NeurovaeWarning")
def test_what_changes_nothing_in_subjects(people):
    wanted = compared(people).map
    others = {
        "rows": people.sample(frac=1, random_state=2),
        "columns": people[["subject", *people.columns[:0:-1]]],
        "spelling": people.rename(columns={name: spelled(name)["FreeSurfer"] for name in DK}),
        "blanks": people.assign(diagnosis=people["diagnosis"] + "  ", subject="  " + people["subject"]),
        "a constant in years": people.assign(age=people["age"] + 30),
        "months": people.assign(age=people["age"] * 12),
        "a constant in mm": people.assign(**{name: people[name] + 0.25 for name in DK}),
    }
    for what, table in others.items():
        found = compared(table).map
        for column in ("d", "se"):
            np.testing.assert_allclose(found[column], wanted[column], rtol=1e-7, atol=1e-10, err_msg=what)


@pytest.mark.filterwarnings("ignore::pyro_neurovae.errors.NeurovaeWarning")
def test_groups_that_change_places_turn_the_sign_round(people):
    wanted, turned = compared(people), compared(people, case="CN", control="AD")
    np.testing.assert_allclose(turned.map["d"], -wanted.map["d"], rtol=1e-9)
    np.testing.assert_allclose(turned.map["se"], wanted.map["se"], rtol=1e-9)


@pytest.mark.filterwarnings("ignore::pyro_neurovae.errors.NeurovaeWarning")
def test_units_of_thickness(people):
    wanted = compared(people, effect="d", scale="free")
    tenfold = compared(people.assign(**{name: 10 * people[name] for name in DK}), effect="d", scale="free")
    np.testing.assert_allclose(tenfold.map["d"], wanted.map["d"], rtol=1e-8)
    np.testing.assert_allclose(tenfold.covariance, wanted.covariance, rtol=1e-6, atol=1e-12)


# A study to its fit


@pytest.mark.parametrize("model", ["spatial", "expression"])
def test_units_and_sign_of_what_is_fitted(model):
    names = tuple(f"{side}_{k}" for side in "LR" for k in range(8))
    ring = np.roll(np.eye(16), 1, axis=1)
    graph = nv.RegionGraph(names, ring + ring.T, homologues=tuple((k, k + 8) for k in range(8)))
    study = nv.simulate(2, genes=10, programs=2, graph=graph)
    effect, error = study.thinning, study.standard_error
    covariance = None if study.covariance is None else 100 * study.covariance
    options = {"method": "exact", "draws": 400, "seed": 1}
    wanted = nv.fit(study, model, **options).regions()
    tenfold = nv.fit(study.with_thinning(10 * effect, 10 * error, covariance=covariance), model, **options).regions()
    for column in ("mean", "sd", "lower90", "upper90"):
        np.testing.assert_allclose(tenfold[column], 10 * wanted[column], rtol=1e-4, atol=1e-6)
    turned = nv.fit(study.with_thinning(-effect, error, covariance=study.covariance), model, **options).regions()
    sd = wanted["sd"].to_numpy()
    # Signs of the draws' noise stay, so that means agree up to the error of 400 draws.
    assert (np.abs(turned["mean"] + wanted["mean"]) / sd).max() < 5 / np.sqrt(400)
