"""What is computed from draws, by hand: shares of variance, slopes of genes, loadings."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pyro_neurovae.inference.observation import observe
from pyro_neurovae.inference.summaries import gene_weights, loadings, region_shares, variance_shares
from pyro_neurovae.models.families import family_of

DRAWS, REGIONS, MAPS = 4, 12, 2
FAMILY = family_of("cross-scale")
PARTS = ("transcriptomic", "spatial", "structural", "regional")


@pytest.fixture
def drawn(streams):
    """Parts of an effect and the effect, of two replicates."""
    noise = streams(1, 2)
    parts = {name: noise.normal(DRAWS, MAPS, REGIONS) for name in PARTS}
    return parts | {"thinning": sum(parts.values())}


def test_shares_of_a_maps_variance(study, hidden, drawn):
    data = observe(study, hidden=hidden)
    found = variance_shares(drawn, data, FAMILY)
    assert found.shape == (2, DRAWS, MAPS, 5)
    assert FAMILY.sources == (*PARTS, "sampling")
    for b, s, m in np.ndindex(2, DRAWS, MAPS):
        seen = data.seen[b, m].numpy()
        by_hand = np.array(
            [
                *(drawn[part][b, s, m].numpy().var() for part in PARTS),
                data.sampling[0, m].numpy().diagonal()[seen].mean(),
            ]
        )
        np.testing.assert_allclose(found[b, s, m], by_hand / by_hand.sum())


def test_shares_of_each_regions_deviation(study, hidden, drawn):
    data = observe(study, hidden=hidden)
    found = region_shares(drawn, data, FAMILY)
    assert found.shape == (2, DRAWS, MAPS, REGIONS, 5)
    fields = [drawn[part][1, 2, 0].numpy() for part in PARTS]
    by_hand = np.stack([*((one - one.mean()) ** 2 for one in fields), data.sampling[0, 0].numpy().diagonal()], -1)
    np.testing.assert_allclose(found[1, 2, 0], by_hand / by_hand.sum(-1, keepdims=True))


def test_a_part_that_a_family_lacks_has_no_share(study, drawn):
    data = observe(study, replicates=2)
    without = {name: values for name, values in drawn.items() if name != "spatial"}
    for shares in (variance_shares(without, data, FAMILY), region_shares(without, data, FAMILY)):
        assert not shares[..., 1].any()
        torch.testing.assert_close(shares.sum(-1), torch.ones_like(shares[..., 0]))


def test_a_prior_has_the_first_replicate_only(study, hidden, drawn):
    data = observe(study, hidden=hidden)
    first = {name: values[:1] for name, values in drawn.items()}
    torch.testing.assert_close(variance_shares(first, data, FAMILY), variance_shares(drawn, data, FAMILY)[:1])


def test_a_genes_weight_is_the_slope_of_a_line_through_the_measured_regions(study, streams):
    part, expressed = streams(1).normal(DRAWS, MAPS, REGIONS), torch.as_tensor(study.expression_observed)
    genes = study.centred_expression().copy()
    genes[:, 3] = 0.0
    found = gene_weights(part, torch.as_tensor(genes), expressed)
    assert found.shape == (1, DRAWS, MAPS, genes.shape[1])
    assert not found[..., 3].any()  # a gene without variance has no slope
    measured = study.expression_observed
    for j in (0, 7):
        x = genes[measured, j]
        slope = np.polyfit(x / x.std(), part[0, 1, 0].numpy()[measured], 1)[0]
        assert float(found[0, 1, 0, j]) == pytest.approx(slope)


def test_loadings_are_the_conditional_gaussian_averaged_over_draws(study, streams):
    """Given programs and noise, a gene's loadings by the normal equations on centred programs."""
    noise, programs = streams(1), 3
    score, strength, tau = noise.normal(DRAWS, programs, REGIONS), noise.uniform(DRAWS, programs), noise.uniform(DRAWS)
    genes, measured = study.centred_expression(), study.expression_observed
    mean, sd = loadings(score, strength, tau, torch.as_tensor(genes), torch.as_tensor(measured))
    assert mean.shape == sd.shape == (1, programs, genes.shape[1])
    each, within = [], []
    for s in range(DRAWS):
        z = (score[0, s] * strength[0, s, :, None]).numpy()[:, measured]
        z = z - z.mean(1, keepdims=True)
        inverse = np.linalg.inv(z @ z.T + float(tau[0, s]) ** 2 * np.eye(programs))
        size = strength[0, s].numpy()[:, None]
        each.append(size * (inverse @ z @ genes[measured]))
        within.append(size**2 * float(tau[0, s]) ** 2 * inverse.diagonal()[:, None])
    np.testing.assert_allclose(mean[0], np.mean(each, 0))
    np.testing.assert_allclose(sd[0], np.sqrt(np.var(each, 0) + np.mean(within, 0)))
