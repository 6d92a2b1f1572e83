"""Scores of single weights."""

import pytest
import torch

from shared.draws import KeyedDraws
from shared.sparsity import scores

W = torch.tensor([-2.0, 0.0, 3.0])


def test_powers():
    assert scores.power(W, 3).tolist() == [8, 0, 27]
    assert scores.power(W, 3, signed=True).tolist() == [-8, 0, 27]
    assert scores.power(W, 2, signed=True).tolist() == [4, 0, 9]
    assert scores.power(W, 0.5).tolist() == pytest.approx([2**0.5, 0, 3**0.5])
    with pytest.raises(ValueError, match="whole exponent"):
        scores.power(W, 1.5, signed=True)


def test_sensitivity_is_the_gradient_of_a_multiplicative_mask():
    weights = torch.tensor([0.5, -1.5, 0.0], dtype=torch.float64, requires_grad=True)
    mask = torch.ones(3, dtype=torch.float64, requires_grad=True)
    ((weights * mask).exp().sum() ** 2).backward()
    assert torch.allclose(scores.sensitivity(weights.detach(), weights.grad), mask.grad.abs())


def test_random_scores_are_keyed():
    first, again, other = (scores.random(W, KeyedDraws(1), "x", epoch=e) for e in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert scores.magnitude(W).tolist() == [2, 0, 3]
