"""Variables say what they are and in which unit, also after they were saved and read."""

from __future__ import annotations

import json

import pytest

import pyro_neurovae as nv
from pyro_neurovae import inferencedata
from pyro_neurovae.posterior.descriptions import NOTES, described


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A fit of a simulated study, as it was made and as it was read."""
    path = tmp_path_factory.mktemp("fits") / "fit.nc"
    fit = nv.fit(nv.simulate(0, genes=8, programs=2), n_programs=2, steps=5, map_steps=5, draws=20)
    fit.save(path)
    return fit, nv.load(path)


def test_every_variable_of_the_posterior_has_a_name_and_a_unit(kept):
    for fit in kept:
        for group in ("posterior", "prior", "posterior_predictive", "predictions", "log_prior", "observed_data"):
            for name, array in inferencedata.group(fit.idata, group).data_vars.items():
                assert array.attrs["long_name"], (group, name)
                assert array.attrs["units"], (group, name)
        posterior = inferencedata.group(fit.idata, "posterior")
        assert posterior["thinning"].attrs["units"] == "Cohen's d"
        assert posterior["gene_weight"].attrs["units"] == "Cohen's d per sd of expression"
        assert posterior["variance_share"].attrs["units"] == "1"
        assert inferencedata.group(fit.idata, "log_prior")["strength"].attrs["units"] == "nats"
        assert inferencedata.group(fit.idata, "predictions")["thinning"].attrs["long_name"].endswith("with errors")
        for group, note in NOTES.items():
            assert inferencedata.group(fit.idata, group).attrs["note"] == note


def test_a_unit_that_is_not_known_is_not_made_up(small_fit):
    attrs = inferencedata.group(small_fit.idata, "posterior")["thinning"].attrs
    assert attrs["units"] == "unit of the map"
    assert described("posterior", "of_another_family", "mm") == {}


def test_attributes_survive_json(kept, tmp_path):
    arviz = pytest.importorskip("arviz")
    if not hasattr(arviz, "from_json"):
        pytest.skip("ArviZ 1.x writes no JSON")
    for fit in kept:
        fit.idata.to_json(str(tmp_path / "whole.json"))
        assert json.loads((tmp_path / "whole.json").read_text())["attrs"] == fit.idata.attrs
        # ArviZ reads no array that has a chain and no draw, and keeps the dimensions of a name once ("spatial").
        groups = ["posterior", "prior", "log_likelihood", "log_prior", "observed_data"]
        fit.idata.to_json(str(tmp_path / "fit.json"), groups=groups)
        again = arviz.from_json(str(tmp_path / "fit.json"))
        for name, value in fit.idata.attrs.items():
            assert again.attrs[name] == value
        assert json.loads(again.attrs["settings"])["seed"] == 0
        assert again.log_likelihood.attrs["note"] == NOTES["log_likelihood"]
        for name in ("thinning", "spatial", "program_score"):
            found, own = again.posterior[name], fit.idata.posterior[name]
            assert found.dims == own.dims
            assert (found.values == own.values).all()
