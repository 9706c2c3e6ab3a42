"""The model written a second time, in JAX: both densities agree, and the sampler's posterior is the exact one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pyro import poutine

import pyro_neurovae as nv
from pyro_neurovae.errors import SettingsError
from pyro_neurovae.inference.elbo import log_joint
from pyro_neurovae.inference.engine import train_fit
from pyro_neurovae.inference.prepare import observe
from pyro_neurovae.settings import fit_settings

pytest.importorskip("numpyro")
from pyro_neurovae.inference.nuts import double_precision
from pyro_neurovae.inference.nuts_density import Whitening, log_density


def pyro_density(family, named):
    """Log joint of the Pyro model at named values."""
    values = {name: torch.as_tensor(np.array(value))[None, None] for name, value in named.items()}
    programs = "program_score" in values
    if programs:
        values["expression_noise"] = values["expression_noise"][..., None]
    with torch.no_grad():
        model = family.model if programs else (lambda: family.thinning_half(family.kernels()))
        trace = poutine.trace(poutine.condition(model, values)).get_trace()
        return float(log_joint(trace).sum())


@pytest.mark.parametrize("model", ["cross-scale", "expression", "spatial"])
def test_both_densities_agree(study, families, model):
    family, whitening = families[model], None
    if model == "cross-scale":
        half = train_fit(observe(study), fit_settings(model, n_programs=3, steps=5, map_steps=2), (0,)).half
        whitening = Whitening.of(family, half)
    rng = np.random.default_rng(0)

    def white():
        each = {"scales": rng.standard_normal((len(family.scale_names), family.data.maps))}
        if whitening is not None:
            each |= {"globals": rng.standard_normal(7), "score": rng.standard_normal((3, family.data.regions))}
        return each

    with double_precision():
        density, decode = log_density(family, whitening)
        for point in (white(), white()):
            named = decode(point)
            # Jacobian of the coordinates, up to a constant: logs of scales, s, tau, logit of phi, z = (s z) / s.
            jacobian = sum(float(np.log(named[name]).sum()) for name in family.scale_names)
            if whitening is not None:
                s, phi = np.array(named["strength"]), np.array(named["smoothness"])
                jacobian += (1 - family.data.regions) * np.log(s).sum() + np.log(phi * (1 - phi)).sum()
                jacobian += float(np.log(named["expression_noise"]))
            assert float(density(point)) == pytest.approx(pyro_density(family, named) + jacobian, abs=1e-8)


def test_the_gradient_is_that_of_the_density(study, families):
    import jax

    family = families["spatial"]
    with double_precision():
        density, _ = log_density(family, None)
        point = np.random.default_rng(1).standard_normal((len(family.scale_names), family.data.maps))
        gradient = jax.grad(lambda scales: density({"scales": scales}))(point)
        step = 1e-6
        for index in np.ndindex(point.shape):
            moved = np.zeros_like(point)
            moved[index] = step
            slope = (density({"scales": point + moved}) - density({"scales": point - moved})) / (2 * step)
            assert float(gradient[index]) == pytest.approx(float(slope), abs=1e-6)


@pytest.mark.slow
def test_the_sampler_agrees_with_the_guide_where_that_is_near_exact_ci_selection():
    study = nv.simulate(4, genes=12, programs=3)
    sampled = nv.fit(study, "spatial", method="nuts", warm_up=200, draws=300)
    guided = nv.fit(study, "spatial", draws=1200)
    one, other = sampled.regions(), guided.regions()
    # Monte Carlo error of 1,200 draws is 0.03 sd, of the largest of 68 differences of two such about 0.13.
    assert np.abs((one["mean"] - other["mean"]) / other["sd"]).max() < 0.2
    assert sampled.idata.posterior.sizes["chain"] == 4
    assert {"log_p", "loss"} <= set(sampled.idata.sample_stats)
    assert float(np.abs(np.diff(sampled.idata.posterior["thinning"].mean(("draw", "map")), axis=0)).max()) > 0


def test_the_same_seed_gives_the_same_draws(study):
    options = {"method": "nuts", "warm_up": 5, "draws": 5, "restarts": 2, "max_tree_depth": 2}
    one, other = (nv.fit(study, "spatial", seed=3, **options).idata.posterior["thinning"].values for _ in range(2))
    assert np.array_equal(one, other)
    assert not np.array_equal(one[0], one[1])


def test_a_fit_by_nuts_has_all_tables(study, tmp_path):
    fitted = nv.fit(study, method="nuts", n_programs=3, warm_up=5, draws=10, restarts=2, max_tree_depth=2)
    for table in (fitted.regions(), fitted.genes(), fitted.programs(), fitted.variance(), fitted.predict()):
        assert np.isfinite(table.select_dtypes("number").drop(columns=["observed", "se"], errors="ignore")).all().all()
    fitted.save(tmp_path / "fit.nc")
    assert nv.load(tmp_path / "fit.nc").settings == fitted.settings
    assert "cross-scale" in fitted.summary()


def test_what_nuts_can_not_do_is_said(study):
    with pytest.raises(SettingsError, match="the model paper is fitted by svi only"):
        nv.fit(study, "paper", method="nuts")
    with pytest.raises(SettingsError, match="unknown method 'gibbs': the known ones are svi, nuts, exact"):
        nv.fit(study, method="gibbs")
    with pytest.raises(SettingsError, match="knows programs under"):
        nv.fit(study, method="nuts", program_prior="leroux", n_programs=3)
