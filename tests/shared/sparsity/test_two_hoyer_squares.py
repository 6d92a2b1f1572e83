"""Hoyer-Square is written twice, in different orders of summation; both are the same function to rounding.

FlipOut's (``regularisers``) composes tensor by tensor, DeepHoyer's (``element_regularisers``) sums all tensors in one
pass. Neither can stand for the other: their float32 results differ in the last digits, which runs that are kept depend
on. A cancelled gradient keeps rounding noise of the size of the two terms it is made of, so that is the tolerance's
scale (hoyer sheet 4.5).
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from shared.sparsity import element_regularisers, group_regularisers, regularisers

Function = Callable[[Tensor], Tensor]
ELEMENT = (regularisers.hoyer_square, element_regularisers.hoyer_square)
GROUP = (regularisers.group_hoyer, group_regularisers.group_hoyer_square)
EDGES = {
    "zeros": torch.zeros(3, 4),
    "one weight": torch.tensor([[0.0, 0.0], [-2.0, 0.0]]),
    "equal": torch.full((4, 5), -0.3),
    "a pruned row and column": torch.tensor([[1.0, 0.0, -2.0], [0.0, 0.0, 0.0], [0.5, 0.0, 3.0]]),
    "tiny": torch.full((2, 2), 1e-15),
    "large": torch.tensor([[1e6, -3e5], [0.0, 2e6]]),
    "one number": torch.tensor([[0.7]]),
}


def agree(functions: tuple[Function, Function], weights: Tensor) -> None:
    """Values and gradients of both, compared to a few units of rounding."""
    small = 64 * torch.finfo(weights.dtype).eps
    results = []
    for function in functions:
        w = weights.clone().requires_grad_()
        value = function(w)
        results.append((value.detach(), torch.autograd.grad(value, w)[0]))
    (one, slope), (other, slopes) = results
    torch.testing.assert_close(one, other, rtol=small, atol=0)
    total, squares = weights.abs().sum(), weights.square().sum()
    count = total / squares if squares > 0 else squares
    assert bool(((slope - slopes).abs() <= small * 4 * count * (1 + weights.abs() * count)).all())


@pytest.mark.parametrize("functions", [ELEMENT, GROUP], ids=["element", "group"])
@pytest.mark.parametrize("weights", EDGES.values(), ids=EDGES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_both_agree_at_the_edges(functions: tuple[Function, Function], weights: Tensor, dtype: torch.dtype) -> None:
    agree(functions, weights.to(dtype))


@given(
    shape=st.sampled_from([(1, 1), (3, 5), (20, 30), (4, 3, 3, 3), (300, 100)]),
    seed=st.integers(0, 2**31),
    scale=st.sampled_from([1e-6, 0.05, 1.0, 100.0]),
    pruned=st.sampled_from([0.0, 0.5, 0.99]),
)
def test_both_agree_on_random_weights(shape: tuple[int, ...], seed: int, scale: float, pruned: float) -> None:
    g = torch.Generator().manual_seed(seed)
    weights = scale * torch.empty(shape).normal_(generator=g) * (torch.rand(shape, generator=g) >= pruned)
    for functions in (ELEMENT, GROUP):
        agree(functions, weights)


def test_they_are_not_the_same_to_the_bit() -> None:
    """Why there are two: were this to fail, one could serve both."""
    g = torch.Generator().manual_seed(0)
    drawn = [torch.empty(300, 100).normal_(generator=g) for _ in range(20)]
    assert any(not torch.equal(*(function(w) for function in ELEMENT)) for w in drawn)
