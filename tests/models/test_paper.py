"""The paper's family as a Pyro model: sites and plates, its density by hand, what its decoder is."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import expon, multivariate_normal, norm

from pyro_neurovae.inference.noise import NoiseStreams
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.models.paper import Decoder, Paper
from pyro_neurovae.models.settings import PaperSettings, PCPrior

LATENT, DRAWS = 3, 2
LAM, SIGMA = PCPrior(0.2, 0.6), PCPrior(0.5, 0.1)

# What is fixed, what is learned, and whether the standard errors count.
SETTINGS = [
    PaperSettings(n_latent=LATENT, lam=0.0, unexplained_scale=0.4, standard_errors=False),
    PaperSettings(n_latent=LATENT, lam=0.7, unexplained_scale=SIGMA, standard_errors=True),
    PaperSettings(n_latent=LATENT, lam=LAM, unexplained_scale=0.4, standard_errors=True),
    PaperSettings(n_latent=LATENT, lam=LAM, unexplained_scale=SIGMA, standard_errors=False),
]
EVERY = pytest.mark.parametrize("settings", SETTINGS, ids=["fixed", "sigma", "lambda", "both"])


def decoded(z):
    """Stands for the perceptron: (..., latent, region) to two maps, (..., 2, region)."""
    return (z[..., :1, :] * z[..., 1:, :]).tanh()


def total(sites):
    return sum(site["log_prob"].flatten(2).sum(-1) for site in sites.values())


@EVERY
def test_sites_and_plates(study, hidden, traced, settings):
    model = Paper(observe(study, hidden=hidden), settings, decoded)
    plates = {"latent": ("latent_dimension", LATENT), "unexplained_scale": ("map", 2), "thinning": ("map", 2)}
    sites = traced(model, DRAWS)
    learned = {name for name in ("lam", "unexplained_scale") if isinstance(getattr(settings, name), PCPrior)}
    assert set(sites) == {"latent", "thinning"} | learned
    for name, site in sites.items():
        last = plates.get(name)
        frames = {(f.name, f.dim, f.size) for f in site["cond_indep_stack"]}
        assert frames == {("replicate", -3, 2), ("draw", -2, DRAWS)} | ({(last[0], -1, last[1])} if last else set())
        assert site["log_prob"].shape == (2, DRAWS, last[1] if last else 1)
        assert site["is_observed"] == (name == "thinning")
    assert model.scale_names == (("unexplained_scale",) if "unexplained_scale" in learned else ())
    assert sites["latent"]["value"].shape == (2, DRAWS, LATENT, study.n_regions)


def test_the_docstring_names_the_sites():
    assert [s for s in ("latent", "lam", "unexplained_scale", "thinning") if f"``{s}``" not in Paper.__doc__] == []


@EVERY
def test_density_of_the_whole_model_by_hand(study, hidden, dense, traced, settings):
    model = Paper(observe(study, hidden=hidden), settings, decoded)
    sites = traced(model, DRAWS)
    value = {name: site["value"].numpy() for name, site in sites.items()}
    for b, s in np.ndindex(2, DRAWS):
        lam = float(value["lam"][b, s, 0]) if "lam" in value else settings.lam
        z = value["latent"][b, s]
        prior = multivariate_normal(np.zeros(study.n_regions), dense(study.graph, "paper", lam))
        expected = prior.logpdf(z).sum()
        if "lam" in value:
            expected += float(model.lam_prior.log_prob(torch.tensor(lam)))
        for m in range(2):
            seen = study.thinning_observed[m] & ~hidden[b, m]
            y, se = study.thinning[m, seen], study.standard_error[m, seen]
            sigma = settings.unexplained_scale * y.std() if isinstance(settings.unexplained_scale, float) else None
            if sigma is None:  # P(sigma > upper sds of the seen values) = alpha
                sigma = value["unexplained_scale"][b, s, m]
                expected += expon(scale=SIGMA.upper * y.std() / -np.log(SIGMA.alpha)).logpdf(sigma)
            mean = y.mean() + y.std() * np.tanh(z[0] * z[m + 1])[seen]
            expected += norm(mean, np.sqrt(sigma**2 + settings.standard_errors * se**2)).logpdf(y).sum()
        assert float(total(sites)[b, s]) == pytest.approx(expected, rel=1e-8)


@EVERY
def test_relabelling_regions_changes_no_density(study, hidden, traced, settings):
    order = np.random.default_rng(2).permutation(study.n_regions)
    other = study.select(regions=[study.regions[i] for i in order])
    sites = traced(Paper(observe(study, hidden=hidden), settings, decoded), DRAWS)
    values = {name: site["value"] for name, site in sites.items() if name != "thinning"}
    values["latent"] = values["latent"][..., order]
    after = traced(Paper(observe(other, hidden=hidden[..., order]), settings, decoded), DRAWS, values)
    torch.testing.assert_close(total(after), total(sites))


@torch.no_grad()
def test_only_the_variances_of_a_sampling_covariance_count(study, traced):
    joint = study.standard_error[:, :, None] * (0.3 + 1.7 * np.eye(study.n_regions)) * study.standard_error[:, None, :]
    correlated = study.with_thinning(study.thinning, study.standard_error, covariance=joint)
    scaled = study.with_thinning(study.thinning, np.sqrt(2) * study.standard_error)
    settings = SETTINGS[1]
    first, second = (traced(Paper(observe(one), settings, decoded), DRAWS) for one in (correlated, scaled))
    torch.testing.assert_close(first["thinning"]["log_prob"], second["thinning"]["log_prob"])


@torch.no_grad()
def test_the_decoder_is_one_perceptron_for_every_region():
    decoder = Decoder(LATENT, 7, 2, NoiseStreams((1, 2), "test", dtype=torch.float64))
    noise = NoiseStreams((3, 4), "test", dtype=torch.float64)
    for layer in (decoder.hidden, decoder.out):
        layer.bias.copy_(noise.normal(*layer.bias.shape[1:]))
    z = noise.normal(DRAWS, LATENT, 9)
    f = decoder(z)
    assert f.shape == (2, DRAWS, 2, 9)
    for b, s, i in np.ndindex(2, DRAWS, 9):
        inner = torch.relu(z[b, s, :, i] @ decoder.hidden.weight[b] + decoder.hidden.bias[b, 0])
        torch.testing.assert_close(f[b, s, :, i], inner @ decoder.out.weight[b] + decoder.out.bias[b, 0])


def test_without_a_decoder_there_is_no_thinning(study):
    model = Paper(observe(study), SETTINGS[0])
    with pytest.raises(ValueError, match="the model has no decoder yet: train it, or give decode"):
        model.model()


@EVERY
def test_log_prior_is_that_of_the_sites(study, traced, settings):
    model = Paper(observe(study), settings, decoded)
    sites = traced(model, DRAWS)
    found = model.log_prior({name: site["value"] for name, site in sites.items()})
    assert set(found) == set(sites) - {"latent", "thinning"}
    for name, density in found.items():
        torch.testing.assert_close(density, sites[name]["log_prob"])
