"""Small telescopes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import nct

from repro.verdicts.telescopes import d33, ruled_out_p


@pytest.mark.parametrize(("n", "effect"), [(3, 1.625), (4, 1.282), (5, 1.097), (10, 0.722)])
def test_effect_of_one_third_power(n, effect):
    assert d33(n) == pytest.approx(effect, abs=5e-4)


def test_ruled_out_is_a_noncentral_t_probability():
    assert ruled_out_p(-0.4, 3, 3, 3) == pytest.approx(nct.cdf(-0.4, 4, d33(3) * np.sqrt(1.5)))


def test_an_effect_of_exactly_d33_is_ruled_out_in_five_percent():
    rng = np.random.default_rng(5)
    a, b = rng.normal(d33(5), 1, (20_000, 5)), rng.normal(0, 1, (20_000, 5))
    pooled = np.sqrt((a.var(axis=1, ddof=1) + b.var(axis=1, ddof=1)) / 2)
    t = (a.mean(axis=1) - b.mean(axis=1)) / (pooled * np.sqrt(2 / 5))
    rate = np.mean([p < 0.05 for p in nct.cdf(t, 8, d33(5) * np.sqrt(2.5))])
    assert rate == pytest.approx(0.05, abs=0.006)
