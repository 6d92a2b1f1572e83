"""Power of the equivalence test: the published table, planning, and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from repro.verdicts.equivalence import INSIDE, decide
from repro.verdicts.power import (
    limit_power,
    seeds_for_power,
    seeds_to_order,
    stand_in_power,
    tost_power,
)
from repro.verdicts.welch import stand_in_error


@pytest.mark.parametrize(
    ("n1", "n2", "ratio"), [(3, 3, 3.16), (3, 5, 2.69), (3, 10, 2.57), (5, 5, 2.06), (5, 10, 1.78), (10, 10, 1.37)]
)
def test_margin_over_sigma_for_eighty_percent(n1, n2, ratio):
    assert brentq(lambda r: tost_power(n1, n2, r) - 0.8, 0.1, 10) == pytest.approx(ratio, abs=0.02)


@pytest.mark.parametrize(("n2", "power"), [(3, 0.31), (5, 0.50), (10, 0.59), (30, 0.60)])
def test_power_saturates_with_three_published_runs(n2, power):
    assert tost_power(3, n2, 2.0) == pytest.approx(power, abs=0.01)
    needed, best = seeds_for_power(3, 2.0)
    assert needed is None
    assert power - 0.01 <= best == pytest.approx(0.60, abs=0.01)


def test_limit_is_that_of_many_runs():
    assert limit_power(4, 2.0) == pytest.approx(tost_power(4, 10**6, 2.0), abs=1e-3)


@pytest.mark.parametrize(("n", "size"), [(3, 0.039), (5, 0.047)])
def test_size_at_the_boundary(n, size):
    assert tost_power(n, n, 2.0, shift=2.0) == pytest.approx(size, abs=0.002)


def test_seeds_for_power_is_the_first_number():
    n, _ = seeds_for_power(5, 1.9)
    assert n is not None
    assert tost_power(5, n, 1.9) >= 0.8 > tost_power(5, n - 1, 1.9)


def test_stand_in_power_agrees_with_simulation():
    rng = np.random.default_rng(0)
    n1, n2, studies = 1, 5, 40_000
    m1, x = rng.normal(0, 1, studies), rng.normal(0, 1, (studies, n2))
    se, df = stand_in_error(x.std(axis=1, ddof=1), n1, n2)
    rate = (decide(x.mean(axis=1) - m1, se, df, 3.0) == INSIDE).mean()
    assert stand_in_power(n1, n2, 3.0) == pytest.approx(rate, abs=0.01)


def test_seeds_to_order_a_difference():
    assert seeds_to_order(0.8) == 21  # textbook: one-sided 5 %, 80 %, d = 0.8
    assert seeds_to_order(0.001) is None
