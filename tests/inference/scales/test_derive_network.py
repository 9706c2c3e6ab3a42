"""The script that trains the shipped network writes a file that fits can start from."""

from __future__ import annotations

import sys

from pyro_neurovae.inference.scales import derive_network
from pyro_neurovae.inference.scales.network_file import read_network


def test_the_script_writes_a_network_for_the_default_globals(tmp_path, monkeypatch, capsys):
    path = tmp_path / "network.safetensors"
    monkeypatch.setattr(sys, "argv", ["derive_network.py", "--studies", "1", "--maps", "60", "--out", str(path)])
    derive_network.main()
    assert capsys.readouterr().out == "1 of 1 studies read\n"
    network, names = read_network(path)
    assert names == derive_network.GLOBALS
    assert network.points.shape[1] == len(names)
