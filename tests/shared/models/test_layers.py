"""Chains of layers described as data."""

from typing import Any

import pytest
import torch
from torch import nn

from shared.errors import ReproError
from shared.models.layers import sequential

CHAIN: list[dict[str, Any]] = [
    {"type": "conv", "in": 2, "out": 4, "kernel": 3, "stride": 1, "padding": 1, "bias": True},
    {"type": "batchnorm", "channels": 4},
    {"type": "relu"},
    {"type": "maxpool", "kernel": 2, "stride": 2},
    {"type": "conv", "in": 4, "out": 5, "kernel": 3, "stride": 1, "padding": 0, "bias": False},
    {"type": "relu"},
    {"type": "flatten"},
    {"type": "linear", "in": 5, "out": 3, "bias": True},
]


def test_parameters_are_named_by_position_and_have_the_stated_shapes() -> None:
    shapes = {n: tuple(p.shape) for n, p in sequential(CHAIN).named_parameters()}
    assert shapes == {
        "0.weight": (4, 2, 3, 3),
        "0.bias": (4,),
        "1.weight": (4,),
        "1.bias": (4,),
        "4.weight": (5, 4, 3, 3),
        "7.weight": (3, 5),
        "7.bias": (3,),
    }


def test_the_chain_runs_as_described() -> None:
    network = sequential(CHAIN)
    out = network(torch.randn(2, 2, 6, 6, generator=torch.Generator().manual_seed(0)))
    assert out.shape == (2, 3)
    assert torch.isfinite(out).all()


def test_average_pool_and_default_stride() -> None:
    network = sequential([{"type": "avgpool", "kernel": 2}])
    assert network(torch.arange(16.0).view(1, 1, 4, 4)).flatten().tolist() == [2.5, 4.5, 10.5, 12.5]


def test_equal_seeds_give_equal_weights_and_others_do_not() -> None:
    a, b, c = (sequential(CHAIN, torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    first = [network.get_parameter("0.weight") for network in (a, b, c)]
    assert torch.equal(first[0], first[1])
    assert not torch.equal(first[0], first[2])


def test_weights_are_those_of_the_framework_at_the_same_seed() -> None:
    torch_state = torch.get_rng_state()
    torch.manual_seed(7)
    plain = nn.Sequential(nn.Conv2d(2, 4, 3), nn.Flatten(), nn.Linear(36, 3))
    torch.set_rng_state(torch_state)
    layers: list[dict[str, Any]] = [{"type": "conv", "in": 2, "out": 4, "kernel": 3}, {"type": "flatten"}]
    layers.append({"type": "linear", "in": 36, "out": 3})
    ours = sequential(layers, torch.Generator().manual_seed(7))
    for p, q in zip(plain.parameters(), ours.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ({"type": "con", "in": 1, "out": 1, "kernel": 1}, "no layer type 'con'; did you mean conv"),
        ({"in": 1}, "no layer type ''"),
        ({"type": "conv", "in": 1, "out": 1}, "needs kernel"),
        ({"type": "linear", "in": 1, "out": 1, "biass": True}, "did you mean bias"),
    ],
)
def test_wrong_descriptions_are_refused(spec: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ReproError, match=sentence):
        sequential([spec])
