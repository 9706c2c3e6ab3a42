"""From a study to tensors: everything as the study has it, and nothing of what is hidden."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from pyro_neurovae.inference.observation import observe, pick_device


def test_tensors_are_those_of_the_study(pairs):
    data = observe(pairs)
    expression, observed = pairs.centred_expression(), pairs.thinning_observed
    np.testing.assert_allclose(data.scatter, expression @ expression.T / len(pairs.genes))
    assert data.genes == len(pairs.genes)
    assert data.expressed.tolist() == pairs.expression_observed.tolist()
    assert not data.scatter[~data.expressed].any()
    np.testing.assert_array_equal(data.seen[0], observed)
    np.testing.assert_array_equal(data.thinning[0], np.where(observed, pairs.thinning, 0.0))
    np.testing.assert_array_equal(data.sampling[0], pairs.sampling_covariance())
    assert data.sampling[0, 0, 0, 1] > 0  # errors go together
    np.testing.assert_array_equal(data.structure, pairs.structure)
    assert data.pair.tolist() == pairs.graph.pair.tolist()
    assert data.homologue.tolist() == pairs.graph.homologue.tolist()
    assert [data.lobe[i] == data.lobe[j] for i, j in ((0, 3), (0, 1))] == [True, False]
    weights = torch.zeros(12, 12, dtype=torch.float64)
    weights[data.edge_index[0], data.edge_index[1]] = data.edge_weight
    np.testing.assert_array_equal(weights, pairs.graph.weights)
    floats = (data.scatter, data.thinning, data.sampling, data.unit, data.level, data.spectrum.values)
    assert {values.dtype for values in floats} == {torch.float64}


def test_a_study_that_knows_no_structure_has_none(study):
    assert not observe(replace(study, structure=None)).structure.any()


def test_a_graph_without_lobes_has_none(study):
    assert observe(study).lobe is None


def test_replicates_see_the_same_where_nothing_is_hidden(study):
    one, many = observe(study), observe(study, replicates=3)
    assert (many.replicates, many.maps, many.regions) == (3, 2, 12)
    for name in ("thinning", "seen", "unit", "level"):
        assert torch.equal(getattr(many, name), getattr(one, name).expand_as(getattr(many, name)))


def test_units_and_levels_are_of_what_each_replicate_sees(study, hidden):
    data = observe(study, hidden=hidden)
    assert data.replicates == len(hidden)
    for b, m in np.ndindex(2, 2):
        seen = study.thinning_observed[m] & ~hidden[b, m]
        assert data.seen[b, m].tolist() == seen.tolist()
        y = study.thinning[m, seen]
        assert float(data.unit[b, m]) == pytest.approx(y.std())
        assert float(data.level[b, m]) == pytest.approx(2 * np.sqrt((y**2).mean()))


def test_hidden_values_are_nowhere(study, hidden):
    changed = study.thinning.copy()
    changed[:, 1] = 9.0
    other = study.with_thinning(changed, study.standard_error)
    one, two = (observe(each, hidden=hidden) for each in (study, other))
    for name in ("thinning", "unit", "level"):
        assert torch.equal(getattr(one, name)[0], getattr(two, name)[0])
        assert not torch.equal(getattr(one, name)[1], getattr(two, name)[1])


def test_devices():
    assert pick_device("cpu") == torch.device("cpu")
    assert pick_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
