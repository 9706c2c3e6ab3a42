"""Threads and Pyro's checks: changed while a fit runs, put back after it, the caller's own in the caller's function."""

from __future__ import annotations

import threading

import pyro
import pytest
import torch
from pyro import distributions, infer, poutine

from pyro_neurovae.inference.engine import fit_model
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.inference.switches import in_threads, quick, single_threaded, suspended
from pyro_neurovae.models.options import fit_settings

CALLERS = (3, (True, False, True))


def now():
    return torch.get_num_threads(), tuple(part.is_validation_enabled() for part in (distributions, infer, poutine))


def put(threads, checks):
    torch.set_num_threads(threads)
    for part, checked in zip((distributions, infer, poutine), checks, strict=True):
        part.enable_validation(checked)


@pytest.fixture(autouse=True)
def callers():
    """Settings of a caller's that are no default."""
    before = now()
    put(*CALLERS)
    yield
    put(*before)


def test_small_matrices_get_one_thread_and_large_ones_the_callers():
    for regions, threads in ((68, 1), (1000, 3)):
        with single_threaded(regions) as given:
            assert (given, torch.get_num_threads()) == (3, threads)
        assert now() == CALLERS


def test_checks_are_left_out_and_put_back():
    with quick():
        assert now() == (3, (False, False, False))
    assert now() == CALLERS


def test_blocks_lie_in_one_another():
    with single_threaded(68) as outer:
        with quick(), single_threaded(68) as inner:
            assert now() == (1, (False, False, False))
            with suspended():
                assert now() == CALLERS
            assert now() == (1, (False, False, False))
        assert now() == (1, CALLERS[1])
        assert (outer, inner) == (3, 1)
    assert now() == CALLERS
    with suspended():  # outside of a fit there is nothing to give back
        assert now() == CALLERS


def test_all_is_put_back_where_a_block_fails():
    def fail():
        with single_threaded(68), quick(), suspended():
            pyro.enable_validation(True)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert now() == CALLERS


TRAINED = {
    "cross-scale": {"n_programs": 3, "steps": 2, "map_steps": 2},
    "spatial": {"map_steps": 2},
    "stacked": {"members": ["expression", "spatial"], "folds": 2, "map_steps": 2},
    "paper": {"n_latent": 2, "width": 4, "steps": 3, "validation": 0},
}


@pytest.mark.parametrize("model", TRAINED)
def test_the_callers_function_runs_as_outside_of_a_fit(study, model):
    heard = []
    settings = fit_settings(model, draws=10, **TRAINED[model])
    fitted = fit_model(observe(study), settings, (0,), progress=lambda *news: heard.append((news[0], now())))
    assert len({label for label, _ in heard}) == (2 if model == "cross-scale" else 1)
    assert {switches for _, switches in heard} == {CALLERS}
    assert now() == CALLERS
    fitted.sampler.draw(5)
    fitted.sampler.draw_prior(0, 5)
    assert now() == CALLERS


def test_what_the_callers_function_changes_is_the_callers(study):
    """What it sets itself holds while it runs, and a fit goes on as it was."""
    settings, seen = fit_settings("spatial", map_steps=3, draws=5), []

    def progress(*_):
        seen.append(now())
        torch.set_num_threads(2)

    fit_model(observe(study), settings, (0,), progress=progress)
    assert len(seen) >= 3
    assert seen == [CALLERS] * len(seen)
    assert now() == CALLERS


def test_a_fit_that_fails_leaves_all_as_it_was(study):
    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_model(observe(study), fit_settings("spatial", map_steps=3), (0,), progress=stop)
    assert now() == CALLERS


@pytest.mark.parametrize("workers", [1, 3])
def test_pieces_keep_their_order_and_need_no_gradient(workers):
    def number(piece):
        return piece**2, torch.is_grad_enabled(), threading.get_ident()

    found = in_threads(number, range(20), workers)
    assert [square for square, _, _ in found] == [piece**2 for piece in range(20)]
    assert not any(gradient for _, gradient, _ in found)
    assert torch.is_grad_enabled()
    assert all((ident == threading.get_ident()) == (workers == 1) for *_, ident in found)
