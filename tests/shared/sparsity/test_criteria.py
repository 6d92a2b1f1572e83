"""Laws of the criteria: exact counts, nothing revived, ties by index, and the examples of the flipout sheet, 7.3."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from shared.draws import KeyedDraws
from shared.sparsity import criteria
from shared.sparsity.choosers import keyed, numpy_legacy
from shared.sparsity.masks import from_indices

A = torch.tensor([0.5, -0.1, 0.3, -0.8, 0.02, 0.6, 0.4, -0.05, 0.2, -0.9, 0.25, 0.07], dtype=torch.float64)
SIZES = [6, 6]
ALL = torch.ones(12, dtype=torch.bool)


def masked(live):
    return set((~live).nonzero().reshape(-1).tolist())


@st.composite
def networks(draw):
    """Weights with ties and exact zeros, a live mask (masked weights are 0), and a fraction."""
    n = draw(st.integers(1, 30))
    values = draw(st.lists(st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0]), min_size=n, max_size=n))
    live = torch.tensor(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    return torch.tensor(values) * live, live, draw(st.floats(0, 0.999))


@given(networks())
def test_counts_from_the_mask_are_exact_and_nothing_is_revived(network):
    weights, live, fraction = network
    n = int(live.sum())
    for after in (
        criteria.global_magnitude(weights, live, fraction),
        criteria.layerwise_magnitude(weights, live, [len(live)], fraction),
        criteria.random(weights, live, fraction, keyed(KeyedDraws(3))),
    ):
        assert int(after.sum()) == n - math.floor(fraction * n)
        assert not (after & ~live).any()


@given(networks())
def test_zeros_from_weights_is_the_lowest_of_all(network):
    """The count rule equals what it abbreviates: mask the n0 + k smallest of all weights, n0 the zero weights."""
    weights, live, fraction = network
    zeros = int((weights == 0).sum())
    target = zeros + math.floor(fraction * (len(weights) - zeros))
    after = criteria.global_magnitude(weights, live, fraction, zeros_from="weights")
    order = sorted(range(len(weights)), key=lambda i: (abs(weights[i].item()), bool(live[i]), i))
    assert masked(after) == masked(live) | set(order[:target])


@given(networks(), st.integers(1, 29))
def test_layers_are_pruned_one_by_one(network, cut):
    weights, live, fraction = network
    cut = min(cut, len(live))
    sizes = [cut, len(live) - cut]
    after = criteria.layerwise_magnitude(weights, live, sizes, fraction)
    parts = [
        criteria.global_magnitude(w, m, fraction) for w, m in zip(weights.split(sizes), live.split(sizes), strict=True)
    ]
    assert torch.equal(after, torch.cat(parts))


def test_global_and_layerwise_examples():
    first = criteria.global_magnitude(A, ALL, 0.5)
    assert masked(first) == {1, 4, 7, 8, 10, 11}
    assert masked(criteria.global_magnitude(A * first, first, 0.5)) == {0, 1, 2, 4, 6, 7, 8, 10, 11}
    live = ALL
    for expected in ({1, 2, 4, 7, 8, 11}, {0, 1, 2, 4, 7, 8, 10, 11}, {0, 1, 2, 4, 5, 6, 7, 8, 10, 11}):
        live = criteria.layerwise_magnitude(A * live, live, SIZES, 0.5)
        assert masked(live) == expected


def test_one_weight_layers_survive_layerwise_but_not_globally():
    weights, live = torch.tensor([0.3, 0.4]), torch.ones(2, dtype=torch.bool)
    assert masked(criteria.layerwise_magnitude(weights, live, [1, 1], 0.5)) == set()
    assert masked(criteria.global_magnitude(weights, live, 0.5)) == {0}


def test_random_with_the_legacy_generator():
    choose = numpy_legacy(np.random.RandomState(42))
    first = criteria.random(A, ALL, 0.5, choose, zeros_from="weights")
    assert masked(first) == {0, 2, 5, 8, 9, 10}
    second = criteria.random(A * first, first, 0.5, choose, zeros_from="weights")
    assert masked(second) == {0, 1, 2, 5, 6, 8, 9, 10, 11}


def test_random_depends_on_the_key_alone_and_is_uniform():
    live = torch.ones(10, dtype=torch.bool)
    counts = torch.zeros(10)
    for epoch in range(2000):
        after = criteria.random(live.float(), live, 0.3, keyed(KeyedDraws(7), epoch=epoch))
        assert epoch > 3 or torch.equal(
            after, criteria.random(live.float(), live, 0.3, keyed(KeyedDraws(7), epoch=epoch))
        )
        counts += ~after
    chi2 = float(((counts - 600) ** 2 / 600).sum())
    assert 1.0 < chi2 < 30.0


@pytest.mark.parametrize(
    ("total", "rounds", "expected"), [(20_024_000, 10, 19_556), (61_470, 5, 1_922), (11_164_352, 10, 10_904)]
)
def test_published_random_count_misses_one(total, rounds, expected):
    live = total
    for _ in range(rounds):
        live -= criteria.random_quota(total, total - live, 0.5)
    assert live == expected == criteria.remaining_after(total, 0.5, rounds)[-1] + 1


@given(st.integers(1, 10**8), st.integers(1, 12))
def test_halving_keeps_the_ceiling_of_half(total, rounds):
    live, expected = total, []
    for _ in range(rounds):
        live = -(-live // 2)
        expected.append(live)
    assert criteria.remaining_after(total, 0.5, rounds) == expected


def test_quota_floors_the_floating_point_product():
    assert criteria.quota(0.29, 100) == 28


def test_threshold_is_strict_and_joins_the_old_mask():
    assert masked(criteria.threshold(A, ALL, 0.1)) == {4, 7, 11}
    assert masked(criteria.threshold(A, ALL, 0.0)) == set()
    assert masked(criteria.threshold(A, from_indices([0], 12), 0.05)) == {0, 4}
    assert criteria.threshold(torch.tensor([math.nan]), torch.tensor([True]), 1.0).all()


def test_sensitivity_example_and_single_entries():
    cuts = criteria.sensitivity_thresholds(A, SIZES, 0.5)
    assert [float(x) for x in cuts] == pytest.approx([0.2554734, 0.2323521], abs=1e-7)
    assert masked(criteria.sensitivity(A, SIZES, 0.5)) == {1, 4, 7, 8, 11}
    assert criteria.sensitivity(torch.tensor([0.1]), [1], 5.0).all()
