"""Welch's test, prediction intervals and levels against the published vectors and statsmodels."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from repro.verdicts.welch import (
    interval,
    moderated_error,
    nominal_level,
    prediction_half,
    quantile,
    stand_in_error,
    standard_error,
    two_sided_p,
    upper_p,
)


@pytest.mark.parametrize(
    ("s1", "n1", "s2", "n2", "d", "se", "df", "p"),
    [(0.23, 3, 0.30, 3, -0.29, 0.218251, 3.747411, 0.259061), (0.20, 5, 0.15, 5, -0.55, 0.111803, 7.418398, 0.001451)],
    ids=["W1", "W2"],
)
def test_vectors(s1, n1, s2, n2, d, se, df, p):
    got_se, got_df = standard_error(s1, n1, s2, n2)
    assert got_se == pytest.approx(se, abs=1e-6)
    assert got_df == pytest.approx(df, abs=1e-6)
    assert two_sided_p(d, got_se, got_df) == pytest.approx(p, abs=1e-6)


@pytest.mark.parametrize(("n1", "n2", "half"), [(3, 1, 4.97), (3, 3, 3.51), (3, 5, 3.14), (5, 5, 1.76)])
def test_prediction_half_width_in_units_of_the_spread(n1, n2, half):
    assert prediction_half(1.0, n1, n2) == pytest.approx(half, abs=0.005)


def test_prediction_intervals_of_the_vectors():
    half = prediction_half(0.23, 3, 3)
    assert (87.39 - half, 87.39 + half) == pytest.approx((86.582, 88.198), abs=5e-4)
    assert prediction_half(0.23, 3, 5) == pytest.approx(0.722709, abs=1e-6)
    assert prediction_half(2.00, 3, 5) == pytest.approx(6.284, abs=5e-4)


@pytest.mark.parametrize(("n1", "half"), [(1, 0.547460), (3, 0.364973)])
def test_our_spread_stands_in_for_an_unknown_one(n1, half):
    se, df = stand_in_error(0.18, n1, 5)
    assert df == 4
    assert quantile(0.975, df) * se == pytest.approx(half, abs=1e-6)


runs = st.lists(st.floats(0, 100, allow_nan=False), min_size=2, max_size=8)


@settings(max_examples=60, deadline=None)
@given(runs, runs)
def test_agrees_with_statsmodels(a, b):
    if np.ptp(a) < 1e-3 or np.ptp(b) < 1e-3:
        return
    d = np.mean(b) - np.mean(a)
    se, df = standard_error(np.std(a, ddof=1), len(a), np.std(b, ddof=1), len(b))
    compare = CompareMeans(DescrStatsW(b), DescrStatsW(a))
    _, p, oracle_df = compare.ttest_ind(usevar="unequal")
    assert df == pytest.approx(oracle_df, rel=1e-8)
    assert two_sided_p(d, se, df) == pytest.approx(p, rel=1e-6, abs=1e-12)
    assert interval(d, se, df) == pytest.approx(compare.tconfint_diff(alpha=0.1, usevar="unequal"), rel=1e-6, abs=1e-9)


def test_two_spreads_of_zero_make_the_difference_known():
    se, df = standard_error(0.0, 3, 0.0, 3)
    assert (float(se), float(df)) == (0.0, np.inf)
    assert [float(upper_p(x, se, df)) for x in (1.0, 0.0, -1.0)] == [0.0, 0.5, 1.0]
    assert interval(0.0, se, df) == (0.0, 0.0)


def test_moderated_error_with_plain_degrees_of_freedom_is_welch():
    plain = standard_error(0.23, 3, 0.3, 4)
    assert list(moderated_error(0.23, 3, 2, 0.3, 4, 3)) == [pytest.approx(float(x)) for x in plain]


@pytest.mark.parametrize(("looks", "tolerance"), [(2, 2e-3), (3, 3e-3), (5, 5e-3)])
def test_pocock_levels_keep_five_percent_over_all_looks(looks, tolerance):
    z = norm.isf(nominal_level(looks) / 2)
    times = np.arange(1, looks + 1)
    correlation = np.sqrt(np.minimum.outer(times, times) / np.maximum.outer(times, times))
    inside = multivariate_normal(np.zeros(looks), correlation, seed=0).cdf([z] * looks, lower_limit=[-z] * looks)
    assert 1 - inside == pytest.approx(0.05, abs=tolerance)


def test_levels_only_fall_with_looks():
    levels = [nominal_level(k) for k in range(1, 30)]
    assert levels[:2] == [0.05, 0.0294]
    assert all(a > b for a, b in itertools.pairwise(levels))


@given(st.floats(-50, 50), st.floats(1e-6, 50), st.floats(1, 100))
def test_a_single_claim_and_an_array_of_them_get_the_same_p(numerator, se, df):
    assert upper_p(numerator, se, df) == upper_p(*(np.array([x]) for x in (numerator, se, df)))[0]
