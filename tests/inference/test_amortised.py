"""A network of a study's own: trained, written, used by fits, and refused where there is nothing to amortise."""

from __future__ import annotations

import pytest

import pyro_neurovae as nv


@pytest.fixture(scope="module")
def network(tmp_path_factory, study):
    told = []
    path = tmp_path_factory.mktemp("networks") / "own.safetensors"
    found = nv.amortise(study, path, model="structural", seed=1, maps=1500, progress=lambda *news: told.append(news))
    assert found == path
    assert {label for label, *_ in told} == {"maps", "network"}
    return path


def test_a_fit_starts_from_it_and_comes_to_the_same_posterior(study, network):
    fits = [nv.fit(study, "structural", draws=2000, map_network=name) for name in (str(network), "none")]
    rounds = [fit.idata.sample_stats["loss"].shape[-1] for fit in fits]
    assert rounds[0] <= rounds[1]
    one, other = (fit.regions() for fit in fits)
    assert ((one["mean"] - other["mean"]).abs() < 0.15 * other["sd"]).all()
    assert ((one["sd"] / other["sd"] - 1).abs() < 0.15).all()
    assert fits[0].settings.training.map_network == str(network)


def test_the_same_seed_writes_the_same_file(study, network, tmp_path):
    again = nv.amortise(study, tmp_path / "again.safetensors", model="structural", seed=1, maps=1500)
    assert again.read_bytes() == network.read_bytes()


def test_what_cannot_be_amortised_is_refused(study, tmp_path):
    with pytest.raises(nv.SettingsError, match="at least 100"):
        nv.amortise(study, tmp_path / "x", maps=10)
    with pytest.raises(nv.SettingsError, match="model paper has no scales"):
        nv.amortise(study, tmp_path / "x", model="paper")
    with pytest.raises(nv.SettingsError, match="seed is -1"):
        nv.amortise(study, tmp_path / "x", seed=-1)
    assert not list(tmp_path.iterdir())


def test_a_setting_that_is_no_name_is_refused():
    with pytest.raises(nv.SettingsError, match="map_network is 3"):
        nv.fit(nv.simulate(0, genes=20), map_network=3)
