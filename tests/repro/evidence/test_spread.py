"""How a run left its weights spread over the tensors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.evidence.record import Outcome
from repro.evidence.spread import spearman, spread_metric

SCORE = {"epoch": 1, "correct": 9, "total": 10}


def outcome(*tensors):
    """Of (total, remaining) pairs, named t0, t1, ..."""
    layers = [{"name": f"t{i}", "shape": (n,), "total": n, "remaining": k} for i, (n, k) in enumerate(tensors)]
    counts = {"prunable": 1, "remaining": 1, "parameters": 1, "macs_dense": 1, "macs_sparse": 1, "train_total": 1}
    return Outcome.model_validate(
        {"status": "finished", "last": SCORE, "best": SCORE, "layers": layers, "curve": {}, **counts}
    )


def test_a_tensor_leads_the_densest_of_the_others():
    run = outcome((1000, 10), (100, 3), (10, 2))
    assert spread_metric(run, "density_lead:t2") == pytest.approx(20 - 3)
    assert spread_metric(run, "density_lead:t0") == pytest.approx(1 - 20)
    assert spread_metric(run, "density_lead:t9") is None


def test_sparsity_follows_size_and_depth():
    run = outcome((10, 5), (1000, 10), (100, 10))
    assert spread_metric(run, "sparsity_by_size") == 1.0
    assert spread_metric(run, "sparsity_by_depth") == pytest.approx(0.5)


def test_uniform_masks_have_no_trend_although_counts_are_whole():
    run = outcome((4608, 460), (9216, 921), (147_456, 14_745))
    assert spread_metric(run, "sparsity_by_size") == 0.0
    assert spread_metric(run, "density_lead:t2") < 0.02


def test_a_single_tensor_and_an_unknown_name_tell_nothing():
    assert spread_metric(outcome((10, 5)), "sparsity_by_size") is None
    assert spread_metric(outcome((10, 5)), "density_lead:t0") is None
    assert spread_metric(outcome((10, 5), (20, 5)), "colour") is None


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=2, max_size=20))
def test_rank_correlation_is_that_of_scipy(pairs):
    from scipy.stats import rankdata

    x, y = (rankdata(side) for side in zip(*pairs, strict=True))
    x, y = x - x.mean(), y - y.mean()
    norm = ((x @ x) * (y @ y)) ** 0.5
    assert spearman(*zip(*pairs, strict=True)) == pytest.approx(x @ y / norm if norm else 0.0)
