"""Weights and multiply-adds per tensor: the sheet's counts, an independent counter, no side effects."""

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from shared.models.initialise import initialised
from shared.models.layers import sequential
from shared.models.registry import build
from shared.protocol import Model, Prunable
from shared.sparsity.accounting import layer_table, macs, output_positions, parameter_count
from shared.sparsity.masks import Masks, prunable_parameters

# multiply-adds of one sample (flipout sheet, section 2)
MACS = {
    "vgg11": 152769536,
    "vgg13": 228267008,
    "vgg16": 313201664,
    "vgg19": 398136320,
    "resnet18": 555422720,
    "resnet34": 1159402496,
    "resnet50": 1297829888,
    "resnet101": 2509983744,
    "resnet152": 3722137600,
    "densenet121": 2833147904,
    "lenet300": 338200,
    "lenet5": 416520,
    "conv6": 153881088,
}
VGG19_POSITIONS = [1024] * 2 + [256] * 2 + [64] * 4 + [16] * 4 + [4] * 4 + [1]
RESNET18_POSITIONS = [1024] * 5 + [256] * 5 + [64] * 5 + [16] * 5 + [1]
DENSENET121_POSITIONS = [12544] + [3136] * 13 + [784] * 25 + [196] * 49 + [49] * 32 + [1]
THIN = [("vgg11", 32), ("resnet18", 32), ("resnet50", 16), ("densenet121", 64), ("lenet5", 32), ("conv6", 32)]


def shape_of(name: str) -> tuple[int, int, int]:
    side = 224 if name == "densenet121" else 32
    return (1 if name.startswith("lenet") else 3), side, side


@pytest.mark.parametrize("name", MACS)
def test_macs_are_those_of_the_original(name: str) -> None:
    shape = shape_of(name)
    table = layer_table(build(Model(name=name, channels=shape[0], size=shape[1])), shape)
    assert macs(table) == (MACS[name], MACS[name])


@pytest.mark.parametrize(
    ("name", "positions"),
    [("vgg19", VGG19_POSITIONS), ("resnet18", RESNET18_POSITIONS), ("densenet121", DENSENET121_POSITIONS)],
)
def test_positions_in_index_order(name: str, positions: list[int]) -> None:
    network = build(Model(name=name, size=shape_of(name)[1]))
    table = layer_table(network, shape_of(name))
    assert [row.positions for row in table] == positions
    assert [(row.name, row.shape) for row in table] == [(n, p.shape) for n, p in prunable_parameters(network).items()]


@pytest.mark.parametrize(("name", "side"), THIN)
def test_macs_agree_with_the_frameworks_flop_counter(name: str, side: int) -> None:
    network = build(Model(name=name, width=0.1, size=side)).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, 3, side, side))
    assert 2 * macs(layer_table(network, (3, side, side)))[0] == counter.get_total_flops()


def test_groups_stride_dilation_and_padding_agree_with_the_frameworks_flop_counter() -> None:
    convs = [nn.Conv2d(4, 8, 3, stride=2, groups=2), nn.Conv2d(8, 8, (3, 1), padding=2, dilation=2, groups=8)]
    network = nn.Sequential(*convs, nn.Flatten(2), nn.Linear(72, 5))
    shape = (4, 13, 17)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, *shape))
    table = layer_table(network, shape)
    assert 2 * macs(table)[0] == counter.get_total_flops()
    assert table[-1].positions == 8  # the linear layer runs once per channel


class Twice(nn.Module):
    """A layer that is called two times, and one that never is."""

    def __init__(self) -> None:
        super().__init__()
        self.used, self.unused = nn.Conv2d(2, 2, 3, padding=1), nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.used(self.used(x)[..., ::2, ::2])
        return out


def test_repeated_calls_add_up_and_unused_layers_cost_nothing() -> None:
    used, unused = layer_table(Twice(), (2, 4, 4))
    assert (used.positions, used.macs_dense) == (16 + 4, 36 * 20)
    assert (unused.positions, unused.macs_dense, unused.total) == (0, 0, 4)


def test_masks_count_exactly_as_masks_or_as_plain_tensors() -> None:
    network = build(Model(name="conv6", width=0.1))
    masks = Masks(prunable_parameters(network))
    masks.set_flat(torch.rand(masks.total, generator=torch.Generator().manual_seed(0)) < 0.3)
    table = layer_table(network, (3, 32, 32), masks)
    assert table == layer_table(network, (3, 32, 32), masks.live)
    assert {row.name: row.remaining for row in table} == masks.remaining_per_tensor()
    assert sum(row.total for row in table) == masks.total
    dense, sparse = macs(table)
    assert dense == macs(layer_table(network, (3, 32, 32)))[0]
    assert sparse == sum(n * row.positions for n, row in zip(masks.remaining_per_tensor().values(), table, strict=True))
    assert table[0].sparsity == 1 - table[0].remaining / table[0].total


def test_biases_and_gammas_have_counts_but_no_macs() -> None:
    network = build(Model(name="vgg11", width=0.1))
    masks = Masks(prunable_parameters(network, Prunable(bias=True, batchnorm=True)))
    table = layer_table(network, (3, 32, 32), masks)
    rows = {row.name: row for row in table}
    assert list(rows)[:4] == ["features.0.weight", "features.0.bias", "features.1.weight", "features.1.bias"]
    assert sum(row.total for row in table) == parameter_count(network)
    assert all(rows[n].macs_dense == rows[n].macs_sparse == 0 for n in list(rows)[1:4])
    assert macs(table)[0] == macs(layer_table(network, (3, 32, 32)))[0]


def test_the_reference_counts_of_a_masked_chain() -> None:
    """Golden case flop-counts-masked: live weights 17, 32, 1 at 36, 1, 1 positions."""
    network = sequential(
        [
            {"type": "conv", "in": 2, "out": 4, "kernel": 3, "padding": 1},
            {"type": "batchnorm", "channels": 4},
            {"type": "relu"},
            {"type": "maxpool", "kernel": 2, "stride": 2},
            {"type": "conv", "in": 4, "out": 5, "kernel": 3, "bias": False},
            {"type": "relu"},
            {"type": "flatten"},
            {"type": "linear", "in": 5, "out": 3},
        ]
    )
    counts = {"0.weight": 17, "4.weight": 32, "7.weight": 1}
    live = {n: (torch.arange(p.numel()) < counts[n]).view_as(p) for n, p in prunable_parameters(network).items()}
    table = layer_table(network, (2, 6, 6), live)
    assert [(row.remaining, row.positions) for row in table] == [(17, 36), (32, 1), (1, 1)]
    assert macs(table) == (2787, 645)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_nothing_of_the_network_changes(dtype: torch.dtype) -> None:
    network = build(Model(name="resnet18", width=0.1)).to(dtype)
    network.get_submodule("stages.1").eval()  # a frozen part must stay as it was
    before: Mapping[str, Tensor] = {n: t.clone() for n, t in network.state_dict().items()}
    flags = [m.training for m in network.modules()]
    identities = [id(p) for p in network.parameters()]
    random = torch.get_rng_state()
    layer_table(network, (3, 32, 32))
    assert all(torch.equal(t, before[n]) for n, t in network.state_dict().items())
    assert flags == [m.training for m in network.modules()]
    assert identities == [id(p) for p in network.parameters()]
    assert torch.equal(random, torch.get_rng_state())
    assert not any(m._forward_hooks for m in network.modules())


def test_flags_and_hooks_are_put_back_after_a_failure() -> None:
    network = build(Model(name="lenet5", channels=1))
    with pytest.raises(RuntimeError):
        output_positions(network, (3, 32, 32))
    assert all(m.training for m in network.modules())
    assert not any(m._forward_hooks for m in network.modules())


def test_a_mask_of_another_network_is_an_error() -> None:
    linear = initialised(lambda: nn.Sequential(nn.Linear(2, 2)))
    with pytest.raises(KeyError):
        layer_table(linear, (2,), {"1.weight": torch.ones(2, 2, dtype=torch.bool)})


def test_a_single_layer_is_a_network_too() -> None:
    (row,) = layer_table(initialised(lambda: nn.Linear(3, 2)), (3,))
    assert (row.name, row.shape, row.total, row.positions, row.macs_dense) == ("weight", (2, 3), 6, 1, 6)
