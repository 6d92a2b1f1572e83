"""Layer collapse and predictions at chance."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from shared.models.initialise import initialised
from shared.models.registry import build
from shared.protocol import Model, Prunable
from shared.sparsity.collapse import collapse, connected_outputs, empty_tensors, is_chance
from shared.sparsity.masks import Masks, prunable_parameters

MLP = [(4, 3), (3, 4), (2, 3)]
# masks of a three-layer network 3-4-3-2, [out][in] (synflow reference case collapse-and-effective-sparsity)
CASES = [
    ("100010000110", "001010000101", "100001", [], [False, True]),
    ("100000000000", "010000100000", "100001", [], [False, False]),
    ("000011100001", "100001000000", "010000", [], [True, False]),
    ("111111111111", "111111111111", "000000", ["4.weight"], [False, False]),
]


def mlp() -> nn.Module:
    return initialised(lambda: nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)))


def live_of(*rows: str) -> dict[str, Tensor]:
    bits = [torch.tensor([c == "1" for c in row]).view(shape) for row, shape in zip(rows, MLP, strict=True)]
    return dict(zip(("0.weight", "2.weight", "4.weight"), bits, strict=True))


def masks_of(network: nn.Module, rule: Prunable | None = None) -> Masks:
    return Masks(prunable_parameters(network, rule))


@pytest.mark.parametrize(("first", "second", "third", "empty", "connected"), CASES)
def test_reference_masks(first: str, second: str, third: str, empty: list[str], connected: list[bool]) -> None:
    live = live_of(first, second, third)
    assert empty_tensors(live) == empty
    assert connected_outputs(mlp(), live, (3,)).tolist() == connected


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), min_size=30, max_size=30))
def test_connection_of_a_chain_is_a_product_of_masks(bits: list[bool]) -> None:
    flat = torch.tensor(bits)
    a, b, c = (part.view(shape) for part, shape in zip(flat.split([12, 12, 6]), MLP, strict=True))
    paths = c.double() @ b.double() @ a.double()
    live = {"0.weight": a, "2.weight": b, "4.weight": c}
    assert torch.equal(connected_outputs(mlp(), live, (3,)), paths.sum(1) > 0)


@pytest.mark.parametrize("name", ["vgg11", "resnet18", "resnet50", "densenet121", "lenet5", "conv6"])
def test_dense_networks_are_whole_and_networks_without_classifier_are_constant(name: str) -> None:
    network = build(Model(name=name, width=0.1))
    masks = masks_of(network)
    assert collapse(masks) is None
    assert collapse(masks, network, (3, 32, 32)) is None
    last = list(masks)[-1]
    masks.live[last].zero_()
    assert collapse(masks, network, (3, 32, 32)) == (
        f"1 of {len(masks)} prunable weight tensors is empty ({last}). "
        "No path of live weights leads from input to output: the prediction is a constant."
    )


def test_an_empty_layer_beside_a_shortcut_cuts_nothing() -> None:
    network = build(Model(name="resnet18", width=0.1))
    masks = masks_of(network)
    masks.live["stages.0.1.conv2.weight"].zero_()
    assert collapse(masks, network, (3, 32, 32)) == (
        "1 of 21 prunable weight tensors is empty (stages.0.1.conv2.weight). "
        "Every output is still connected to the input."
    )
    masks.live["stages.1.0.conv1.weight"].zero_()
    masks.live["stages.1.0.shortcut.0.weight"].zero_()
    assert "constant" in str(collapse(masks, network, (3, 32, 32)))


def test_paths_can_be_cut_without_an_empty_layer() -> None:
    network = build(Model(name="vgg11", width=0.1))
    masks = masks_of(network)
    masks.live["features.0.weight"][1:] = False  # only channel 0 leaves the first layer
    masks.live["features.4.weight"][:, 0] = False  # and nothing listens to it
    assert empty_tensors(masks) == []
    assert collapse(masks, network, (3, 32, 32)) == (
        "No path of live weights leads from input to output: the prediction is a constant."
    )


def test_single_outputs_that_are_cut_off_are_counted() -> None:
    network = build(Model(name="lenet300", channels=1))
    masks = masks_of(network)
    masks.live["fc3.weight"][:3] = False
    assert collapse(masks, network, (1, 32, 32)) == "3 of 10 outputs are cut off from the input."


def test_a_pruned_gamma_closes_its_channel_and_pruned_biases_close_nothing() -> None:
    network = build(Model(name="vgg11", width=0.1))
    masks = masks_of(network, Prunable(bias=True, batchnorm=True))
    for name, live in masks.live.items():
        if name.endswith("bias"):
            live.zero_()
    assert collapse(masks, network, (3, 32, 32)) is None
    masks.live["features.1.weight"].zero_()
    assert empty_tensors(masks) == ["features.1.weight"]
    assert not connected_outputs(network, masks, (3, 32, 32)).any()


def test_many_empty_tensors_are_summarised() -> None:
    masks = masks_of(build(Model(name="vgg11", width=0.1)))
    for live in list(masks.live.values())[:5]:
        live.zero_()
    text = collapse(masks)
    assert text == (
        "5 of 9 prunable weight tensors are empty (features.0.weight, features.4.weight, features.8.weight and 2 more)."
    )


@pytest.mark.parametrize("training", [True, False])
def test_following_paths_changes_nothing_and_draws_nothing(training: bool) -> None:
    network = build(Model(name="resnet18", width=0.1)).train(training).double()
    before = {n: t.clone() for n, t in network.state_dict().items()}
    random = torch.get_rng_state()
    assert connected_outputs(network, masks_of(network), (3, 32, 32)).all()
    assert all(torch.equal(t, before[n]) for n, t in network.state_dict().items())
    assert network.training is training
    assert torch.equal(random, torch.get_rng_state())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in network.modules())


def test_a_disconnected_network_predicts_a_constant_and_a_connected_one_does_not() -> None:
    network = build(Model(name="conv6", width=0.1)).eval()
    images = torch.randn(8, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    masks = masks_of(network)
    assert network(images).std(0).max() > 0
    masks.set({"features.5.weight": torch.zeros_like(masks.live["features.5.weight"])})
    assert not connected_outputs(network, masks, (3, 32, 32)).any()
    assert network(images).std(0).max() < 1e-6


def test_half_of_the_arguments_is_an_error() -> None:
    network = mlp()
    with pytest.raises(ValueError, match="both model and input_shape"):
        collapse(masks_of(network), network)


def tail(counts: range, total: int, chance: float) -> float:
    return math.fsum(math.comb(total, k) * chance**k * (1 - chance) ** (total - k) for k in counts)


@pytest.mark.parametrize(("total", "chance", "level"), [(100, 0.1, 0.999), (360, 0.1, 0.95), (50, 0.01, 0.999)])
def test_the_interval_of_chance_is_exact_with_equal_tails(total: int, chance: float, level: float) -> None:
    inside = [k for k in range(total + 1) if is_chance(k, total, chance, level)]
    assert inside == list(range(inside[0], inside[-1] + 1))
    alpha = (1 - level) / 2
    assert tail(range(inside[0]), total, chance) < alpha <= tail(range(inside[0] + 1), total, chance)
    above = range(inside[-1] + 1, total + 1)
    assert tail(above, total, chance) < alpha <= tail(range(inside[-1], total + 1), total, chance)


def test_published_collapses_are_at_chance_and_the_lucky_seed_is_not() -> None:
    """Random pruning of ResNet18 at 99.9 %: 10, 10 and 20.96 % (flipout sheet, section 7.10)."""
    assert is_chance(1000, 10000, 0.1)
    assert not is_chance(2096, 10000, 0.1)
    assert not is_chance(800, 10000, 0.1)  # far below chance is not chance either
