"""Study: alignment by name, checks, normalisation, and the shapes that data comes in."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from pyro_neurovae.atlases.atlas import dk68_names
from pyro_neurovae.errors import InputError, NeurovaeWarning
from pyro_neurovae.graphs.region_graph import RegionGraph
from pyro_neurovae.studies.study import Study
from pyro_neurovae.studies.summary import noise_ceiling

DK = dk68_names()


@pytest.fixture
def expression():
    values = np.random.default_rng(4).uniform(size=(68, 20))
    table = pd.DataFrame(values, index=list(DK), columns=[f"G{k}" for k in range(20)])
    table.loc[["R_frontalpole", "R_temporalpole"]] = np.nan
    return table


@pytest.fixture
def thinning():
    return pd.Series(np.random.default_rng(5).normal(-0.2, 0.1, 68), index=list(DK), name="ad")


@pytest.fixture
def errors(thinning):
    return pd.Series(np.linspace(0.03, 0.06, 68), index=thinning.index)


@pytest.fixture
def study(expression, thinning, errors):
    return Study.from_frames(expression, thinning, standard_error=errors)


# Alignment


def test_every_table_is_aligned_by_its_own_labels(expression, thinning, errors, study):
    def relabelled(table, spelling):
        shuffled = table.sample(frac=1, random_state=6)
        return shuffled.set_axis([spelling(*name.split("_", 1)) for name in shuffled.index])

    other = Study.from_frames(
        relabelled(expression, lambda side, name: f"ctx-{side.lower()}h-{name}"),
        relabelled(thinning, lambda side, name: f"{side.lower()}h_{name}_thickness"),
        standard_error=relabelled(errors, lambda side, name: f"{side} {name.upper()}"),
    )
    assert other.regions == DK
    np.testing.assert_array_equal(other.expression, study.expression)
    np.testing.assert_array_equal(other.thinning, study.thinning)
    np.testing.assert_array_equal(other.standard_error, study.standard_error)
    np.testing.assert_array_equal(study.thinning[0], thinning)
    np.testing.assert_array_equal(study.standard_error[0], errors)


def test_arrays_are_read_only_copies(expression, thinning, errors, study):
    for array in (study.expression, study.thinning, study.standard_error):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        study.maps = ("other",)
    values = study.thinning.copy()
    copied = study.with_thinning(values, study.standard_error)
    values[0, 0] = 9.0
    assert copied.thinning[0, 0] != 9.0


def test_public_files_together(data_dir):
    study = Study.from_files(
        data_dir / "expression/ahba_dk68_stable0.6.csv.gz",
        [data_dir / "thickness/enigma_pd.txt", data_dir / "thickness/enigma_bd_adult.csv"],
    )
    assert study.maps == ("enigma_pd", "enigma_bd_adult")
    assert (study.n_regions, len(study.genes)) == (68, 1645)
    assert [DK[i] for i in np.flatnonzero(~study.expression_observed)] == ["R_frontalpole", "R_temporalpole"]
    assert study.thinning_observed.all()
    # DESIGN.md, section 3, item 7
    ceilings = [noise_ceiling(y, se) for y, se in zip(study.thinning, study.standard_error, strict=True)]
    np.testing.assert_allclose(ceilings, [0.53, 0.84], atol=0.006)
    text = study.summary()
    for part in ("68 regions", "1645 genes", "No expression: R_frontalpole, R_temporalpole", "0.53", "NPD"):
        assert part in text


def test_connectivity_graph_from_files(data_dir):
    study = Study.from_files(
        data_dir / "expression/ahba_dk68_l1000_stable0.2.csv",
        data_dir / "thickness/enigma_bd_adult.csv",
        graph=data_dir / "connectivity/hcp_struct_dk68_matrix.csv",
        genes=["ABL1", "APOE"],
    )
    assert study.genes == ("ABL1", "APOE")
    assert study.regions == DK
    assert study.graph.n_edges == 697


def test_options_reach_the_readers(data_dir):
    files = data_dir / "expression/ahba_dk68_l1000_stable0.2.csv", data_dir / "thickness/enigma_pd.txt"
    study = Study.from_files(*files, value_column="b", normalise="region")
    assert (study.thinning[0, 0], study.standard_error[0, 0], study.normalise) == (-0.026, 0.007, "region")
    assert not Study.from_files(*files, standard_error="none").standard_error.any()
    with pytest.warns(NeurovaeWarning, match="factor"):
        assert Study.from_files(*files, se_column="SE").standard_error[0, 0] == 0.007


def test_a_graph_of_other_regions(thinning):
    names = tuple(f"p{k}" for k in range(20))
    graph = RegionGraph.from_adjacency(np.eye(20, k=1) + np.eye(20, k=-1), names)
    table = pd.DataFrame(np.random.default_rng(7).normal(size=(20, 5)), index=list(names), columns=list("abcde"))
    values = pd.Series(np.arange(20.0), index=list(names[::-1]))
    study = Study.from_frames(table, values, standard_error=values * 0 + 1, graph=graph)
    np.testing.assert_array_equal(study.thinning[0], np.arange(20.0)[::-1])
    assert study.maps == ("thinning",)


# Shapes of thinning in memory


def test_a_frame_of_columns(expression, thinning, errors, study):
    table = pd.DataFrame({"d": thinning, "se": errors})
    np.testing.assert_array_equal(Study.from_frames(expression, table).standard_error, study.standard_error)
    named = table.rename_axis("region").reset_index()
    other = Study.from_frames(expression, {"ad": named})
    np.testing.assert_array_equal(other.thinning, study.thinning)
    assert other.maps == ("ad",)
    beside = Study.from_frames(expression, {"ad": table[["d"]]}, standard_error=errors)
    np.testing.assert_array_equal(beside.standard_error, study.standard_error)


def test_a_frame_of_maps(expression, thinning, errors):
    values = pd.DataFrame({"ad": thinning, "pd": thinning[::-1].to_numpy()}, index=thinning.index)
    spread = pd.DataFrame({"pd": errors * 2, "ad": errors})
    study = Study.from_frames(expression, values, standard_error=spread)
    assert study.maps == ("ad", "pd")
    np.testing.assert_array_equal(study.thinning, values.T)
    np.testing.assert_array_equal(study.standard_error, [errors, errors * 2])
    assert not Study.from_frames(expression, values, standard_error="none").standard_error.any()
    with pytest.raises(InputError, match="standard_error has nothing for map pd"):
        Study.from_frames(expression, values, standard_error=spread[["ad"]])


def test_a_mapping_of_either(expression, thinning, errors):
    maps = {"first": thinning, "second": thinning.iloc[:34] * 2}
    study = Study.from_frames(expression, maps, standard_error={"first": errors, "second": errors})
    np.testing.assert_array_equal(study.thinning_observed.sum(axis=1), [68, 34])
    assert np.isnan(study.standard_error[1, 34:]).all()
    with pytest.raises(InputError, match="thinning holds no map"):
        Study.from_frames(expression, {})


def test_no_standard_error_is_an_error_unless_it_is_said(expression, thinning, errors):
    with pytest.raises(InputError, match=r'map ad: no standard errors; .*standard_error="none"'):
        Study.from_frames(expression, thinning)
    assert not Study.from_frames(expression, thinning, standard_error="none").standard_error.any()
    with pytest.raises(InputError, match="map ad: no standard error for L_cuneus"):
        Study.from_frames(expression, thinning, standard_error=errors.drop("L_cuneus"))
    with pytest.raises(InputError, match="one series of standard errors for several maps"):
        Study.from_frames(expression, {"a": thinning, "b": thinning}, standard_error=errors)


def test_covariance_is_placed_by_its_labels(expression, thinning):
    root = np.random.default_rng(8).normal(size=(68, 100))
    table = pd.DataFrame(root @ root.T / 1e4, index=list(DK), columns=list(DK))
    shuffled = table.sample(frac=1, random_state=1).sample(frac=1, axis=1, random_state=2)
    study = Study.from_frames(expression, thinning, covariance=shuffled)
    np.testing.assert_array_equal(study.covariance[0], table)
    np.testing.assert_allclose(study.standard_error[0], np.sqrt(np.diag(table)))
    both = Study.from_frames(
        expression,
        {"ad": thinning, "pd": thinning.iloc[1:]},
        covariance={"ad": table},
        standard_error={"ad": thinning * 0 + 0.1, "pd": thinning * 0 + 0.1},
    )
    np.testing.assert_allclose(both.covariance[1, 1:, 1:], np.eye(67) * 0.01)
    assert np.isnan(both.covariance[1, 0]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c + np.eye(68, k=1), "map ad: covariance is not symmetric"),
        (lambda c: c - 2 * np.ones((68, 68)) / 68, "covariance has the negative eigenvalue"),
        (lambda c: c.drop(index="L_insula", columns="L_insula"), "no standard error for L_insula"),
        (
            lambda c: c * np.where(np.arange(68) == 3, -1, 1),
            "covariance of ad, row L_cuneus: the variance is not",
        ),
    ],
)
def test_faults_of_a_covariance(expression, thinning, change, message):
    table = pd.DataFrame(np.eye(68), index=list(DK), columns=list(DK))
    with pytest.raises(InputError, match=message):
        Study.from_frames(expression, thinning, covariance=change(table))


# Checks


def test_too_few_regions_with_both(expression, thinning, errors):
    with pytest.raises(InputError, match=r"map ad: 9 regions with both expression and thinning .*at least 10"):
        Study.from_frames(expression, thinning.iloc[:9], standard_error=errors)
    Study.from_frames(expression, thinning.iloc[:10], standard_error=errors)
    with pytest.raises(InputError, match="map ad: no region with both expression and thinning"):
        Study.from_frames(expression.iloc[:34], thinning.iloc[34:], standard_error=errors)


def test_constant_thinning(expression, thinning, errors):
    with pytest.raises(InputError, match=r"map ad: thinning is 0\.3 in every region; .*--value-column"):
        Study.from_frames(expression, thinning * 0 + 0.3, standard_error=errors)


@pytest.mark.parametrize(
    ("field", "change", "message"),
    [
        ("thinning", lambda a: a[:, :-1], r"thinning has shape \(1, 67\) where 1 maps, 68 regions"),
        (
            "thinning",
            lambda a: np.where(np.arange(68) == 3, np.inf, a),
            "region L_cuneus: thinning is infinite",
        ),
        (
            "standard_error",
            lambda a: np.where(np.arange(68) == 3, -1, a),
            "L_cuneus: standard error -1 is not above",
        ),
        (
            "standard_error",
            lambda a: np.where(np.arange(68) == 3, 0, a),
            "L_cuneus: standard error 0 is not above",
        ),
        (
            "standard_error",
            lambda a: np.where(np.arange(68) == 3, np.nan, a),
            "no standard error for L_cuneus",
        ),
        (
            "expression",
            lambda a: np.where(np.eye(68, 20, k=-3), np.nan, a),
            "expression of G0 is missing in L_cuneus",
        ),
        (
            "expression",
            lambda a: np.where(np.eye(68, 20, k=-3), np.inf, a),
            "expression of G0 in L_cuneus is inf",
        ),
        ("expression", lambda a: a * (np.arange(20) != 4), "does not vary over the regions for G4"),
        ("genes", lambda a: (*a[:-1], "G0"), "two genes are called G0"),
        ("maps", lambda a: (), "the study has no map"),
        (
            "normalise",
            lambda a: "column",
            "unknown normalise 'column': the known ones are gene, region, none",
        ),
    ],
)
def test_arrays_are_checked(study, field, change, message):
    with pytest.raises(InputError, match=message):
        dataclasses.replace(study, **{field: change(getattr(study, field))})


# What models see


def test_normalised_expression(expression, study):
    measured = study.expression_observed
    by_gene = dataclasses.replace(study, normalise="gene").normalised_expression()
    np.testing.assert_array_equal(by_gene[~measured], 0.0)
    np.testing.assert_allclose(by_gene[measured].mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(by_gene[measured].std(0), 1)
    by_region = study.normalised_expression()  # the default
    np.testing.assert_allclose(by_region[measured].mean(1), 0, atol=1e-12)
    np.testing.assert_allclose(by_region[measured].std(1), 1)
    as_given = dataclasses.replace(study, normalise="none").normalised_expression()
    np.testing.assert_array_equal(as_given[measured], expression.to_numpy()[measured])


def test_with_thinning_hides_regions_and_keeps_expression(study):
    hidden = study.thinning.copy()
    hidden[0, :5] = np.nan
    fold = study.with_thinning(hidden, study.standard_error)
    assert fold.maps == study.maps
    np.testing.assert_array_equal(np.isnan(fold.standard_error), np.isnan(hidden))
    np.testing.assert_array_equal(fold.expression, study.expression)
    many = study.with_thinning(np.tile(hidden, (3, 1)), np.full((3, 68), 0.1), maps=["a", "b", "c"])
    assert many.thinning.shape == (3, 68)


def test_select_keeps_rows_and_maps_together(expression, thinning, errors):
    maps = {"first": thinning, "second": thinning * 2}
    study = Study.from_frames(expression, maps, standard_error={"first": errors, "second": errors})
    part = study.select(regions=DK[:34], maps=["second"])
    assert (part.regions, part.maps) == (DK[:34], ("second",))
    np.testing.assert_array_equal(part.thinning[0], thinning.iloc[:34] * 2)
    np.testing.assert_array_equal(part.graph.weights, study.graph.weights[:34, :34])
    with pytest.raises(InputError, match="the study has no map third; it has first, second"):
        study.select(maps=["third"])


def test_summary_names_what_is_missing_and_what_was_done(expression, thinning, errors):
    study = Study.from_frames(
        pd.concat([expression, expression[["G0"]]], axis=1),
        {"ad": thinning.drop("L_cuneus"), "pd": thinning},
        standard_error="none",
    )
    text = study.summary()
    for part in (
        "66 regions",
        "No thinning in ad: L_cuneus",
        "unknown",
        "Notices:",
        "the first of each kept: G0",
    ):
        assert part in text


def test_noise_ceiling_against_a_simulation():
    rng = np.random.default_rng(9)
    signal, noise = rng.normal(0, 2, 200_000), rng.normal(0, 1, 200_000)
    # var(signal)/var(total) = 4/5; 200,000 draws leave a standard error of about 0.001
    assert noise_ceiling(signal + noise, np.ones(200_000)) == pytest.approx(0.8, abs=0.005)
    assert np.isnan(noise_ceiling(signal, np.zeros(200_000)))
