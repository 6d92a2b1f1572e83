"""Structured magnitude: what it needs, and what goes with a filter."""

import pytest
import torch

from papers.flipout.structured import chain, structured_magnitude
from shared.errors import ReproError
from shared.models.layers import sequential
from shared.models.registry import build
from shared.protocol import Model, Prunable
from shared.sparsity.masks import Masks, prunable_parameters

BOTH = Prunable(bias=True, batchnorm=True)


def test_a_filter_takes_every_input_of_a_classifier_that_reads_its_channel():
    model = sequential(
        [
            {"type": "conv", "in": 1, "out": 2, "kernel": 1},
            {"type": "batchnorm", "channels": 2},
            {"type": "flatten"},
            {"type": "linear", "in": 8, "out": 3},
        ]
    )
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([0.5, 0.1]).view(2, 1, 1, 1))
    masks = Masks(prunable_parameters(model, BOTH))
    after = structured_magnitude(masks.parameters, masks.live, chain(model), 0.5)
    assert after["3.weight"].tolist() == [[True] * 4 + [False] * 4] * 3
    assert all(after[n].tolist() == [True, False] for n in ("0.bias", "1.weight", "1.bias"))
    assert after["3.bias"].all()
    assert all(m.all() for m in masks.live.values())


def test_the_vgg_networks_are_chains():
    model = build(Model(name="vgg11", width=0.125))
    units = chain(model)
    assert len(units) == 8
    masks = Masks(prunable_parameters(model, BOTH))
    for _ in range(3):
        masks.set(structured_magnitude(masks.parameters, masks.live, units, 0.5))
    filters = [masks.remaining_per_tensor()[u.bias] for u in units]
    total = sum(len(masks.live[u.bias]) for u in units)
    for _ in range(3):
        total -= total // 2
    assert sum(filters) == total


def test_other_networks_are_refused():
    with pytest.raises(ReproError, match="choose a VGG"):
        chain(build(Model(name="resnet18", width=0.1)))
    model = build(Model(name="vgg11", width=0.1))
    masks = Masks(prunable_parameters(model))
    with pytest.raises(ReproError, match="prunable biases"):
        structured_magnitude(masks.parameters, masks.live, chain(model), 0.5)
