"""Growth: conservation, capacity, and uniform choice."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.draws import KeyedDraws
from shared.sparsity.growth import choose_few, choose_free, proportional_exact, replaceable

layers = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 300)), min_size=1, max_size=6)


@settings(max_examples=200, deadline=None)
@given(layers, st.floats(0, 1))
def test_exact_growth_conserves_and_fits(tensors: list[tuple[int, int]], part: float) -> None:
    survivors, free = [r for r, _ in tensors], [f for _, f in tensors]
    total = int(part * sum(free))
    counts = proportional_exact(survivors, total, free)
    assert sum(counts) == total
    assert all(0 <= c <= f for c, f in zip(counts, free, strict=True))


@settings(max_examples=50, deadline=None)
@given(layers)
def test_exact_growth_is_proportional_where_there_is_room(tensors: list[tuple[int, int]]) -> None:
    survivors = [r + 1 for r, _ in tensors]
    total = sum(survivors) // 3
    counts = proportional_exact(survivors, total, [10_000] * len(survivors))
    for c, r in zip(counts, survivors, strict=True):
        assert abs(c - total * r / sum(survivors)) < 1


def test_equal_parts_go_to_the_lowest_index() -> None:
    """Exact quotas are 17.7, 2.7, 4.8 and 10.8; the last two are served first, then the first of two equal parts."""
    assert proportional_exact((59, 9, 16, 36), 36, (10_000,) * 4) == [18, 2, 5, 11]


def test_both_ways_of_choosing_take_free_units_uniformly() -> None:
    free = torch.rand(8192, generator=torch.Generator().manual_seed(1)) < 0.9
    available = int(free.sum())
    hits = torch.zeros(8192)
    for step in range(300):
        few = choose_few(KeyedDraws(3), free, 40, available, "growth", epoch=1, step=step, index=0)
        every = choose_free(KeyedDraws(3), free, 40, "growth", epoch=1, step=step, index=0).nonzero().reshape(-1)
        for chosen in (few, every):
            assert chosen.tolist() == sorted(set(chosen.tolist()))
            assert len(chosen) == 40
            assert bool(free[chosen].all())
            hits[chosen] += 1
    quarters = [int(part.sum()) for part in hits[free].tensor_split(4)]
    assert all(abs(q - 6000) < 6 * 4500**0.5 for q in quarters)  # 24,000 draws: six standard deviations


def test_a_tensor_loses_no_more_than_it_can_regrow() -> None:
    """Sheet 4.2: a full tensor keeps all, one with two free units the higher of three to drop."""
    scores = torch.tensor([0.3, 0.1, 0.2, 0.9, 0.0, 0.0])
    dropped = torch.tensor([True, True, True, False, False, False])
    for free, kept in ((0, []), (1, [1]), (2, [1, 2]), (3, [0, 1, 2])):
        live = torch.arange(6) < 6 - free
        assert replaceable(scores, dropped & live, live).nonzero().reshape(-1).tolist() == kept
