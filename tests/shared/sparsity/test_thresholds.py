"""Thresholds that are searched for a number of weights."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from shared.sparsity import thresholds


def network(seed: int) -> dict[str, Tensor]:
    """A large and a small tensor of very different scale, a constant one, one with zeros."""
    g = torch.Generator().manual_seed(seed)
    sparse = torch.randn(6, 5, generator=g)
    sparse[0] = 0
    return {
        "large": 30 * torch.randn(20, 9, generator=g),
        "small": 0.01 * torch.randn(11, generator=g),
        "constant": torch.ones(4),
        "sparse": sparse,
    }


@given(st.integers(0, 50), st.sampled_from(["absolute", "std-ratio"]), st.floats(0, 1))
def test_exactly_so_many_stay(seed: int, rule: thresholds.Rule, share: float) -> None:
    tensors = network(seed)
    alive = sum(int((w != 0).sum()) for w in tensors.values())
    count = round(share * alive)
    _, kept = thresholds.reaching(tensors, rule, count)
    assert sum(int((tensors[n] * live != 0).sum()) for n, live in kept.items()) == count


@given(st.integers(0, 50), st.sampled_from(["absolute", "std-ratio"]), st.floats(0.01, 3))
def test_the_count_that_a_threshold_leaves_finds_the_same_weights(seed: int, rule: thresholds.Rule, s: float) -> None:
    tensors = network(seed)
    expected = {n: thresholds.keep(w, thresholds.RULES[rule](w, s)) & (w != 0) for n, w in tensors.items()}
    count = sum(int(k.sum()) for k in expected.values())
    found, kept = thresholds.reaching(tensors, rule, count)
    assert all(torch.equal(kept[n], expected[n]) for n in tensors)
    assert found >= s * (1 - 1e-6)


def test_a_constant_tensor_has_no_spread_to_be_cut_by() -> None:
    tensors = network(0)
    found, kept = thresholds.reaching(tensors, "std-ratio", 4)
    assert kept["constant"].all()
    assert math.isinf(found)
    assert not thresholds.reaching(tensors, "absolute", 4)[1]["constant"].any()


def test_scale_matters_to_absolute_thresholds_alone() -> None:
    tensors = {n: w for n, w in network(3).items() if n != "constant"}
    scaled = {n: w * (1e5 if n == "small" else 1.0) for n, w in tensors.items()}
    same = [thresholds.reaching(t, "std-ratio", 60)[1]["small"] for t in (tensors, scaled)]
    assert torch.equal(*same)
    one, other = (int(thresholds.reaching(t, "absolute", 60)[1]["small"].sum()) for t in (tensors, scaled))
    assert one == 0 < other


def test_more_than_there_are_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot take"):
        thresholds.reaching(network(0), "absolute", 10_000)
