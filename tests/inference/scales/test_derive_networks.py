"""The script that trains the shipped networks writes files that fits can start from."""

from __future__ import annotations

import sys

import pytest

from pyro_neurovae.inference.scales import derive_networks
from pyro_neurovae.inference.scales.network_file import SHIPPED, read_network


@pytest.mark.parametrize("model", derive_networks.MODELS)
def test_the_script_writes_a_network_for_the_default_globals(model, tmp_path, monkeypatch, capsys):
    given = ["--models", model, "--studies", "1", "--maps", "60", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["derive_networks.py", *given])
    derive_networks.main()
    assert capsys.readouterr().out == f"{model}: 1 of 1 studies read\n"
    network, names = read_network(tmp_path / f"{model}.safetensors")
    assert network.points.shape[1] == len(names)
    assert names == read_network(SHIPPED / f"{model}.safetensors")[1]
