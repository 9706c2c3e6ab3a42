"""The model written a second time, in JAX: both densities agree, and the sampler's posterior is the exact one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pyro import poutine
from scipy import stats

import pyro_neurovae as nv
from pyro_neurovae.errors import SettingsError
from pyro_neurovae.inference.elbo import log_joint
from pyro_neurovae.inference.engine import build_family
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.models.settings import fit_settings

pytest.importorskip("numpyro")
from pyro_neurovae.inference.nuts.coordinates import ProgramCoordinates
from pyro_neurovae.inference.nuts.density import log_density
from pyro_neurovae.inference.nuts.sampler import double_precision


def in_torch(values):
    return torch.as_tensor(np.array(values))


def pyro_density(family, named):
    """Log joint of the Pyro model at named values."""
    values = {name: in_torch(value)[None, None] for name, value in named.items()}
    programs = "program_score" in values
    if programs:
        values["expression_noise"] = values["expression_noise"][..., None]
    with torch.no_grad():
        model = family.model if programs else (lambda: family.thinning_half(family.kernels()))
        trace = poutine.trace(poutine.condition(model, values)).get_trace()
        return float(log_joint(trace).sum())


@pytest.mark.parametrize("model", ["expression", "spatial"])
def test_both_densities_agree_for_the_baselines(families, model):
    family, rng = families[model], np.random.default_rng(0)
    with double_precision():
        density, decode = log_density(family, None)
        for point in rng.standard_normal((2, len(family.scale_names), family.data.maps)):
            named = decode({"scales": point})
            prior = sum(float(family.scale_prior(name).log_prob(in_torch(named[name])).sum()) for name in named)
            expected = pyro_density(family, named) - prior - 0.5 * (point**2).sum()
            assert float(density({"scales": point})) == pytest.approx(expected, abs=1e-8)
            for name, score in zip(named, point, strict=True):
                assert family.scale_prior(name).cdf(in_torch(named[name])).numpy()[0, 0] == pytest.approx(
                    stats.norm.cdf(score)
                )


@pytest.mark.parametrize("unmeasured", [(), ("L_insula", "R_insula")])
def test_both_densities_agree_for_cross_scale(unmeasured):
    """Completed by r, of known density, the map from coordinates to quantities is square: its Jacobian is computed."""
    import jax
    import jax.numpy as jnp
    from jax.flatten_util import ravel_pytree

    study = nv.simulate(1, genes=40, programs=3, missing_expression=unmeasured)
    family = build_family(observe(study), fit_settings("cross-scale", n_programs=3))
    coordinates, rng, constants = ProgramCoordinates.of(family), np.random.default_rng(0), []
    with double_precision():
        density, decode = log_density(family, coordinates)
        for turned in (0.0, 2.0, 4.0):
            white = coordinates.begin(rng) | {"scales": rng.standard_normal((3, 1))}
            white["turn"] = white["turn"] + turned * rng.standard_normal((3, 3))
            flat, unravel = ravel_pytree(white)

            def spare(white):
                return jnp.linalg.qr(coordinates.turn * white["turn"])[1][np.triu_indices(3)]

            def quantities(flat, unravel=unravel):
                white = unravel(flat)
                return ravel_pytree((decode(white) | {"smoothness": white["smooth"]}, spare(white)))[0]

            log_size = np.linalg.slogdet(jax.jacobian(quantities)(flat))[1]
            rest = np.array(spare(white))
            length, above = np.abs(rest[[0, 3, 5]]), rest[[1, 2, 4]]
            of_spare = stats.lognorm.logpdf(length, 0.25, scale=4.0).sum() + stats.norm.logpdf(above).sum()
            named = decode(white)
            # The prior of phi is standard normal in its score.
            of_phi = float(family.smoothness_prior.log_prob(in_torch(named["smoothness"])).sum())
            expected = pyro_density(family, named) - of_phi + stats.norm.logpdf(white["smooth"]).sum()
            constants.append(float(density(white)) - expected - log_size - of_spare)
    assert np.ptp(constants) < 1e-7


def test_the_score_of_smoothness_is_its_priors(families):
    coordinates = ProgramCoordinates.of(families["cross-scale"])
    drawn = families["cross-scale"].smoothness_prior.sample((20_000,)).logit().numpy()
    assert stats.kstest(np.interp(drawn, coordinates.logit, coordinates.score), "norm").pvalue > 1e-3


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
