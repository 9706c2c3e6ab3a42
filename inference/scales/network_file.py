"""Networks of the scales' guides as files: those that ship with the package, and people's own."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from pyro_neurovae.errors import InputError, SettingsError
from pyro_neurovae.models.linear import LinearModel
from pyro_neurovae.models.training_settings import NO_NETWORK, SHIPPED_NETWORK

from .network import ScaleNetwork

__all__ = ["SHIPPED", "network_bytes", "network_for", "read_network"]

# Folder of what derive_networks.py writes.
SHIPPED = Path(__file__).parent / "networks"


def network_for(model: LinearModel, name: str) -> ScaleNetwork | None:
    """Network that a model's maps can be read by: a shipped one, none, or that of a file.

    Raises
    ------
    InputError
        When the file is missing or holds no network.
    SettingsError
        When the file's network is for other globals than the model has.
    """
    if name == NO_NETWORK:
        return None
    if name == SHIPPED_NETWORK:
        network = _shipped().get(model.globals)
        return None if network is None else network.to(model.data.thinning.device)
    path = Path(name)
    network, names = _read(path, path.stat().st_mtime_ns if path.is_file() else 0)
    if names == model.globals:
        return network.to(model.data.thinning.device)
    raise SettingsError(
        f"the network of {path} is for {', '.join(names)}, and the model has {', '.join(model.globals)}: "
        f"train one for these settings, or give map_network={NO_NETWORK}."
    )


def network_bytes(network: ScaleNetwork, names: tuple[str, ...]) -> bytes:
    """Content of the file of a network for globals of the given names: numbers of single precision, no code."""
    tensors = {name: values.float().contiguous().cpu() for name, values in network.state_dict().items()}
    content: bytes = save(tensors, {"globals": json.dumps(names)})
    return content


def read_network(path: str | os.PathLike[str]) -> tuple[ScaleNetwork, tuple[str, ...]]:
    """Read a network and the names of the globals that it is for.

    Raises
    ------
    InputError
        When the file is missing or holds no network.
    """
    if not Path(path).is_file():
        raise InputError(f"there is no file {path}; `nv.amortise` writes networks.")
    try:
        with safe_open(path, framework="pt") as file:
            tensors: dict[str, Tensor] = {name: file.get_tensor(name).double() for name in file.keys()}  # noqa: SIM118
            names = tuple(json.loads(file.metadata()["globals"]))
        network = ScaleNetwork(len(names), width=len(tensors["layers.0.bias"]))
        network.load_state_dict(tensors)
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"{path} holds no network of a map's scales; `nv.amortise` writes them.") from error
    return network.requires_grad_(False), names


@lru_cache(maxsize=1)
def _shipped() -> dict[tuple[str, ...], ScaleNetwork]:
    """Every network that ships, by the globals that it is for."""
    return {names: network for network, names in map(read_network, sorted(SHIPPED.glob("*.safetensors")))}


@lru_cache(maxsize=4)
def _read(path: Path, changed: int) -> tuple[ScaleNetwork, tuple[str, ...]]:
    """Read a file once, and again once it has changed."""
    del changed
    return read_network(path)
