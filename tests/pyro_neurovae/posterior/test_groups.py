"""A fit's numbers are its seed's, whatever the caller has set in torch, NumPy and Pyro."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import numpy as np
import pyro
import pytest
import torch

import pyro_neurovae as nv
from pyro_neurovae import inferencedata
from pyro_neurovae.models.options import fit_settings
from pyro_neurovae.posterior.groups import fit_draws, fit_groups


@pytest.fixture(scope="module")
def study() -> nv.Study:
    return nv.simulate(0, genes=10, programs=2)


def content(study: nv.Study) -> dict[str, bytes]:
    """Bytes of everything that a fit drew."""
    fitted = nv.fit(study, n_programs=2, steps=3, map_steps=3, draws=10)
    groups = ("posterior", "prior", "predictions", "log_likelihood", "loadings")
    held = {name: inferencedata.group(fitted.idata, name) for name in groups}
    return {f"{name}.{one}": array.values.tobytes() for name, group in held.items() for one, array in group.items()}


@pytest.fixture(scope="module")
def usual(study: nv.Study) -> dict[str, bytes]:
    return content(study)


@pytest.mark.parametrize("model", ["cross-scale", "spatial", "paper"])
def test_draws_of_a_few_quantities_are_those_of_the_whole_fit(study, model):
    fast = {"steps": 3} | ({"warm_up": 2} if model == "paper" else {"map_steps": 3})
    settings = fit_settings(model, draws=10, **fast)
    whole = fit_groups(study, settings).groups["posterior"]
    found = fit_draws(study, settings, ("thinning", "gene_weight"))
    assert list(found) == [name for name in ("thinning", "gene_weight") if name in whole]
    for name, values in found.items():
        np.testing.assert_array_equal(values, whole[name][1])


@contextmanager
def dtype(kind: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(kind)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def params() -> Iterator[None]:
    pyro.param("program_score", torch.ones(3))
    try:
        yield
    finally:
        pyro.clear_param_store()


MODES = {
    "double": lambda: dtype(torch.float64),
    "half": lambda: dtype(torch.float16),
    "no gradients": torch.no_grad,
    "inference": torch.inference_mode,
    "another device": lambda: torch.device("meta"),
    "numpy raises": lambda: np.errstate(all="raise"),
    "a parameter": params,
    "nothing": nullcontext,
}


@pytest.mark.parametrize("mode", MODES)
def test_the_same_seed_gives_the_same_bytes(study, usual, mode):
    with MODES[mode]():
        modes = torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.get_default_dtype()
        assert content(study) == usual
        assert (torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.get_default_dtype()) == modes


def test_a_thread_gives_the_same_bytes(study, usual):
    found = []
    thread = threading.Thread(target=lambda: found.append(content(study)))
    thread.start()
    thread.join()
    assert found == [usual]
