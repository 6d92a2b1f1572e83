"""Numbers and laws that need no training, measured with the product's own code.

Heavy imports stay inside the functions: a count is only taken when its claim is judged.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from papers.hoyer import settings, zoo
from shared.protocol import Model

if TYPE_CHECKING:
    from torch import Tensor

PUBLISHED_NAMES = {
    "alexnet": "alexnet",
    "vgg19_bn": "vgg19-bn",
    "resnet-110": "resnet-164-bottleneck",
    "preresnet-110": "preresnet-164-bottleneck",
    "wrn-28-10 (drop 0.3)": "wrn-28-10",
    "resnext-29 8x64": "resnext-29-8x64",
    "resnext-29 16x64": "resnext-29-16x64",
    "densenet-bc L=100 k=12": "densenet-bc-100-12",
    "densenet-bc L=190 k=40": "densenet-bc-190-40",
    "resnet-164 bottleneck": "resnet-164-bottleneck",
    "resnet-110 bottleneck": "resnet-110-bottleneck",
    "resnet-110 basicblock": "resnet-110",
}
"""Networks as the sources call them, and what they are (trap 4)."""


def spec_of(network: str) -> Model:
    """The network of a row, for ten classes (ImageNet: a thousand)."""
    if network in settings.MNIST_MODELS:
        return settings.MNIST_MODELS[network]
    if network in zoo.IMAGENET and network not in PUBLISHED_NAMES:
        return Model(name=zoo.IMAGENET[network].model, classes=1000, size=224)
    return zoo.NETWORKS[PUBLISHED_NAMES.get(network, network)].spec(10)


@cache
def parameters(network: str) -> int:
    """Trainable parameters of a network as built."""
    from shared.models.registry import build

    return sum(p.numel() for p in build(spec_of(network)).parameters())


def millions(network: str) -> float:
    """The same in millions."""
    return parameters(network) / 1e6


def default(metric: str) -> float:
    """What ``repro run hoyer`` does unless told otherwise, in the seed's terms (fixed-threshold script)."""
    from papers.hoyer.choice import Choice

    option = {"train_epochs": "epochs", "train_lr": "lr"}.get(metric, metric)
    return float(Choice({"prune_rule": "absolute"})[option])


DIGITS = 12
"""Decimals of a law: what is left below is rounding, which differs between machines."""


def _vectors() -> list[Tensor]:
    import torch

    listed = [[3.0, -4, 0, 1], [0.1, -0.2, 0.3, 2], [0.3, -0.75, 0, 1.2, -0.05, 0.75, 0, -2.5, 0.01]]
    return [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in listed]


def _matrix() -> Tensor:
    import torch

    return torch.tensor([[1.0, 2, 2], [0.5, -1, 2]], dtype=torch.float64, requires_grad=True)


def _invariant(name: str) -> tuple[Callable[..., Tensor], list[Tensor]]:
    from shared.sparsity import element_regularisers, group_regularisers

    if name in group_regularisers.FUNCTIONS:
        return group_regularisers.FUNCTIONS[name], [_matrix()]
    return element_regularisers.FUNCTIONS[name], _vectors()


def scale_dependence(name: str) -> float:
    """Largest change of a regulariser when its weights are multiplied by 10, -0.02 and 1e6; 0 is the law (Q1)."""
    function, tensors = _invariant(name)
    changes = [abs(function(w * c).item() - function(w).item()) for w in tensors for c in (10.0, -0.02, 1e6)]
    return round(max(changes), DIGITS)


def gradient_along_weights(name: str) -> float:
    """Largest ``|sum w * dR/dw|``: 0 means that the gradient is tangent to the sphere through the weights (4.3)."""
    import torch

    function, tensors = _invariant(name)
    slopes = [torch.autograd.grad(function(w), w)[0] for w in tensors]
    return round(max(abs((w * g).sum().item()) for w, g in zip(tensors, slopes, strict=True)), DIGITS)


def _bounds(name: str, shape: tuple[int, ...]) -> tuple[float, float]:
    """Least and greatest value of a regulariser over all tensors of a shape but that of zeros (4.3, 4.4)."""
    sizes = shape if name.startswith("group") else (math.prod(shape),)  # rows and columns, or all elements at once
    return float(len(sizes)), sum(n if name.endswith("square") else n**0.5 for n in sizes)


def out_of_range(name: str) -> float:
    """How far a regulariser is from its range, and at either end from the only tensors that reach it (Q2).

    The least value belongs to a single weight that is not 0, the greatest to equal magnitudes; ``nan`` if other
    tensors reach one, too.
    """
    import torch

    function, tensors = _invariant(name)
    g = torch.Generator().manual_seed(0)
    worst, inside = 0.0, True
    for w in tensors:
        low, high = _bounds(name, tuple(w.shape))
        single, equal = torch.zeros_like(w), torch.full_like(w, 0.7)
        single.view(-1)[1] = -2.5
        equal.view(-1)[::2] *= -1
        worst = max(worst, abs(function(single).item() - low), abs(function(equal).item() - high))
        drawn = [torch.empty_like(w).normal_(generator=g).pow(3) for _ in range(100)]  # from flat to spiky
        values = [function(v).item() for v in (w, *drawn)]
        worst = max(worst, *(low - v for v in values), *(v - high for v in values))
        inside &= all(low + 1e-9 < v < high - 1e-9 for v in values)
    return round(worst, DIGITS) if inside or worst > 1e-9 else float("nan")


def count_of_equal_weights(alive: int, total: int) -> float:
    """Hoyer-Square of ``alive`` equal magnitudes among ``total`` weights: their number (4.3)."""
    import torch

    from shared.sparsity.element_regularisers import hoyer_square

    w = torch.zeros(total, dtype=torch.float64)
    w[:alive] = -0.7
    return round(hoyer_square(w).item(), DIGITS)


def wrong_pushes() -> float:
    """Weights whose push under Hoyer-Square is not inward below sum w^2 / sum |w| and outward above (Q3)."""
    import torch

    from shared.sparsity.element_regularisers import hoyer_square, trimming_threshold

    wrong = 0
    for w in _vectors():
        (slope,) = torch.autograd.grad(hoyer_square(w), w)
        inward = (w.sign() * slope > 0) & (w != 0)
        wrong += int((inward != ((w.abs() < trimming_threshold(w)) & (w != 0))).sum())
    return float(wrong)


def growth_of_the_norm() -> float:
    """Sum of squares after a plain step of 0.01 on Hoyer-Square, minus before, over ``step^2 |gradient|^2`` (4.3)."""
    import torch

    from shared.sparsity.element_regularisers import hoyer_square

    w = _vectors()[1]
    (slope,) = torch.autograd.grad(hoyer_square(w), w)
    grown = (w - 0.01 * slope).square().sum() - w.square().sum()
    return round((grown / (1e-4 * slope.square().sum())).item(), 6)


def compaction_difference(network: str) -> float:
    """Largest relative difference between a network with dead groups and the smaller one made of it (sheet 4.8).

    The network has used batch norms, and two fifths of the filters and of the channels of each layer are 0. ``nan`` if
    nothing could be removed.
    """
    import torch

    from shared.models.registry import build
    from shared.sparsity.compaction import compacted, largest_difference, size_of

    g = torch.Generator().manual_seed(0)
    shallow = Model(name="cifar-resnet", options={"depth": 8})  # deep ones take long to lay out again and again
    spec = shallow if network == "resnet-8" else spec_of(network)
    model = build(spec, g).double()
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.ndim > 1:
                p[torch.rand(p.shape[0], generator=g) < 0.4] = 0
                p[:, torch.rand(p.shape[1], generator=g) < 0.4] = 0
            elif name.endswith("bias"):
                p.normal_(generator=g)
        for name, b in model.named_buffers():
            if name.endswith("running_mean"):
                b.normal_(generator=g)
    shape = (spec.channels, spec.size, spec.size)
    small = compacted(model)
    if size_of(small, shape)["parameters"] >= size_of(model, shape)["parameters"]:
        return float("nan")
    images = torch.rand(4, *shape, dtype=torch.float64, generator=g)
    return round(largest_difference(model, small, images), DIGITS)
