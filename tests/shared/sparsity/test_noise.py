"""Gradient noise: its size and its distribution (flipout sheet, 4.4 and 7.6)."""

import math

import pytest
import torch
from scipy import stats

from shared.sparsity.noise import add_noise_, noise_sigma

GRADIENTS = [
    torch.tensor([[3.0, 4.0], [0.0, 0.0], [0.0, 0.0]]),
    torch.tensor([1.0, 2.0, 2.0]),
    torch.ones(2, 3),
    torch.tensor([0.0, 2.0]),
]


def test_sigma_is_the_root_mean_square_of_each_gradient():
    sigma = [s.item() for s in noise_sigma(GRADIENTS)]
    assert sigma == pytest.approx([5 / math.sqrt(6), 3 / math.sqrt(3), 1.0, math.sqrt(2)])
    assert noise_sigma([GRADIENTS[0] * torch.tensor([1.0, 0.0])])[0].item() == pytest.approx(3 / math.sqrt(6))


def test_one_sigma_from_the_concatenated_gradient():
    everything = torch.cat([g.flatten() for g in GRADIENTS])
    expected = 0.5 * everything.norm().item() / math.sqrt(everything.numel())
    assert [s.item() for s in noise_sigma(GRADIENTS, 0.5, together=True)] == pytest.approx([expected] * 4)


def test_noise_is_added_in_place_and_the_draws_stay():
    gradients = [g.clone() for g in GRADIENTS]
    noise = [torch.full_like(g, 2.0) for g in gradients]
    add_noise_(gradients, noise, 0.25)
    for after, before, sigma in zip(gradients, GRADIENTS, noise_sigma(GRADIENTS, 0.25), strict=True):
        assert torch.allclose(after, before + 2.0 * sigma)
    assert all((n == 2.0).all() for n in noise)


def test_noise_of_a_large_tensor_is_normal_with_the_stated_deviation():
    generator = torch.Generator().manual_seed(5)
    gradient = torch.randn(50_000, generator=generator, dtype=torch.float64) * 3
    noisy = gradient.clone()
    add_noise_([noisy], [torch.randn(50_000, generator=generator, dtype=torch.float64)], 0.5)
    sigma = noise_sigma([gradient], 0.5)[0].item()
    assert stats.kstest(((noisy - gradient) / sigma).numpy(), "norm").pvalue > 1e-3


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_noise_can_be_captured_in_a_graph():
    gradients = [g.cuda() for g in GRADIENTS]
    noise = [torch.zeros_like(g) for g in gradients]
    add_noise_(gradients, noise)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        add_noise_(gradients, noise)
    for n in noise:
        n.fill_(1.0)
    graph.replay()
    for after, before in zip(gradients, GRADIENTS, strict=True):
        assert torch.allclose(after.cpu(), before + noise_sigma([before])[0])
