"""Expression of one parcellation, thinning of another."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae.errors import InputError
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.page.methods import methods_paragraph

GENES = [f"G{j}" for j in range(30)]
COARSE = nv.RegionGraph.schaefer(100)


def expression(seed: int = 0) -> pd.DataFrame:
    """Smooth expression of the 100 parcels, two of them not measured."""
    rng = np.random.default_rng(seed)
    programs = nv.GMRF(COARSE, "bym2", phi=0.9).covariance().numpy()
    values = np.linalg.cholesky(programs) @ rng.standard_normal((100, 4)) @ rng.standard_normal((4, 30))
    frame = pd.DataFrame(values + 0.3 * rng.standard_normal(values.shape), index=list(COARSE.names), columns=GENES)
    frame.iloc[[3, 60]] = np.nan
    return frame


def thinning(seed: int = 1) -> pd.DataFrame:
    """A map of the 68 Desikan-Killiany regions."""
    rng, names = np.random.default_rng(seed), nv.RegionGraph.dk68().names
    return pd.DataFrame({"d": -0.3 + 0.1 * rng.standard_normal(68), "se": 0.05}, index=list(names))


@pytest.fixture(scope="module")
def study() -> nv.Study:
    return nv.Study.from_frames(expression(), thinning(), expression_graph="schaefer100")


@pytest.fixture(scope="module")
def fit(study) -> nv.Fit:
    return nv.fit(study, draws=50, seed=0, n_programs=3)


def test_regions_see_what_was_measured_elsewhere(study):
    support = study.places.support
    assert support.shape == (68, 100)
    assert study.expression == pytest.approx(support[:, study.measured] @ study.places.expression[study.measured])
    assert study.measured.sum() == 98
    assert study.expression_observed.all()
    assert study.measured_in.names == COARSE.names
    assert "98 of 100 parcels of schaefer100" in str(study)


def test_normalising_is_done_where_it_was_measured(study):
    x = study.places.expression[study.measured]
    own = (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)
    assert study.measured_expression()[study.measured] == pytest.approx(own - own.mean(0))
    assert study.normalised_expression() == pytest.approx(study.places.support[:, study.measured] @ own)


def test_expression_on_the_regions_own_graph_has_no_places():
    frame = pd.DataFrame(
        np.random.default_rng(0).standard_normal((68, 30)), index=list(nv.RegionGraph.dk68().names), columns=GENES
    )
    assert nv.Study.from_frames(frame, thinning(), expression_graph="dk68").places is None


def test_numbers_of_two_atlases_are_not_the_same_regions():
    rng = np.random.default_rng(0)
    tables = [
        pd.DataFrame(rng.normal(0, 30, (12, 3)), columns=list("xyz")).assign(
            region=[str(number) for number in range(1, 13)], hemisphere=["L", "R"] * 6
        )
        for _ in range(2)
    ]
    graphs = [nv.RegionGraph.from_regions(table) for table in tables]
    frame = pd.DataFrame(rng.standard_normal((12, 30)), index=list(graphs[0].names), columns=GENES)
    effects = pd.DataFrame({"d": rng.standard_normal(12), "se": 0.1}, index=list(graphs[0].names))
    for other, there in zip(graphs, (False, True), strict=True):
        study = nv.Study.from_frames(frame, effects, graph=graphs[0], expression_graph=other)
        assert (study.places is not None) == there


def test_a_side_where_nothing_was_measured_has_no_expression(study):
    frame = expression()
    frame.loc[[name for name in frame.index if "_RH_" in name]] = np.nan
    left = nv.Study.from_frames(frame, thinning(), expression_graph="schaefer100")
    assert (left.expression_observed == (np.arange(68) < 34)).all()
    assert (left.centred_expression()[34:] == 0).all()
    assert "49 of 100 parcels of schaefer100, and seen by position from 34 of 68 regions" in left.places.told
    fit = nv.fit(left, draws=30, n_programs=2, steps=5, progress=False)
    assert fit.posterior.draws("transcriptomic")[:, 0, 34:] == pytest.approx(0, abs=1e-12)
    assert np.isfinite(fit.posterior.draws("gene_weight")).all()
    assert "seen by position from 34 of 68 Desikan-Killiany regions" in methods_paragraph(fit)


def test_expression_of_other_parcels_is_refused(study):
    with pytest.raises(InputError, match="68 rows for 100 parcels of schaefer100"):
        study.with_expression(np.zeros((68, 30)))


def test_the_model_sees_programs_on_the_places(study):
    data = observe(study)
    assert data.expression is data.places
    assert data.places.count == 100
    assert data.places.scatter.numpy() == pytest.approx(
        study.measured_expression() @ study.measured_expression().T / 30, abs=1e-12
    )


def test_some_genes_and_regions_are_kept_of_places_too(study):
    part = study.select(genes=GENES[:5], regions=study.regions[:20])
    assert part.places.expression.shape == (100, 5)
    assert part.places.support.shape == (20, 100)
    assert part.expression == pytest.approx(study.expression[:20, :5])


def test_programs_are_tabulated_where_they_live(fit):
    table = fit.programs()
    assert set(table.loc[table["quantity"] == "score", "name"]) == set(COARSE.names)
    assert len(fit.regions()) == 68
    assert fit.idata["posterior"]["program_score"].dims == ("chain", "draw", "place", "program")


def test_a_fit_comes_back_from_its_file(fit, tmp_path):
    fit.save(tmp_path / "fit.nc")
    again = nv.load(tmp_path / "fit.nc")
    assert again.study.same_as(fit.study)
    for table in ("regions", "genes", "programs", "check"):
        pd.testing.assert_frame_equal(getattr(again, table)(), getattr(fit, table)())


def test_noise_fails_the_check_of_the_graph(study, fit):
    """What regions see of it is smooth, whatever it is."""
    noise = np.random.default_rng(0).standard_normal(study.places.expression.shape)
    other = dataclasses.replace(fit, study=study.with_expression(noise))
    status = [one.check().set_index("check").loc["graph", "status"] for one in (fit, other)]
    assert status == ["pass", "fail"]


def test_gene_weights_are_slopes_on_what_regions_see(fit):
    part = fit.posterior.draws("transcriptomic")[:, 0]
    x = fit.study.centred_expression()
    slopes = part @ x / (68 * x.std(0))
    assert fit.posterior.draws("gene_weight")[:, 0] == pytest.approx(slopes, rel=1e-4, abs=1e-6)


def test_a_graph_without_positions_is_named():
    bare = nv.RegionGraph.from_adjacency(COARSE.weights, COARSE.names, label="mine")
    with pytest.raises(InputError, match="the graph mine has no positions"):
        nv.Study.from_frames(expression(), thinning(), expression_graph=bare)


def test_expression_is_checked_under_its_own_names():
    frame = expression()
    frame.iloc[7] = 1.0
    with pytest.raises(InputError, match=COARSE.names[7]):
        nv.Study.from_frames(frame, thinning(), expression_graph="schaefer100")


def test_parcels_of_a_map_go_by_their_numbers_too(tmp_path):
    table = pd.DataFrame({"d": np.random.default_rng(2).standard_normal(100), "se": 0.1})
    read = []
    for label, rows in (("region", COARSE.names), ("parcel", range(1, 101))):
        table.assign(**{label: list(rows)}).to_csv(tmp_path / "map.csv", index=False)
        expression().to_csv(tmp_path / "expression.csv")
        read.append(nv.Study.from_files(tmp_path / "expression.csv", tmp_path / "map.csv", graph="schaefer100"))
    assert read[0].same_as(read[1])


def test_other_expression_takes_its_place_where_it_was_measured(study):
    turned = study.with_expression(-study.places.expression)
    assert turned.expression == pytest.approx(-study.expression)
    assert turned.places.graph is study.places.graph


def test_the_summary_says_where_it_was_measured(study):
    assert "measured in 98 schaefer100 parcels" in study.summary()
    assert COARSE.names[3] in study.summary()


def test_the_methods_paragraph_says_where_it_was_measured(fit):
    assert "measured in 98 of 100 parcels of schaefer100, seen by position from 68" in methods_paragraph(fit)


def test_folds_nulls_and_the_page_go_through(fit, tmp_path):
    """What reads a study reads one with places too."""
    scores = nv.validate(fit.study, models=["cross-scale", "ridge"], folds="blocks", draws=20)
    assert np.isfinite(scores.scores["elpd"]).all()
    assert nv.nulls(fit, number=19, draws=20).summary["p"].between(0, 1).all()
    nv.report(fit, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "98 parcels of schaefer100" in page
    assert "programs, E and H are over the 100 parcels of schaefer100" in page
    assert "named by their strongest parcels and genes" in page
