"""Prior and posterior densities of the scales: their areas, means and intervals."""

from __future__ import annotations

import numpy as np
import pytest

import pyro_neurovae as nv
from pyro_neurovae import plots


def test_prior_and_posterior(small_fit, drawn, segments):
    name = small_fit.study.maps[1]
    figure = drawn(plots.prior_posterior(small_fit, map=name, unit="mm"))
    scales = ("transcriptomic_scale", "spatial_scale", "structural_scale", "unexplained_scale")
    for axis, scale in zip(figure.axes, scales, strict=True):
        draws = small_fit.posterior.draws(scale, name)
        lines = {line.get_label(): line for line in axis.lines}
        x, y = lines["posterior"].get_data()
        assert np.trapezoid(y, x) == pytest.approx(1, abs=0.06)  # a long tail may end beyond the axis
        spread = 1.25 * len(draws) ** -0.2 * draws.std(ddof=1)  # what the smoothing adds to the mean of mirrored draws
        assert np.trapezoid(x * y, x) == pytest.approx(draws.mean(), abs=spread)
        (interval,) = segments(next(one for one in axis.collections if hasattr(one, "get_segments")))
        np.testing.assert_allclose(interval[:, 0], np.quantile(draws, [0.05, 0.95]))
        assert axis.collections[-1].get_offsets()[0, 0] == pytest.approx(np.median(draws))
        prior = small_fit.posterior.draws(scale, name, group="prior")
        assert np.trapezoid(lines["prior"].get_ydata(), x) == pytest.approx((prior <= x[-1]).mean(), abs=0.04)
        assert axis.get_xlabel() == f"{scale.replace('_', ' ').replace('unexplained', 'regional')} (mm)"
    assert figure.axes[0].get_title(loc="left").startswith(name)


def test_scales_that_a_family_lacks_or_fixes(small_study, baseline_fit, drawn):
    assert len(plots.prior_posterior(baseline_fit).axes) == 2
    quick = {"steps": 20, "n_latent": 3, "width": 8, "warm_up": 5, "patience": 5, "draws": 20}
    fixed = nv.fit(small_study, "paper", unexplained_scale=0.2, **quick)
    (axis,) = drawn(plots.prior_posterior(fixed)).axes
    sigma = fixed.posterior.draws("unexplained_scale").ravel()[0]
    assert [line.get_label() for line in axis.lines] == ["prior, fixed", "posterior, fixed"]
    assert axis.lines[1].get_xdata() == [sigma, sigma]
