"""A fit in short: the record that summary.json holds, and its words."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import pyro_neurovae as nv
from pyro_neurovae.posterior.summary import describe_fit, summarise_fit


@pytest.fixture(scope="module")
def record(small_fit):
    return summarise_fit(small_fit.posterior, small_fit.study)


def test_record_is_json_without_nan(record):
    assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_record_says_how_the_fit_was_made(record, small_fit):
    assert (record["model"], record["seed"]) == ("cross-scale", 5)
    assert record["settings"] == json.loads(small_fit.settings.to_json())
    assert record["versions"].keys() >= {"python", "torch", "pyro-ppl", "pyro_neurovae"}
    assert record["elapsed_s"] > 0
    assert record["notices"] == list(small_fit.notices)
    assert len(record["convergence"]["elbo"]) == len(record["convergence"]["elbo_drift"]) == 2


def test_record_of_a_map(record, small_fit):
    first, second = (record["maps"][name] for name in small_fit.study.maps)
    assert (first["n_observed"], second["n_observed"]) == (65, 68)
    assert sum(part["mean"] for part in second["variance_shares"]) == pytest.approx(1)
    assert len(second["importance_k"]) == 2
    rows = small_fit.regions().query("map == 'simulated2'")
    assert [row["region"] for row in second["most_affected"]] == list(
        rows.loc[rows["mean"].abs().nlargest(10).index, "region"]
    )
    residual = np.mean((rows["observed"] - rows["predictable_mean"]) ** 2)
    assert second["in_sample_r2"] == pytest.approx(1 - residual / np.var(rows["observed"]))


def test_record_says_how_errors_go_together(record):
    assert record["sampling_correlation"] == {"simulated1": "independent", "simulated2": "independent"}
    assert record["structure"] == "normative"
    drawn = nv.simulate(4, genes=20)
    fitted = nv.fit(replace(drawn, structure=np.eye(68)), "structural", map_steps=1, draws=5)
    record = summarise_fit(fitted.posterior, fitted.study)
    assert record["sampling_correlation"] == {"simulated": "normative"}
    assert record["structure"] == "given"
    assert fitted.summary().count("sampling errors are assumed to correlate across regions as regional") == 1
    bare = summarise_fit(fitted.posterior, replace(drawn, structure=None))
    assert bare["structure"] == "none"


def test_a_noise_ceiling_below_zero_is_an_alarm(small_study):
    loud = small_study.with_thinning(small_study.thinning, 3 * small_study.standard_error)
    fitted = nv.fit(loud, "spatial", map_steps=1, draws=5)
    record = summarise_fit(fitted.posterior, loud)
    alarms = [one for one in record["notices"] if "below zero" in one]
    below = [name for name, one in record["maps"].items() if one["noise_ceiling"] < 0]
    assert below
    assert [one.partition(":")[0] for one in alarms] == below
    assert record["notices"] == list(fitted.notices)


def test_words(small_fit):
    text = small_fit.summary()
    assert text == describe_fit(summarise_fit(small_fit.posterior, small_fit.study))
    assert text.startswith("Fit: cross-scale, seed 5, 2 x 60 draws, ")
    assert "simulated1: 65 regions observed, noise ceiling of R2 0." in text
    assert "Share of the variance: transcriptomic" in text
    assert "simulated1, simulated2: sampling errors are assumed to be independent across regions." in text
    assert "Structure: the correlation of regional thickness across people (normative, 1,462 people" in text
    assert "Notices:" not in text or small_fit.notices


def test_unknown_errors_have_no_ceiling(small_study):
    unknown = small_study.with_thinning(small_study.thinning, np.zeros((2, 68)))
    fitted = nv.fit(unknown, "spatial", map_steps=1, draws=5)
    record = summarise_fit(fitted.posterior, unknown)
    assert record["maps"]["simulated1"]["noise_ceiling"] is None
    assert record["convergence"]["elbo_drift"] is None  # one step has no trend
    assert "noise ceiling of R2 unknown" in fitted.summary()


def test_what_nothing_was_trained_for_has_no_convergence(small_study):
    fitted = nv.fit(small_study, "spatial", method="exact", draws=5)
    assert summarise_fit(fitted.posterior, small_study)["convergence"] is None
