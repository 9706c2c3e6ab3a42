"""Which correlation of regions a study takes, for its sampling errors and as its structure."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from pyro_neurovae import inferencedata
from pyro_neurovae.atlases.atlas import dk68_names, dk68_table
from pyro_neurovae.atlases.normative import interpolated_correlation, mean_correlation, normative_correlation
from pyro_neurovae.errors import InputError
from pyro_neurovae.graphs.region_graph import RegionGraph
from pyro_neurovae.posterior import store
from pyro_neurovae.readers.standard_errors import spread_share
from pyro_neurovae.studies.sampling import exchangeable, mixed_correlation, sampling_covariance
from pyro_neurovae.studies.study import Study

DK = dk68_names()


def correlation_of(covariance):
    sd = np.sqrt(np.diag(covariance))
    return covariance / np.outer(sd, sd)


@pytest.fixture
def table():
    """A labelled correlation, regions in another order and spelling."""
    rows = np.random.default_rng(8).normal(size=(200, 68)) + np.random.default_rng(9).normal(size=(200, 1))
    square = pd.DataFrame(np.corrcoef(rows.T), index=list(DK), columns=list(DK))
    names = [f"{name[0].lower()}h_{name[2:]}_thickness" for name in DK]
    return square, square.set_axis(names).set_axis(names, axis=1).sample(frac=1, random_state=1)


# Sampling errors


def test_errors_go_together_as_thickness_does_unless_said_otherwise(expression, thinning, errors):
    study = Study.from_frames(expression, thinning, standard_error=errors)
    mixed = mixed_correlation(normative_correlation().to_numpy())
    np.testing.assert_allclose(study.covariance[0], np.outer(errors, errors) * mixed)
    assert study.sampling_correlation == ("normative",)
    assert "ad: sampling errors are assumed to correlate across regions as regional thickness" in study.notices[-1]
    equal = Study.from_frames(expression, thinning, standard_error=errors, sampling_correlation="exchangeable")
    np.testing.assert_allclose(correlation_of(equal.covariance[0]), exchangeable(68, mean_correlation()))
    assert equal.sampling_correlation == ("exchangeable",)
    apart = Study.from_frames(expression, thinning, standard_error=errors, sampling_correlation="independent")
    assert (apart.covariance, apart.sampling_correlation, apart.notices) == (None, ("independent",), ())


def test_what_the_sd_of_cohens_d_adds_stays_on_the_diagonal(expression, thinning, errors):
    effect = 5 * thinning  # about -1
    known = pd.DataFrame({"d": effect, "se": errors, "n_controls": 1200, "n_patients": 600})
    cases = [
        ({"thinning": known}, spread_share(effect.to_numpy(), 1200, 600)),
        ({"thinning": known[["d", "se"]]}, spread_share(effect.to_numpy())),
        ({"thinning": known[["d"]], "standard_error": errors}, spread_share(effect.to_numpy())),
        ({"thinning": effect.rename("d"), "standard_error": errors}, spread_share(effect.to_numpy())),
        ({"thinning": known.rename(columns={"d": "b"})[["b", "se"]]}, 0.0),
        ({"thinning": effect, "standard_error": errors}, 0.0),
    ]
    mixed = mixed_correlation(normative_correlation().to_numpy())
    for given, share in cases:
        dense = sampling_covariance(errors.to_numpy(), share, mixed)
        np.testing.assert_allclose(Study.from_frames(expression, **given).covariance[0], dense, err_msg=str(given))
    assert (spread_share(effect.to_numpy()) > 0.01).mean() > 0.9


def test_each_map_goes_by_what_is_known_of_it(expression, thinning, errors):
    own = pd.DataFrame(np.diag(errors**2) + 1e-4, index=list(DK), columns=list(DK))
    maps = {"ad": thinning, "pd": thinning.iloc[3:], "hd": thinning}
    spread = dict.fromkeys(maps, errors)
    study = Study.from_frames(expression, maps, standard_error=spread, covariance={"ad": own})
    assert study.sampling_correlation == ("own", "normative", "normative")
    np.testing.assert_array_equal(study.covariance[0], own)
    assert np.isnan(study.covariance[1, :3]).all()
    mixed = mixed_correlation(normative_correlation().to_numpy())
    np.testing.assert_allclose(correlation_of(study.covariance[1, 3:, 3:]), mixed[3:, 3:])
    assert next(note for note in study.notices if "sampling errors" in note).startswith("pd, hd: ")
    told = study.summary()
    assert "Correlation of sampling errors: ad own, pd normative, hd normative; " in told
    part = study.select(maps=["hd", "ad"], regions=DK[10:40])
    assert part.sampling_correlation == ("normative", "own")
    np.testing.assert_array_equal(part.structure, study.structure[10:40, 10:40])
    np.testing.assert_array_equal(part.covariance[0], study.covariance[2, 10:40, 10:40])


def test_a_map_of_unknown_errors_stays_without(expression, thinning):
    study = Study.from_frames(expression, thinning, standard_error="none")
    assert (study.covariance, study.sampling_correlation) == (None, ("independent",))
    assert not any("sampling errors" in note for note in study.notices)
    assert study.structure is not None


def test_a_table_is_taken_as_it_is(expression, thinning, errors, table, tmp_path):
    square, shuffled = table
    shuffled.to_csv(tmp_path / "older_people.csv")
    for given, word in ((shuffled, "table"), (tmp_path / "older_people.csv", "older_people.csv")):
        study = Study.from_frames(
            expression, thinning, standard_error=errors, sampling_correlation=given, structure=given
        )
        np.testing.assert_allclose(correlation_of(study.covariance[0]), square, atol=1e-12)
        np.testing.assert_allclose(study.structure, square, atol=1e-12)
        assert study.sampling_correlation == (word,)
    assert "across regions as older_people.csv says" in study.notices[-1]
    seen = square.drop(index="L_insula", columns="L_insula")
    how = {"standard_error": errors, "sampling_correlation": seen}
    assert Study.from_frames(expression, thinning.drop("L_insula"), **how).sampling_correlation == ("table",)
    with pytest.raises(InputError, match="sampling correlation of map ad: no finite value for L_insula; give a table"):
        Study.from_frames(expression, thinning, **how)
    with pytest.raises(InputError, match="structure: no finite value for L_insula; give a table of correlations"):
        Study.from_frames(expression, thinning, standard_error=errors, structure=seen)
    with pytest.raises(InputError, match=r"sampling correlation of map ad: L_.* has the correlation 4 with itself"):
        Study.from_frames(expression, thinning, standard_error=errors, sampling_correlation=4 * square)


@pytest.mark.parametrize("name", ["sampling_correlation", "structure"])
def test_a_word_that_is_none_is_refused(expression, thinning, errors, name):
    with pytest.raises(InputError, match="unknown correlation 'diagonal'; give auto, a file with a labelled square"):
        Study.from_frames(expression, thinning, standard_error=errors, **{name: "diagonal"})


def test_files_beside_the_maps_are_for_auto_alone(expression, thinning, errors, tmp_path):
    expression.to_csv(tmp_path / "expression.csv")
    pd.DataFrame({"d": thinning, "se": errors}).rename_axis("region").to_csv(tmp_path / "ad.csv")
    own = pd.DataFrame(np.outer(errors, errors) * exchangeable(68, 0.5), index=list(DK), columns=list(DK))
    own.to_csv(tmp_path / "ad_covariance.csv")
    files = tmp_path / "expression.csv", tmp_path / "ad.csv"
    assert Study.from_files(*files).sampling_correlation == ("own",)
    assert Study.from_files(*files, sampling_correlation="independent").covariance is None
    named = Study.from_files(*files, covariance=tmp_path / "ad_covariance.csv", sampling_correlation="independent")
    assert named.sampling_correlation == ("own",)
    assert Study.from_files(*files, covariance="none").sampling_correlation == ("normative",)


# Other atlases


@pytest.fixture
def parcels():
    """Twenty-four parcels between regions of the cortex, with expression and a map."""
    table = dk68_table().groupby("hemisphere").head(12)
    positions = table[["x", "y", "z"]].to_numpy() + np.random.default_rng(2).normal(0, 4, (24, 3))
    regions = pd.DataFrame(positions, columns=["x", "y", "z"]).assign(hemisphere=table["hemisphere"].to_numpy())
    regions.insert(0, "region", [f"p{k}" for k in range(24)])
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.normal(size=(24, 6)), index=regions["region"], columns=list("abcdef"))
    return regions, frame, pd.Series(rng.normal(size=24), index=regions["region"])


def test_another_atlas_is_interpolated_by_position(parcels):
    regions, frame, values = parcels
    study = Study.from_frames(frame, values, standard_error=values * 0 + 0.1, graph=None, regions=regions)
    assert study.sampling_correlation == ("interpolated",)
    expected = interpolated_correlation(study.graph.centroids, study.graph.hemispheres)
    np.testing.assert_allclose(study.structure, expected)
    np.testing.assert_allclose(study.covariance[0], 0.01 * mixed_correlation(expected))
    assert "interpolated" in study.notices[-1]


def test_without_positions_errors_go_together_equally(parcels):
    _, frame, values = parcels
    graph = RegionGraph.from_adjacency(np.eye(24, k=1) + np.eye(24, k=-1), list(frame.index))
    study = Study.from_frames(frame, values, standard_error=values * 0 + 0.1, graph=graph)
    assert (study.sampling_correlation, study.structure) == (("exchangeable",), None)
    np.testing.assert_allclose(study.covariance[0], 0.01 * exchangeable(24, mean_correlation()))
    assert "correlate across regions equally (correlation 0.26" in study.notices[-1]
    assert "of thickness across people (structure): none" in study.summary()


# What a study keeps of it


def test_words_follow_the_covariance(study):
    assert study.sampling_correlation == ("normative",)
    assert dataclasses.replace(study, covariance=None).sampling_correlation == ("independent",)
    alone = study.with_thinning(2 * study.thinning, study.standard_error)
    assert alone.sampling_correlation == ("independent",)
    np.testing.assert_array_equal(alone.structure, study.structure)
    fold = study.with_thinning(study.thinning, study.standard_error, covariance=study.covariance)
    assert fold.sampling_correlation == ("normative",)
    joint = np.tile(np.diag(study.standard_error[0] ** 2), (2, 1, 1))
    joint[1] += 1e-4
    two = study.with_thinning(
        np.tile(study.thinning, (2, 1)), np.tile(study.standard_error, (2, 1)), maps=["a", "b"], covariance=joint
    )
    assert two.sampling_correlation == ("independent", "own")


def test_files_keep_it_and_older_ones_lack_it(study, tmp_path):
    def written(one, *without):
        groups = store.study_groups(one)
        kept = {name: array for name, array in groups["constant_data"].items() if name not in without}
        groups = groups | {"constant_data": kept}
        idata = inferencedata.build(groups, store.coordinates(one, 0), store.study_attributes(one))
        store.write_fit(idata, tmp_path / "fit.nc")
        return store.study_from(inferencedata.read_netcdf(str(tmp_path / "fit.nc")))

    read = written(study)
    assert read.same_as(study)
    assert read.sampling_correlation == ("normative",)
    np.testing.assert_array_equal(read.structure, study.structure)
    older = written(study, "structure", "sampling_correlation")
    assert (older.structure, older.sampling_correlation) == (None, ("own",))
    assert not older.same_as(study)
