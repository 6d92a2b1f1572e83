"""The pass over a large chain layer by layer gives what the plain functions give on a small one."""

import copy

import numpy as np
import pytest
import torch

from papers.synflow import theory
from papers.synflow.chain import flow_by_layer
from papers.synflow.vgg19 import lowest_sums, summarise
from shared.models.layers import sequential
from shared.models.registry import build
from shared.protocol import Model
from shared.sparsity.density import of_exponent, removed_by_threshold
from shared.sparsity.synflow import flow_and_scores


@pytest.fixture(scope="module")
def network():
    """VGG-19 with three linear layers at 1/32 width, its biases drawn at random: no score is trivially zero."""
    generator = torch.Generator().manual_seed(1)
    made = build(Model(name="vgg19", width=1 / 32, classes=7, channels=3, size=64, options={
        "batchnorm": False, "hidden": 1024, "initial": "torchvision"}), generator)  # fmt: skip
    for name, parameter in made.named_parameters():
        if name.endswith("bias"):
            parameter.data.uniform_(-0.1, 0.1, generator=generator)
    return made


@pytest.fixture(scope="module")
def plain(network):
    weights = {n: p.detach() for n, p in network.named_parameters()}
    flow, scores = flow_and_scores(network, weights, (3, 64, 64))
    parts = scores.split([w.numel() for w in weights.values()])
    return float(flow), {n: part.view_as(w) for part, (n, w) in zip(parts, weights.items(), strict=True)}


def test_scores_by_layer_are_the_plain_ones(network, plain, monkeypatch):
    monkeypatch.setattr("papers.synflow.chain.ROWS", 7)  # several blocks in every linear layer
    found = {n: torch.full_like(s, torch.nan) for n, s in plain[1].items()}

    def take(name, first, block):
        found[name][first : first + len(block)] = block

    assert flow_by_layer(network, (3, 64, 64), take) == pytest.approx(plain[0], rel=1e-12)
    for name, scores in plain[1].items():
        torch.testing.assert_close(found[name], scores, rtol=1e-10, atol=0)


def test_the_summary_has_the_numbers_of_figures_3_4_and_7(network, plain):
    flow, scores = plain
    exponents = (0.0, 0.5, 2.0)
    found = summarise(copy.deepcopy(network), (3, 64, 64), exponents)
    magnitudes = {n: p.detach().abs().double() for n, p in network.named_parameters()}
    for name, every in (("synflow", scores), ("mag", magnitudes)):
        ours, expected = found[name].averages, theory.layer_averages(every)
        assert ours[0] == pytest.approx(expected[0], rel=1e-6)
        assert ours[1] == expected[1]
        units = theory.unit_sums(every)
        torch.testing.assert_close(found[name].units.into, units.into, rtol=1e-10, atol=0)
        torch.testing.assert_close(found[name].units.out, units.out, rtol=1e-10, atol=0)
    weights = torch.cat([s.reshape(-1) for s in scores.values() if s.ndim > 1]).sort().values
    for c in exponents:
        k = removed_by_threshold(len(weights), of_exponent(c))
        assert found["synflow"].cuts[c] == pytest.approx(float(weights[:k].sum()) / flow, rel=1e-5)


def test_sums_of_the_lowest():
    assert lowest_sums(np.array([5.0, 1.0, 4.0, 2.0, 3.0], dtype=np.float32), [0, 2, 5, 2]) == [0, 3, 15, 3]


def test_only_chains_of_plain_layers_are_taken():
    network = sequential([{"type": "conv", "in": 1, "out": 2, "kernel": 3}, {"type": "batchnorm", "channels": 2}],
                         torch.Generator().manual_seed(1))  # fmt: skip
    with pytest.raises(AssertionError, match="not a layer of a chain"):
        flow_by_layer(network, (1, 5, 5), lambda *_: None)
