"""Smart ratios, tickets by layer, permutations inside a layer and one-shot magnitude."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import ReproError
from shared.sparsity.one_shot import keep_from_threshold, keep_largest, lottery_ticket_masks
from shared.sparsity.rearrange import layer_shuffled, rearranged, survivors_shuffled
from shared.sparsity.smart_ratios import Rule, exact_amounts, guaranteed, smart_counts, starved
from shared.sparsity.tickets import largest_mask, random_mask

SIZES = st.lists(st.integers(20, 4000), min_size=2, max_size=8)
PROFILES = st.sampled_from(["quadratic", "linear", "cubic", "ascending", "balanced"])


def linear(sizes: list[int]) -> list[bool]:
    return [False] * (len(sizes) - 1) + [True]


@settings(max_examples=80, deadline=None)
@given(SIZES, st.integers(300, 990), PROFILES, st.booleans())
def test_corrected_counts_add_up_to_the_target(sizes: list[int], permille: int, profile: str, penalty: bool) -> None:
    rule = Rule(sparsity=permille / 1000, profile=profile, depth_penalty=penalty, linear_keep=0.05)  # type: ignore[arg-type]
    flags = linear(sizes)
    target = int((1 - Fraction(permille, 1000)) * sum(sizes))
    try:
        counts = smart_counts(sizes, flags, rule)
        amounts = exact_amounts(sizes, flags, rule)
    except ReproError:
        return  # the linear layer alone exceeds the budget
    assert all(1 <= c <= s for c, s in zip(counts, sizes, strict=True))
    room = sum(s - int(Fraction("0.05") * s) for s, f in zip(sizes, flags, strict=True) if f)
    if target <= sum(sizes) - room and target >= 2 * len(sizes) and not guaranteed(sizes, flags, rule):
        assert sum(counts) == target
        assert all(abs(c - a) <= 1 for c, a in zip(counts, amounts, strict=True))


def test_the_guarantee_is_not_taken_back_where_weights_are_fewer_than_layers() -> None:
    rule = Rule(sparsity=0.951, linear_keep=0.05)
    assert smart_counts([20, 20], linear([20, 20]), rule) == [1, 1]  # the target is a single weight
    sizes = [20, 20, 20, 20, 1000]
    kept = smart_counts(sizes, linear(sizes), Rule(sparsity=0.995, linear_keep=0.004))
    assert kept == [1, 1, 1, 1, 1]  # five are asked for; the four raised ones cost the last layer its others


def test_shares_fall_with_depth_and_full_layers_pass_on_their_rest() -> None:
    sizes = [1000, 1000, 1000, 1000, 100]
    shares = [float(a) / 1000 for a in exact_amounts(sizes, linear(sizes), Rule(sparsity=0.9))[:-1]]
    assert shares == sorted(shares, reverse=True)
    full = exact_amounts([10, 1000, 1000, 100], linear([0] * 4), Rule(sparsity=0.5))
    assert full[0] == 10
    assert sum(full[:-1]) == Fraction(2110, 2) - 30


def test_a_starved_layer_is_found_and_the_corrected_rule_feeds_it() -> None:
    sizes = [36, 288, 576, 80]
    for arithmetic, empty in (("published", [0]), ("corrected", [])):
        rule = Rule(sparsity=0.97, profile="ascending", arithmetic=arithmetic, linear_keep=0.1)  # type: ignore[arg-type]
        assert starved(smart_counts(sizes, linear(sizes), rule)) == empty
    assert guaranteed(sizes, linear(sizes), Rule(sparsity=0.97, profile="ascending", linear_keep=0.1)) == [0]


@pytest.mark.parametrize("arithmetic", ["published", "answer42", "corrected"])
def test_a_budget_below_the_linear_layer_is_refused(arithmetic: str) -> None:
    rule = Rule(sparsity=0.99, arithmetic=arithmetic)  # type: ignore[arg-type]
    with pytest.raises(ReproError, match="lower one of the two"):
        smart_counts([10, 10, 1000], linear([0] * 3), rule)


def test_a_balanced_share_above_one_is_refused() -> None:
    rule = Rule(sparsity=0.05, profile="balanced", arithmetic="published")
    with pytest.raises(ReproError, match="exceeds the layers"):
        smart_counts([10, 10, 1000], linear([0] * 3), rule)


@given(st.integers(1, 60), st.data())
def test_tickets_have_the_stated_count(n: int, data: st.DataObject) -> None:
    keep = data.draw(st.integers(0, n))
    order = torch.randperm(n, generator=torch.Generator().manual_seed(n))
    like = torch.zeros(n)
    a, b = random_mask(like, keep, order), random_mask(like, keep, order, "scatter")
    assert int(a.sum()) == int(b.sum()) == keep
    assert torch.equal(b[order], torch.arange(n) < keep)
    weights = torch.randn(n, generator=torch.Generator().manual_seed(1))
    live = largest_mask(weights, keep)
    assert int(live.sum()) == keep
    if 0 < keep < n:
        assert weights[live].abs().min() >= weights[~live].abs().max()


def test_ties_keep_more_and_need_a_threshold() -> None:
    weights = torch.tensor([1.0, -1.0, 1.0, 0.5])
    assert int(largest_mask(weights, 2).sum()) == 2
    assert int(largest_mask(weights, 2, ties=True).sum()) == 3
    with pytest.raises(ValueError, match="at least one"):
        largest_mask(weights, 0, ties=True)


@given(st.integers(1, 50), st.integers(0, 2**16))
def test_permutations_keep_counts_and_multisets(n: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    live = torch.rand(n, generator=generator) < 0.4
    weights = torch.randn(n, generator=generator)
    order = torch.randperm(n, generator=generator)
    assert rearranged(live, order).sum() == live.sum()
    k = int(live.sum())
    shuffled = survivors_shuffled(weights, live, torch.randperm(k, generator=generator))
    assert torch.equal(shuffled != 0, live)
    assert torch.equal(shuffled[live].sort().values, weights[live].sort().values)
    assert torch.equal(layer_shuffled(weights, order).sort().values, weights.sort().values)


def test_the_example_of_the_sheet() -> None:
    weights = torch.tensor([9.0, 1, 8, 2, 7, 3, 6, 4])
    live = torch.tensor([True, False] * 4)
    assert survivors_shuffled(weights, live, torch.tensor([3, 2, 1, 0])).tolist() == [6, 0, 7, 0, 8, 0, 9, 0]


def test_one_shot_counts() -> None:
    weights = torch.tensor([4.0, -3, 2, 2, 2, 0])
    assert int(keep_largest(weights, 0.5).sum()) == 3
    assert keep_from_threshold(weights, 0.5).tolist() == [True, True, True, True, True, False]
    conv, fc = torch.arange(1.0, 9).view(2, 1, 2, 2), torch.tensor([[0.0, 1.0]])
    (first, last), threshold = lottery_ticket_masks([conv, fc], 0.5)
    assert threshold == 6  # one zero and int(9 * 0.5) = 4 more: position 5 of the convolution's magnitudes
    assert int(first.sum()) == 2
    assert last.tolist() == [[False, True]]
