"""Module order, widths, classes and channels of the families."""

from collections.abc import Callable

import pytest
import torch
import torchvision
from torch import nn

from shared.models.registry import build
from shared.models.sizing import scaled
from shared.models.vgg import network as vgg_network
from shared.protocol import Model
from shared.sparsity.masks import prunable_parameters

Published = Callable[[str], Model]
VGG19 = [1728, 36864, 73728, 147456, 294912, *[589824] * 3, 1179648, *[2359296] * 7, 5120]
RESNET18 = [1728, *[36864] * 4, 73728, 147456, 8192, *[147456] * 2, 294912, 589824, 32768, *[589824] * 2]
RESNET18 += [1179648, 2359296, 131072, *[2359296] * 2, 5120]


def sizes(network: nn.Module) -> list[int]:
    return [p.numel() for p in prunable_parameters(network).values()]


def shapes(network: nn.Module) -> list[tuple[int, ...]]:
    return [tuple(p.shape) for p in prunable_parameters(network).values()]


def test_prunable_sizes_in_module_order(published: Published) -> None:
    assert sizes(build(published("vgg19"))) == VGG19
    assert sizes(build(published("resnet18"))) == RESNET18


def test_the_shortcut_follows_the_convolutions_of_its_block(published: Published) -> None:
    names = list(prunable_parameters(build(published("resnet50"))))
    block = [n for n in names if n.startswith("stages.1.0.")]
    assert [n.removeprefix("stages.1.0.") for n in block] == [
        "conv1.weight",
        "conv2.weight",
        "conv3.weight",
        "shortcut.0.weight",
    ]
    assert not [n for n in names if n.startswith("stages.1.1.shortcut")]


def test_the_stride_of_a_bottleneck_is_on_its_3x3_convolution(published: Published) -> None:
    conv = dict(build(published("resnet50")).named_modules())
    assert [conv[f"stages.1.0.conv{i}"].stride for i in (1, 2, 3)] == [(1, 1), (2, 2), (1, 1)]


def test_densenet_computes_what_torchvision_computes(published: Published) -> None:
    ours = build(published("densenet121"), torch.Generator().manual_seed(5)).eval()
    theirs = torchvision.models.densenet121(num_classes=10).eval()
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    theirs.load_state_dict(ours.state_dict())
    images = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(ours(images), theirs(images))


def test_resnet_block_adds_the_shortcut_before_the_last_relu() -> None:
    network = build(Model(name="resnet18", width=0.1)).eval()
    block = network.get_submodule("stages.0.0")
    assert isinstance(block.bn2, nn.BatchNorm2d)
    with torch.no_grad():
        block.bn2.weight.zero_()
        x = torch.randn(1, 6, 4, 4, generator=torch.Generator().manual_seed(0))
        assert torch.equal(block(x), x.relu())


def test_five_pools_leave_one_position_of_32_pixels() -> None:
    network = build(Model(name="vgg13", width=0.1)).eval()
    assert network.get_submodule("features")(torch.zeros(1, 3, 32, 32)).shape == (1, 51, 1, 1)


@pytest.mark.parametrize(
    ("channels", "width", "expected"),
    [(64, 1.0, 64), (64, 0.25, 16), (5, 0.5, 2), (7, 0.5, 4), (300, 0.1, 30), (6, 0.01, 1), (64, 2.0, 128)],
)
def test_scaled_widths_round_half_to_even_and_stay_positive(channels: int, width: float, expected: int) -> None:
    assert scaled(channels, width) == expected


def test_width_changes_hidden_channels_only() -> None:
    thin = Model(name="vgg11", width=0.25, classes=100, channels=1)
    assert shapes(build(thin))[0] == (16, 1, 3, 3)
    assert shapes(build(thin))[-1] == (100, 128)
    bottleneck = Model(name="resnet50", width=0.5, classes=3)
    assert shapes(build(bottleneck))[0] == (32, 3, 3, 3)
    assert shapes(build(bottleneck))[-1] == (3, 1024)
    lenet = Model(name="lenet300", width=0.1, channels=1, size=8, classes=10)
    assert shapes(build(lenet)) == [(30, 64), (10, 30), (10, 10)]
    lenet5 = Model(name="lenet5", width=0.5, channels=1)
    assert shapes(build(lenet5)) == [(3, 1, 5, 5), (8, 3, 5, 5), (60, 8, 5, 5), (42, 60), (10, 42)]
    conv6 = Model(name="conv6", width=0.125, size=16)
    assert shapes(build(conv6))[5:] == [(32, 32, 3, 3), (32, 128), (32, 32), (10, 32)]


def test_width_scales_the_growth_rate_of_densenet() -> None:
    found = shapes(build(Model(name="densenet121", width=0.25, size=32)))
    assert found[:3] == [(16, 3, 7, 7), (32, 16, 1, 1), (8, 32, 3, 3)]
    assert found[13] == (32, 64, 1, 1)  # the transition after 16 + 6 * 8 channels halves them
    assert found[-1] == (10, 256)


@pytest.mark.parametrize(("conv_bias", "affine", "parameters"), [(False, True, 20035018), (False, False, 20024010)])
def test_relatives_of_vgg19_from_other_papers(conv_bias: bool, affine: bool, parameters: int) -> None:
    """Counts of the two other forms of VGG19 (random tickets sheet, section 2.1)."""
    plan = [64, 64, "M", 128, 128, "M", *[256] * 4, "M", *[512] * 4, "M", *[512] * 4, "M"]
    with torch.device("meta"):
        network = vgg_network(plan, 3, 10, conv_bias=conv_bias, affine=affine)  # type: ignore[arg-type]
    assert sum(p.numel() for p in network.parameters()) == parameters
