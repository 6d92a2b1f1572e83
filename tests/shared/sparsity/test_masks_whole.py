"""Masks that remove nothing cost nothing, and are noticed as soon as they remove something."""

from __future__ import annotations

import torch
from torch import nn

from shared.sparsity.masks import Masks, prunable_parameters


def test_whole_masks_change_nothing_and_the_first_removal_counts_at_once():
    model = nn.Linear(4, 3)
    masks = Masks(prunable_parameters(model))
    model.weight.grad = torch.randn(3, 4)
    weight, gradient = model.weight.detach().clone(), model.weight.grad.clone()
    masks.apply()
    masks.apply_to_gradients()
    assert masks.whole
    assert torch.equal(model.weight, weight)
    assert torch.equal(model.weight.grad, gradient)
    live = torch.ones(12, dtype=torch.bool)
    live[5] = False
    masks.set_flat(live)
    assert not masks.whole
    with torch.no_grad():
        model.weight.fill_(1.0)
    masks.apply()
    masks.apply_to_gradients()
    assert float(model.weight.detach().sum()) == 11
    assert float(model.weight.grad.view(-1)[5]) == 0
    masks.set_flat(torch.ones(12, dtype=torch.bool))
    assert masks.whole


def test_loaded_masks_are_not_taken_for_whole():
    masks = Masks(prunable_parameters(nn.Linear(2, 2)))
    masks.load_state_dict({"weight": torch.tensor([[True, False], [True, True]])})
    assert not masks.whole
