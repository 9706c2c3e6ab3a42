"""Networks as files: the shipped one knows maps that it has not seen, and what is no network is refused."""

from __future__ import annotations

import pytest
import torch

import pyro_neurovae as nv
from pyro_neurovae.inference.amortised import readings_of
from pyro_neurovae.inference.gaussian import normal_log_density
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.inference.scales.amortisation import train_network
from pyro_neurovae.inference.scales.guide import mixture_log_density
from pyro_neurovae.inference.scales.network import ScaleNetwork
from pyro_neurovae.inference.scales.network_file import network_bytes, network_for, read_network
from pyro_neurovae.models.families import family_of
from pyro_neurovae.models.options import fit_settings

NAMES = ("transcriptomic_scale", "spatial_scale", "structural_scale", "unexplained_scale", "homologue_sharing")


@pytest.fixture(scope="module")
def cross_scale():
    return family_of("cross-scale").build(observe(nv.simulate(1, genes=30)), fit_settings().family)


def test_the_shipped_network_tells_new_maps_better_than_a_small_one_trained_here(cross_scale):
    """Studies whose seeds it was not trained on; a small network of the same script beats the prior, and it that."""
    settings = [fit_settings(steps=5, program_sweeps=3)]

    def maps(seed, number):
        found = list(readings_of(nv.simulate(seed, genes=60), settings, seed, number))
        return [reading for _, reading, _ in found], [scores for _, _, scores in found]

    small = train_network(*maps(200, 200), 0)
    (reading,), (truth,) = maps(201, 100)
    shipped = network_for(cross_scale, "shipped")
    assert shipped is not None
    gains = []
    for network in (small, shipped):
        loc, root = network(reading)
        gains.append(float((mixture_log_density(loc[0], root[0], truth) - normal_log_density(truth).sum(-1)).mean()))
    assert gains[1] > gains[0] + 0.2
    assert gains[1] > 1.0


def test_a_network_comes_back_from_its_file_in_single_precision(tmp_path):
    torch.manual_seed(0)
    network, path = ScaleNetwork(5, width=16), tmp_path / "own.safetensors"
    path.write_bytes(network_bytes(network, NAMES))
    found, names = read_network(path)
    assert names == NAMES
    for name, values in network.state_dict().items():
        torch.testing.assert_close(found.state_dict()[name], values, rtol=1e-6, atol=1e-6)


def test_a_model_with_other_globals_has_no_shipped_network_and_refuses_a_file_of_others(cross_scale, models, tmp_path):
    assert network_for(models["spatial"], "shipped") is None
    assert network_for(cross_scale, "none") is None
    path = tmp_path / "own.safetensors"
    path.write_bytes(network_bytes(ScaleNetwork(5, width=4), NAMES))
    assert network_for(cross_scale, str(path)) is not None
    with pytest.raises(nv.SettingsError, match=r"own.safetensors is for transcriptomic_scale.*map_network=none"):
        network_for(models["spatial"], str(path))


def test_what_is_no_network_is_named(cross_scale, tmp_path):
    with pytest.raises(nv.InputError, match=r"there is no file .*gone.safetensors"):
        network_for(cross_scale, str(tmp_path / "gone.safetensors"))
    path = tmp_path / "text.safetensors"
    path.write_text("hello")
    with pytest.raises(nv.InputError, match=r"text.safetensors holds no network"):
        network_for(cross_scale, str(path))
    from safetensors.torch import save

    path.write_bytes(save({"x": torch.ones(2)}))
    with pytest.raises(nv.InputError, match="holds no network"):
        read_network(path)
    path.write_bytes(save({"layers.0.bias": torch.ones(2)}, {"globals": '["a"]'}))
    with pytest.raises(nv.InputError, match="holds no network"):
        read_network(path)
