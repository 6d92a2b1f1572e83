"""Borrowed strength and the noise floor."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import polygamma

from repro.verdicts.moderated import Prior, fit_prior, inverse_trigamma
from repro.verdicts.noise_floor import evaluated_images, remark, sd_floor
from shared.protocol import Data


def test_vector():
    s, df = Prior(0.18, 6, 10).moderate(0.23, 2)
    assert s == pytest.approx(0.193714, abs=1e-6)
    assert df == 8


def test_fit_recovers_the_common_spread():
    rng = np.random.default_rng(3)
    s0, v0, df, cells = 0.18, 6.0, 2, 20_000
    sigma2 = s0**2 * v0 / rng.chisquare(v0, cells)
    sds = np.sqrt(sigma2 * rng.chisquare(df, cells) / df)
    prior = fit_prior(list(sds), [df + 1] * cells)
    assert prior.s0 == pytest.approx(s0, rel=0.03)
    assert prior.v0 == pytest.approx(v0, rel=0.1)


def test_cells_of_one_spread_share_it_entirely():
    prior = fit_prior([0.2, 0.21, 0.19, 0.2], [5, 5, 5, 5])
    assert math.isinf(prior.v0)
    s, df = prior.moderate(0.5, 4)
    assert (s, df) == (prior.s0, math.inf)


def test_collapsed_cells_and_single_runs_lend_nothing():
    assert fit_prior([0.2, 0.3, 0.0, 0.0], [3, 3, 3, 3]) is None
    assert fit_prior([0.2, 0.3, 0.1], [3, 3, 1]) is None
    assert fit_prior([0.2, 0.3, 0.1, 0.0], [3, 3, 3, 3]) == fit_prior([0.2, 0.3, 0.1], [3, 3, 3])


@pytest.mark.parametrize("y", [1e-4, 0.1, 1.0, 10.0, 1e4])
def test_inverse_trigamma(y):
    assert float(polygamma(1, inverse_trigamma(y))) == pytest.approx(y, rel=1e-8)


def test_floor_of_the_vector():
    assert sd_floor(87.4, 10_000) == pytest.approx(0.251, abs=5e-4)


def test_a_spread_far_below_the_floor_is_remarked_on():
    assert "far below the 0.25 points" in remark(87.4, 0.01, 5, 10_000)
    assert remark(87.4, 0.23, 3, 10_000) == ""
    assert remark(87.4, 0.06, 2, 10_000) == ""  # two runs agree that well by chance often enough


def test_images_behind_an_accuracy():
    assert evaluated_images(Data(name="imagenette")) == 3925
    assert evaluated_images(Data(name="cifar10", val_size=5000, evaluate_on="val")) == 5000
    assert evaluated_images(Data(name="cifar10", test_per_class=10)) is None
    assert evaluated_images(Data(name="elsewhere")) is None
