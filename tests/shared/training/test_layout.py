"""Where channels last is safe, and that a thin residual network gets right gradients on every CPU."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from shared.draws import KeyedDraws
from shared.models.registry import build
from shared.protocol import Model
from shared.training.layout import layout

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize(
    ("convolution", "device", "expected"),
    [
        (nn.Conv2d(4, 8, 1, stride=2), CPU, torch.contiguous_format),
        (nn.Conv2d(15, 30, 1, stride=(1, 2)), CPU, torch.contiguous_format),
        (nn.Conv2d(64, 64, 1, stride=2, groups=8), CPU, torch.contiguous_format),
        (nn.Conv2d(16, 32, 1, stride=2), CPU, torch.channels_last),
        (nn.Conv2d(4, 8, 1), CPU, torch.channels_last),
        (nn.Conv2d(4, 8, 3, stride=2), CPU, torch.channels_last),
        (nn.Conv2d(4, 8, 1, stride=2), CUDA, torch.channels_last),
    ],
)
def test_only_thin_strided_pointwise_convolutions_on_a_cpu_are_an_exception(convolution, device, expected) -> None:
    assert layout(nn.Sequential(nn.Conv2d(3, 4, 3), convolution), device) == expected


def test_gradients_of_a_thin_residual_network_are_those_of_float64() -> None:
    model = build(Model(name="resnet32", width=0.25, classes=10), KeyedDraws(1).generator("initial-weights", (0, 0, 0)))
    lies = layout(model, CPU)
    images, labels = torch.randn(16, 3, 32, 32, generator=torch.Generator().manual_seed(2)), torch.arange(16) % 10
    gradients = []
    for dtype, memory in ((torch.float32, lies), (torch.float64, torch.contiguous_format)):
        model = model.to(dtype).to(memory_format=memory).train()
        model.zero_grad()
        F.cross_entropy(model(images.to(dtype).to(memory_format=memory)), labels).backward()
        gradients.append({n: p.grad.double() for n, p in model.named_parameters() if p.grad is not None})
    single, double = gradients
    for (
        name,
        gradient,
    ) in double.items():
        assert float((single[name] - gradient).norm()) < 0.05 * float(gradient.norm()), name
