"""Equivalence, minimum effect, needed seeds: vectors and laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.weightstats import ttost_ind

from repro.verdicts.equivalence import (
    ABOVE,
    BELOW,
    INSIDE,
    UNDECIDED,
    best_half,
    decide,
    minimum_effect,
    needed_n,
    tost,
)
from repro.verdicts.welch import interval, standard_error


def test_w1_is_equivalent():
    se, df = standard_error(0.23, 3, 0.30, 3)
    assert tost(-0.29, se, df, 1.0) == pytest.approx((0.017196, 0.002513), abs=1e-6)
    assert interval(-0.29, se, df) == pytest.approx((-0.7644, 0.1844), abs=1e-4)
    assert decide(-0.29, se, df, 1.0) == INSIDE


def test_w2_is_undecided():
    se, df = standard_error(0.20, 5, 0.15, 5)
    assert interval(-0.55, se, df) == pytest.approx((-0.76, -0.34), abs=0.005)
    assert decide(-0.55, se, df, 0.5) == UNDECIDED


def test_w3_is_undecided():
    se, df = standard_error(2.00, 3, 1.5, 5)
    assert max(tost(1.61, se, df, 1.0)) == pytest.approx(0.662, abs=5e-4)
    assert decide(1.61, se, df, 1.0) == UNDECIDED


def test_tost_agrees_with_statsmodels():
    rng = np.random.default_rng(1)
    for _ in range(20):
        a, b = rng.normal(0, 1, 4), rng.normal(0.3, 2, 6)
        se, df = standard_error(a.std(ddof=1), 4, b.std(ddof=1), 6)
        p, low, high = ttost_ind(b, a, -1.5, 1.5, usevar="unequal")
        assert tost(b.mean() - a.mean(), se, df, 1.5) == pytest.approx((low[1], high[1]))
        assert max(tost(b.mean() - a.mean(), se, df, 1.5)) == pytest.approx(p)


numbers = st.floats(-5, 5)
spreads = st.floats(0.01, 3)
sizes = st.integers(2, 12)


@settings(max_examples=200, deadline=None)
@given(numbers, spreads, sizes, spreads, sizes, st.floats(0.05, 3))
def test_the_interval_and_the_tests_decide_alike(d, s1, n1, s2, n2, margin):
    se, df = standard_error(s1, n1, s2, n2)
    side = int(decide(d, se, df, margin))
    above, below = (float(p) for p in minimum_effect(d, se, df, margin))
    both = float(max(tost(d, se, df, margin)))
    if min(abs(p - 0.05) for p in (above, below, both)) < 1e-9:
        return
    assert (side == INSIDE) == (both < 0.05)
    assert (side == ABOVE) == (above < 0.05)
    assert (side == BELOW) == (below < 0.05)
    # the mirror image has the mirrored label
    assert int(decide(-d, se, df, margin)) == {ABOVE: BELOW, BELOW: ABOVE}.get(side, side)


@settings(max_examples=100, deadline=None)
@given(numbers, spreads, sizes, spreads, sizes, st.floats(0.05, 3), st.floats(0, 1))
def test_uncertain_data_can_only_undecide(d, s1, n1, s2, n2, margin, effect):
    se, df = standard_error(s1, n1, s2, n2)
    assert int(decide(d, se, df, margin, effect=effect)) in (UNDECIDED, int(decide(d, se, df, margin)))


@settings(max_examples=60, deadline=None)
@given(numbers, spreads, sizes, spreads, st.floats(0.05, 3))
def test_needed_n_is_the_first_that_decides(d, s1, n1, s2, margin):
    n = needed_n(d, s1, n1, s2, 1, margin)
    if n is None:
        se, df = standard_error(s1, n1, s2, 10**9)
        low, high = interval(d, se, df)
        # without limit the interval touches the margin, up to what 10^5 runs still add
        slack = 0.01 * s2 + 1e-3 * s1
        assert high > margin - slack or low < -margin + slack
        assert low < margin + slack
        assert high > -margin - slack
        return
    assert decide(d, *standard_error(s1, n1, s2, n), margin) != UNDECIDED
    if n > 2:
        assert decide(d, *standard_error(s1, n1, s2, n - 1), margin) == UNDECIDED


def test_needed_n_with_a_spread_that_stands_in():
    assert needed_n(0.0, None, 1, 0.18, 2, 0.5) == 4
    assert needed_n(0.0, None, 1, 1.0, 2, 0.5) is None


def test_the_best_interval_may_need_a_finite_number_of_runs():
    se, df = standard_error(1.0, 3, 1.0, np.arange(4, 2000))
    halves = (interval(0.0, se, df)[1]).tolist()
    assert best_half(1.0, 3, 1.0, 3) == pytest.approx(min(halves), rel=1e-6)
    assert best_half(1.0, 3, 1.0, 3) < 2.92 / 3**0.5  # what unlimited runs leave: t(.95, 2) s1 / sqrt(n1)
    assert best_half(1.0, 3, 1.0, 10**7) == pytest.approx(2.92 / 3**0.5, abs=1e-3)
    assert best_half(None, 4, 1.0, 3) == pytest.approx(1.6449 / 2, abs=1e-4)
