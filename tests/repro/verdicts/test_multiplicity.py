"""Holm and Wilson against statsmodels."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from repro.verdicts.multiplicity import holm, wilson


@settings(max_examples=40, deadline=None)  # the first call imports pandas
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm(p_values):
    assert holm(p_values) == pytest.approx(list(multipletests(p_values, method="holm")[1]))


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson(counts):
    assert wilson(*counts) == pytest.approx(proportion_confint(*counts, method="wilson"), abs=1e-9)


def test_nothing_tried_leaves_everything_open():
    assert wilson(0, 0) == (0.0, 1.0)
    assert holm([]) == []
