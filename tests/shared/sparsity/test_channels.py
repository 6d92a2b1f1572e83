"""Which channels of a network may go, and which of them are constant."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor, nn
from torchvision.models.resnet import ResNet

from shared.models.registry import build
from shared.protocol import Model
from shared.sparsity.channels import channels_of
from shared.sparsity.compaction import compacted, largest_difference, size_of

GROUPED = [f"layer{g}.{b}.conv{c}" for g, n in enumerate((3, 4, 6, 3), 1) for b in range(n) for c in (1, 2)]
"""The convolutions of ResNeXt-50 around and in its groups."""


class Flattened(nn.Module):
    """Two convolutions, a map of more than one pixel made flat in some way, and two linear layers."""

    def __init__(self, flat: Callable[[Tensor], Tensor], middle: nn.Module | None = None) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(2, 4, 3), nn.Conv2d(4, 5, 3)
        self.flat, self.middle = flat, middle or nn.Identity()
        self.third, self.logits = nn.Linear(45, 6), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, 2, 7, 7]`` -> ``[B, 3]``."""
        y = self.flat(F.relu(self.second(F.relu(self.first(x)))))
        return self.logits(self.third(self.middle(y)).relu())


def fixed(model: nn.Module) -> list[str]:
    """Layers none of whose outputs may go."""
    free = {name for joint in channels_of(model.eval()).free() for name in joint.producers}
    layers = [n for n, m in model.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    return [name for name in layers if name not in free]


def pruned(model: nn.Module, seed: int = 0) -> nn.Module:
    """In float64, with used batch norms, and with two fifths of all outputs and channels 0."""
    g = torch.Generator().manual_seed(seed)
    model = model.double()
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d | nn.BatchNorm1d):
                module.running_mean.normal_(generator=g)
                module.running_var.uniform_(0.5, 2, generator=g)
                module.bias.normal_(generator=g)
        for p in model.parameters():
            if p.ndim > 1:
                p[torch.rand(p.shape[0], generator=g) < 0.4] = 0
                p[:, torch.rand(p.shape[1], generator=g) < 0.4] = 0
    return model.eval()


def images(*shape: int) -> Tensor:
    return torch.randn(2, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(9))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("alexnet", ["classifier.6"]),
        ("resnet18", ["fc"]),
        ("resnet50", ["fc"]),
        ("resnext50_32x4d", [*GROUPED, "fc"]),
    ],
)
def test_only_logits_and_groups_are_fixed_in_imagenet_networks(name: str, expected: list[str]) -> None:
    with torch.device("meta"):
        model = getattr(torchvision.models, name)()
    assert fixed(model) == expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (Model(name="lenet300", channels=1, size=28), ["fc3"]),
        (Model(name="lenet5-caffe", channels=1, size=28), ["fc2"]),
        (Model(name="cifar-alexnet", width=0.125), ["classifier"]),
        (Model(name="cifar-vgg19", width=0.125), ["classifier"]),
        (Model(name="cifar-resnet", width=0.25, options={"depth": 8}), ["fc"]),
        (Model(name="cifar-resnet", width=0.25, options={"depth": 11, "block": "bottleneck"}), ["fc"]),
        (Model(name="cifar-preresnet", width=0.25, options={"depth": 8}), ["fc"]),
        (Model(name="cifar-preresnet", width=0.25, options={"depth": 11, "block": "bottleneck"}), ["fc"]),
        (Model(name="wide_resnet", width=0.5, options={"depth": 10, "dropout": 0.3}), ["fc"]),
        (
            Model(name="cifar-resnext", width=0.125, options={"depth": 11, "cardinality": 2}),
            [*(f"stage{s}.0.conv{c}" for s in (1, 2, 3) for c in (1, 2)), "classifier"],
        ),
        (
            Model(name="cifar-densenet", options={"depth": 10}),
            ["conv1", "dense1.0.conv2", "trans1.conv1", "dense2.0.conv2", "trans2.conv1", "dense3.0.conv2", "fc"],
        ),
    ],
    ids=lambda v: "-".join(map(str, (v.name, *v.options.values()))) if isinstance(v, Model) else "",
)
def test_only_logits_groups_and_concatenations_are_fixed_in_small_networks(model: Model, expected: list[str]) -> None:
    assert fixed(build(model)) == expected


def test_imagenet_networks_compute_the_same_with_fewer_weights(thin_imagenet: Callable[[], nn.Module]) -> None:
    model = pruned(thin_imagenet())
    small = compacted(model)
    assert largest_difference(model, small, images(3, 64, 64)) < 1e-11
    widths = {n: p.shape[0] for n, p in small.named_parameters() if p.ndim > 1}
    whole = {n: p.shape[0] for n, p in model.named_parameters() if p.ndim > 1}
    assert all(widths[n] < whole[n] for n in widths if n.startswith(("features", "classifier.1", "classifier.4")))
    if isinstance(model, ResNet):  # the stream, which every block ties together, loses what all of them leave
        assert widths["layer4.0.conv3.weight"] < whole["layer4.0.conv3.weight"]
        assert widths["layer4.0.conv3.weight"] == widths["layer4.0.downsample.0.weight"]


FLAT: dict[str, Callable[[Tensor], Tensor]] = {
    "function": lambda y: torch.flatten(y, 1),
    "by name": lambda y: torch.flatten(y, start_dim=1),
    "method": lambda y: y.flatten(1),
    "adaptive pool": lambda y: torch.flatten(F.adaptive_avg_pool2d(y, (3, 3)), 1),
    "module": nn.Flatten(),
    "dropout": nn.Sequential(nn.AdaptiveAvgPool2d(3), nn.Identity(), nn.Flatten(), nn.Dropout()),
}


@pytest.mark.parametrize("way", FLAT)
def test_a_channel_that_goes_takes_its_block_of_columns(way: str) -> None:
    model = Flattened(FLAT[way]).double()
    with torch.no_grad():
        model.second.weight[[1, 3]], model.second.bias[3] = 0, 0
        model.second.bias[1] = 0.5
        model.third.weight[:, 4 * 9 :] = 0
    small = compacted(model)
    assert fixed(model) == ["logits"]
    assert small.second.weight.shape[0] == 2
    assert torch.equal(small.third.weight, model.third.weight[:, [*range(9), *range(18, 27)]])
    assert largest_difference(model, small, images(2, 7, 7)) < 1e-12


@pytest.mark.parametrize(
    "flat",
    [
        lambda y: torch.flatten(y, 2).flatten(1),
        lambda y: torch.flatten(y).reshape(2, 45),
        lambda y: y.flatten(1, 2).flatten(1),
    ],
)
def test_flattening_other_axes_keeps_no_channels(flat: Callable[[Tensor], Tensor]) -> None:
    assert "second" in fixed(Flattened(flat))


def test_a_norm_of_single_columns_keeps_the_channels_behind_it() -> None:
    model = pruned(Flattened(nn.Flatten(), nn.BatchNorm1d(45)))
    assert fixed(model) == ["second", "logits"]
    small = compacted(model)
    assert size_of(small, (2, 7, 7))["parameters"] < size_of(model, (2, 7, 7))["parameters"]
    assert largest_difference(model, small, images(2, 7, 7)) < 1e-12


class Sum(nn.Module):
    """A flattened map and as many units added up."""

    def __init__(self) -> None:
        super().__init__()
        self.map, self.units, self.logits = nn.Conv2d(2, 3, 1), nn.Linear(8, 12), nn.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, 2, 2, 2]`` -> ``[B, 3]``."""
        return self.logits(self.map(x).flatten(1) + self.units(x.flatten(1)))


def test_a_flattened_map_is_not_tied_to_single_units() -> None:
    model = pruned(Sum())
    assert fixed(model) == ["map", "units", "logits"]
    assert largest_difference(model, compacted(model), images(2, 2, 2)) < 1e-12


@pytest.mark.parametrize(
    "between",
    [nn.Sigmoid(), nn.AvgPool2d(3, 1, 1), nn.Softplus()],
    ids=["an activation away from 0", "a pool that averages the border", "an activation of negative numbers"],
)
def test_a_constant_is_followed_only_where_it_stays_that_number(between: nn.Module) -> None:
    model = nn.Sequential(
        nn.Conv2d(2, 3, 1), between, nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Conv2d(4, 2, 1), nn.Flatten()
    ).double()
    with torch.no_grad():
        for p in model[0].parameters():
            p[0] = 0
        model[0].weight[1] = 0
        model[0].bias[1] = 0.7
        model[2].weight[0], model[2].weight[1], model[2].weight[2, 2] = 0, 0, 0
        model[2].weight[0, 0], model[2].weight[1, 1] = 2, 2
    assert largest_difference(model, compacted(model), images(2, 4, 4)) < 1e-12
