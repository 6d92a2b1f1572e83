"""FlipOut's equations: the examples of the sheet, 7.1 to 7.4, and laws that hold for any network."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from papers.flipout import historical, methods
from shared.sparsity.masks import from_indices
from shared.sparsity.topk import lowest

A = torch.tensor([0.5, -0.1, 0.3, -0.8, 0.02, 0.6, 0.4, -0.05, 0.2, -0.9, 0.25, 0.07], dtype=torch.float64)
FLIPS = torch.tensor([3, 0, 8, 15, 0, 1, 0, 2, 1, 5, 0, 0], dtype=torch.float64)
ALL = torch.ones(12, dtype=torch.bool)


def masked(live):
    return set((~live).nonzero().reshape(-1).tolist())


def test_three_rounds_of_the_squared_score():
    live = ALL
    for expected in ({1, 2, 4, 7, 8, 11}, {0, 1, 2, 3, 4, 7, 8, 10, 11}, set(range(12)) - {5, 6}):
        live = methods.prune(methods.saliency(A * live, FLIPS), live, 0.5, "published")
        assert masked(live) == expected


def test_first_power_with_and_without_the_sign():
    assert masked(methods.prune(methods.saliency(A, FLIPS, 1), ALL, 0.5)) == {1, 2, 3, 4, 7, 11}
    signed = methods.saliency(A, FLIPS, 1, signed=True)
    assert masked(methods.prune(signed, ALL, 0.5, "published")) == {1, 2, 3, 4, 7, 9}


def test_signed_scores_overshoot_the_request():
    weights = torch.tensor([0.5, -0.4, 0.3, -0.2, 0, 0, 0, 0, -0.1, 0.6, 0, 0.7])
    live = from_indices([4, 5, 6, 7, 10], 12)
    scores = methods.saliency(weights, torch.zeros(12), 1, signed=True)
    assert masked(methods.prune(scores, live, 0.25, "published")) - masked(live) == {1, 3, 8}
    absolute = methods.saliency(weights, torch.zeros(12), 1)
    assert masked(methods.prune(absolute, live, 0.25)) - masked(live) == {8}


@given(st.data())
def test_published_count_is_that_of_ranking_all_scores(data):
    """The count rule equals what it abbreviates: mask the n0 + k lowest of all scores, masked first among ties."""
    n = data.draw(st.integers(1, 25))
    live = torch.tensor(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    values = data.draw(st.lists(st.sampled_from([-2.0, -1.0, -0.0, 0.0, 0.5, 1.0, math.nan]), min_size=n, max_size=n))
    scores = torch.where(live, torch.tensor(values), 0.0)
    fraction = data.draw(st.floats(0, 0.99))
    after = methods.prune(scores, live, fraction, "published")
    total = n - int(live.sum()) + int(fraction * int(live.sum()))
    assert torch.equal(after, live & ~lowest(scores, total, first=~live))


def test_flip_counts_with_a_three_valued_sign():
    counts, live = [torch.zeros(4)], [torch.tensor([True, True, True, False])]
    steps = [[0.1, -0.1, 0, 0], [-0.1, -0.2, 0.1, 0], [0, -0.1, 0.1, 0], [0.3, 0.2, -0.1, 0]]
    found = []
    for before, after in itertools.pairwise(steps):
        methods.count_flips_(counts, [torch.tensor(before)], [torch.tensor(after)], live)
        found.append(counts[0].tolist())
    assert found == [[1, 0, 1, 0], [2, 0, 1, 0], [3, 1, 2, 0]]


def test_counters_take_signs_for_weights_and_forget_masked_weights():
    before, after = torch.tensor([0.5, -0.5, 0.5, 1.0]), torch.tensor([-1.0, -2.0, -0.0, -1.0])
    live = torch.tensor([1.0, 1.0, 1.0, 0.0])
    found = []
    for old in (before, before.sign()):
        counts = [torch.full((4,), 2.0)]
        methods.count_flips_(counts, [old], [after], [live])
        found.append(counts[0].tolist())
    assert found == [[3, 2, 3, 0]] * 2


def test_saliency_without_the_offset_is_infinite_for_steady_weights():
    scores = methods.saliency(torch.tensor([0.5, 0.5]), torch.tensor([0.0, 2.0]), 2, offset=0)
    assert methods.saliency(torch.zeros(2), torch.tensor([0.0, 2.0]), 2, offset=0).tolist() == [0, 0]
    assert scores.tolist() == [math.inf, 0.125]


def test_squared_flips_forms():
    weights, flips = torch.tensor([-0.5]), torch.tensor([3.0])
    assert methods.squared_flips_saliency(weights, flips).item() == pytest.approx(0.05)
    assert methods.squared_flips_saliency(weights, flips, inside=True).item() == pytest.approx(-0.5 / 16)


def test_topflip_example_and_repeated_pruning_without_a_step():
    first = historical.topflip(ALL, FLIPS, 0.5)
    assert masked(first) == {0, 2, 3, 5, 7, 9}
    assert torch.equal(historical.topflip(first, FLIPS, 0.5), first)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_counting_can_be_captured_in_a_graph():
    before, after = torch.ones(5, device="cuda"), torch.ones(5, device="cuda")
    counts, live = torch.zeros(5, device="cuda"), torch.ones(5, device="cuda")
    methods.count_flips_([counts], [before], [after], [live])
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        methods.count_flips_([counts], [before], [after], [live])
    after.copy_(torch.tensor([-1.0, 1.0, 0.0, 2.0, -3.0]))
    graph.replay()
    graph.replay()
    assert counts.tolist() == [2, 0, 2, 0, 2]
