"""Study: alignment by name, checks, normalisation, and the shapes that data comes in."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from pyro_neurovae import inferencedata
from pyro_neurovae.atlases.atlas import dk68_names
from pyro_neurovae.errors import InputError, NeurovaeWarning
from pyro_neurovae.graphs.region_graph import RegionGraph
from pyro_neurovae.posterior import store
from pyro_neurovae.studies.fingerprints import fingerprint
from pyro_neurovae.studies.study import Study
from pyro_neurovae.studies.summary import noise_ceiling, noise_ceilings

DK = dk68_names()


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
    # DESIGN.md, section 3, item 7: of independent errors
    ceilings = [noise_ceiling(y, se) for y, se in zip(study.thinning, study.standard_error, strict=True)]
    np.testing.assert_allclose(ceilings, [0.53, 0.84], atol=0.006)
    # Errors that go together vary less about their own mean.
    together = noise_ceilings(study)
    np.testing.assert_allclose(list(together.values()), [0.68, 0.89], atol=0.02)
    text, ceiling = study.summary(), f"{together['enigma_pd']:.2f}"
    for part in ("68 regions", "1645 genes", "No expression: R_frontalpole, R_temporalpole", ceiling, "NPD"):
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
        sampling_correlation="independent",
    )
    assert both.sampling_correlation == ("own", "independent")
    np.testing.assert_allclose(both.covariance[1, 1:, 1:], np.eye(67) * 0.01)
    assert np.isnan(both.covariance[1, 0]).all()


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


def test_genes_are_selected_with_all_that_is_said_of_them(study):
    weighted = dataclasses.replace(study, gene_weights=np.arange(1.0, 21.0))
    part = weighted.select(genes=["G4", "G0"])
    assert part.genes == ("G4", "G0")
    np.testing.assert_array_equal(part.expression, study.expression[:, [4, 0]])
    np.testing.assert_allclose(part.gene_weights, np.array([5.0, 1.0]) / 3)  # a weight says something beside others
    np.testing.assert_array_equal(part.thinning, study.thinning)
    with pytest.raises(InputError, match="the study has no gene G20; it has G0, G1, "):
        study.select(genes=["G20"])


def test_sampling_covariance(study):
    values = np.where(np.arange(68) < 3, np.nan, study.thinning)
    alone = study.with_thinning(values, study.standard_error)
    filled = np.where(np.arange(68) < 3, np.nanmedian(alone.standard_error), alone.standard_error[0])
    np.testing.assert_array_equal(alone.sampling_covariance()[0], np.diag(filled**2))
    joint = np.diag(study.standard_error[0] ** 2)[None] + 1e-5
    together = study.with_thinning(values, study.standard_error, covariance=joint).sampling_covariance()
    np.testing.assert_array_equal(together[0, 3:, 3:], joint[0, 3:, 3:])
    np.testing.assert_array_equal(together[0, :3], np.diag(filled**2)[:3])


def test_the_spread_of_a_standard_deviation_is_taken_at_its_mean(study):
    share, spread = np.linspace(0, 0.1, 68)[None], np.linspace(0, 0.1, 68) * study.standard_error[0] ** 2
    found = dataclasses.replace(study, spread_share=share).sampling_covariance()[0]
    np.testing.assert_allclose(found, study.covariance[0] + np.diag(spread.mean() - spread), atol=1e-16)
    np.testing.assert_allclose(np.trace(found), np.trace(study.covariance[0]))
    singular = study.with_thinning(study.thinning, study.standard_error, covariance=np.full((1, 68, 68), 1e-3))
    kept = dataclasses.replace(singular, spread_share=share).sampling_covariance()
    np.testing.assert_allclose(kept, singular.covariance, atol=1e-12)  # less the spread it would be no covariance


def test_a_share_that_is_none_is_refused(study):
    share = np.full((1, 68), 0.1)
    share[0, 5] = 1.2
    sentence = (
        rf"^map {study.maps[0]}, region {study.regions[5]}: spread_share 1.2 is no share of an error; give 0 to 1\.$"
    )
    with pytest.raises(InputError, match=sentence):
        dataclasses.replace(study, spread_share=share)


# The one list of what a study holds


@dataclasses.dataclass(frozen=True, eq=False)
class Wider(Study):
    """A study to which two fields are added, with nothing said of them but their dimensions."""

    layers: np.ndarray | None = dataclasses.field(default=None, metadata={"dims": ("region", "gene")})
    trust: np.ndarray | None = dataclasses.field(default=None, metadata={"dims": ("map", "region")})


@pytest.fixture
def wider(study):
    values = {one.name: getattr(study, one.name) for one in dataclasses.fields(study)}
    return Wider(**values, layers=np.arange(68 * 20.0).reshape(68, 20), trust=np.arange(68.0)[None])


def test_parts_are_the_fields(study, wider):
    parts = wider.parts()
    assert parts.keys() - study.parts().keys() == {"layers", "trust"}
    assert parts["normalise"] == "region"
    assert parts["graph.names"] == DK
    assert parts["genes"] == study.genes
    np.testing.assert_array_equal(parts["graph.weights"], study.graph.weights)
    assert {"gene_weights", "truth"}.isdisjoint(parts)
    bare = dataclasses.replace(study, covariance=None, structure=None)
    assert study.parts().keys() - bare.parts().keys() == {"covariance", "structure"}
    with pytest.raises(ValueError, match="read-only"):
        wider.layers[0, 0] = 1.0


def test_a_field_that_is_added_is_checked_for_its_shape(wider):
    with pytest.raises(InputError, match=r"layers has shape \(20, 68\) where .* ask for \(68, 20\)"):
        dataclasses.replace(wider, layers=wider.layers.T)


def test_a_field_that_is_added_is_kept_in_files(wider, tmp_path):
    idata = inferencedata.build(store.study_groups(wider), store.coordinates(wider, 0), store.study_attributes(wider))
    store.write_fit(idata, tmp_path / "fit.nc")
    read = store.study_from(inferencedata.read_netcdf(str(tmp_path / "fit.nc")), Wider)
    np.testing.assert_array_equal(read.layers, wider.layers)
    assert read.same_as(wider)


def test_a_field_that_is_added_tells_studies_apart(wider):
    other = dataclasses.replace(wider, layers=wider.layers + 1)
    assert wider.same_as(dataclasses.replace(wider))
    assert not wider.same_as(other)
    assert not wider.same_as(dataclasses.replace(wider, layers=None))
    assert fingerprint(wider) == fingerprint(dataclasses.replace(wider))
    assert len({fingerprint(one) for one in (wider, other, dataclasses.replace(wider, trust=None))}) == 3


def test_a_field_that_is_added_is_selected_with_the_rest(wider):
    part = wider.select(regions=DK[10:40], genes=["G7", "G2"])
    np.testing.assert_array_equal(part.layers, wider.layers[10:40][:, [7, 2]])
    np.testing.assert_array_equal(part.trust, wider.trust[:, 10:40])
    others = wider.with_thinning(wider.thinning * 2, wider.standard_error)
    assert others.trust is None  # said of the maps that are gone
    np.testing.assert_array_equal(others.layers, wider.layers)


def test_an_array_without_dimensions_is_refused(study):
    @dataclasses.dataclass(frozen=True, eq=False)
    class Undeclared(Study):
        layers: np.ndarray | None = None

    values = {one.name: getattr(study, one.name) for one in dataclasses.fields(study)}
    with pytest.raises(TypeError, match="layers has no dimensions; declare them"):
        Undeclared(**values, layers=np.ones(3))


def test_same_as_leaves_out_what_it_is_told_to(study):
    weighted = dataclasses.replace(study, gene_weights=np.arange(1.0, 21.0))
    moved = study.with_thinning(study.thinning + 1, study.standard_error, maps=["other"])
    told = dataclasses.replace(study, notices=("a note",), graph=dataclasses.replace(study.graph, label="other"))
    assert study.same_as(told)
    assert not study.same_as(moved)
    assert study.same_as(moved, without=("map",))
    assert not study.same_as(weighted, without=("map",))
    assert weighted.same_as(dataclasses.replace(weighted))  # weights over their mean, to the last bit
