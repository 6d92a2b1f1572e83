"""What lies under a mask: dormant values, and names that stay dense."""

from __future__ import annotations

import torch
from torch import nn

from shared.protocol import Prunable
from shared.sparsity.masks import Masks, prunable_parameters


def test_dormant_and_live_values_always_add_up() -> None:
    torch.manual_seed(0)
    parameter = nn.Parameter(torch.randn(4, 5))
    whole = parameter.detach().clone()
    masks = Masks({"w": parameter})
    dormant = masks.keep_dormant()
    masks.set({"w": torch.rand(4, 5) < 0.5})
    assert torch.equal(parameter.detach() + dormant[0], whole)
    assert bool((parameter.detach()[~masks.live["w"]] == 0).all())
    assert bool((dormant[0][masks.live["w"]] == 0).all())
    masks.wake()
    assert torch.equal(parameter.detach(), whole)
    masks.apply()
    assert torch.equal(parameter.detach() + dormant[0], whole)


def test_without_dormant_values_the_removed_are_lost() -> None:
    parameter = nn.Parameter(torch.ones(3))
    masks = Masks({"w": parameter})
    masks.set({"w": torch.tensor([True, False, True])})
    masks.wake()
    assert parameter.tolist() == [1.0, 0.0, 1.0]


def test_excluded_names_are_not_prunable() -> None:
    model = nn.Sequential()
    model.add_module("stem", nn.Conv2d(1, 2, 3))
    model.add_module("block", nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)))
    assert list(prunable_parameters(model)) == ["stem.weight", "block.0.weight", "block.1.weight"]
    assert list(prunable_parameters(model, Prunable(exclude=("stem.*", "*.1.*")))) == ["block.0.weight"]
    assert list(prunable_parameters(model, Prunable(bias=True, exclude=("*.weight",)))) == [
        "stem.bias",
        "block.0.bias",
        "block.1.bias",
    ]
