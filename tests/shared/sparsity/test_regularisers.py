"""Penalties: values of the flipout sheet 7.7, gradients by finite differences, and behaviour at zeros."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from shared.sparsity import regularisers as r

W1 = torch.tensor([[0.5, -0.1], [0.3, -0.8], [0.02, 0.6]], dtype=torch.float64)
W2 = torch.tensor([[0.4, -0.05, 0.2], [-0.9, 0.25, 0.07]], dtype=torch.float64)
BIAS = torch.tensor([0.1, -0.3], dtype=torch.float64)
ZERO = torch.zeros(3, dtype=torch.float64)


def test_published_examples():
    assert [float(r.hoyer_square(w)) for w in (W1, W2, BIAS)] == pytest.approx([3.9857820, 3.2381703, 1.6], abs=1e-7)
    assert 6e-5 * float(r.hoyer_square_penalty([W1, W2, BIAS, ZERO])) == pytest.approx(5.294371e-4, abs=1e-10)
    assert float(r.group_hoyer(W1)) == pytest.approx(4.7266654, abs=1e-7)
    assert 5e-4 * float(r.l1_penalty([W1, W2, BIAS])) == pytest.approx(2.295e-3)
    assert 5e-4 * float(r.l2_penalty([W1, W2, BIAS])) == pytest.approx(1.26515e-3)


def test_small_weights_are_pulled_and_large_ones_pushed():
    bias = BIAS.clone().requires_grad_()
    (6e-5 * r.hoyer_square_penalty([bias])).backward()
    assert bias.grad.tolist() == pytest.approx([2.88e-4, 9.6e-5])


@pytest.mark.parametrize("penalty", [r.hoyer_square_penalty, r.group_hoyer_penalty, r.l1_penalty, r.l2_penalty])
def test_exact_zeros_and_empty_tensors_get_no_gradient(penalty):
    generator = torch.Generator().manual_seed(2)
    conv = torch.randn(4, 3, 3, 3, generator=generator, dtype=torch.float64)
    conv[1] = 0
    conv[:, 2] = 0
    conv[0, 0, 0, 0] = 0
    conv.requires_grad_()
    empty = torch.zeros(2, 2, dtype=torch.float64, requires_grad=True)
    penalty([conv, empty]).backward()
    assert conv.grad.isfinite().all()
    assert (conv.grad[conv == 0] == 0).all()
    assert (conv.grad[conv != 0] != 0).all()
    assert (empty.grad == 0).all()


@given(
    st.lists(st.floats(0.1, 3).flatmap(lambda x: st.sampled_from([x, -x])), min_size=1, max_size=12), st.floats(0.1, 10)
)
def test_hoyer_square_is_scale_free_and_between_one_and_n(values, factor):
    w = torch.tensor(values, dtype=torch.float64)
    value = float(r.hoyer_square(w))
    assert 1 - 1e-9 <= value <= len(values) + 1e-9
    assert float(r.hoyer_square(factor * w)) == pytest.approx(value)


@pytest.mark.parametrize("function", [r.hoyer_square, r.group_hoyer])
def test_gradients_agree_with_finite_differences(function):
    w = torch.randn(3, 2, 2, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(function, (w,))
