"""The laws hold on a chain and past shortcuts, and each of them would notice scores that break it."""

import math
from itertools import pairwise

import pytest
import torch

from papers.synflow import any_network as laws
from papers.synflow import paper
from papers.synflow.descent import Descent
from papers.synflow.laws import untrained
from papers.synflow.passage import passage
from repro.verdicts.exact import judge_exact
from shared.errors import ReproError

CHAIN = ("default", "fc", "mnist")
RESIDUAL = ("lottery", "resnet20", "cifar10")


@pytest.mark.parametrize(("network", "data"), [("fc", "mnist"), ("resnet20", "cifar100")])
def test_every_law_holds(network, data):
    table = paper.table("theory").about(network, data)
    assert table.id == "theory"
    for claim in table.claims:
        assert claim.measure() == pytest.approx(claim.value, abs=claim.tolerance or 1e-12), claim.text


def test_a_chain_ends_with_one_weight_in_each_layer():
    seen = laws.descent(*CHAIN)
    assert (seen.left, seen.tensors, seen.emptied) == (6, 6, 0)


def test_a_residual_network_ends_with_one_path():
    seen = laws.descent(*RESIDUAL)
    assert 0 < seen.left < seen.tensors
    assert seen.flow[-1] > 0


def test_wrong_scores_are_noticed(monkeypatch):
    flow, scores = laws.flow_and_layers(*RESIDUAL)
    broken = {n: s * (1.01 if "shortcut" in n or n == next(iter(scores)) else 1) for n, s in scores.items()}
    monkeypatch.setattr(laws, "flow_and_layers", lambda *at: (flow, broken))
    assert laws.unit_deviation(*RESIDUAL) > 1e-6
    assert laws.emptied_deviation(*RESIDUAL) > 1e-6
    assert laws.layers_above_flow(*RESIDUAL) >= 1


def test_a_descent_that_lost_flow_or_layers_is_noticed(monkeypatch):
    lost = Descent(flow=(10.0, 5.0, 0.0), cut=(2.0, 5.0), left=9, tensors=6, emptied=1)
    monkeypatch.setattr(laws, "descent", lambda *at: lost)
    assert laws.rounds_above_cut(*CHAIN) == 1
    assert laws.left_beyond_critical(*CHAIN) == 3
    assert laws.whole_layers_emptied(*CHAIN) == 1
    assert laws.connected_at_critical(*CHAIN) == 0


@pytest.mark.parametrize("flow", [math.inf, math.nan])
def test_a_flow_that_overflows_breaks_the_laws_of_flow(flow, monkeypatch):
    """``max`` passes over NaN, and an infinite flow makes every share 0."""
    _, scores = laws.flow_and_layers(*RESIDUAL)
    monkeypatch.setattr(laws, "flow_and_layers", lambda *at: (flow, scores))
    monkeypatch.setattr(laws, "descent", lambda *at: Descent((flow, 1.0), (1.0,), left=0, tensors=6, emptied=0))
    held = [c.text for c in paper.table("theory").about("resnet20", "cifar10").claims if holds(c)]
    assert held == ["SynFlow scores that overflow", "Weights left at a density of 1e-05"]  # counts of these scores


def holds(claim):
    return judge_exact(claim).label == "HOLDS"


def test_scores_that_do_not_leave_a_unit_as_they_enter_it_are_noticed(monkeypatch):
    """What enters the first of two convolutions of a block must leave it through the second."""
    flow, scores = laws.flow_and_layers(*RESIDUAL)
    second = "blocks.4.conv2.weight"
    uneven = torch.linspace(0.5, 1.5, scores[second].shape[1], dtype=torch.float64)[None, :, None, None]
    moved = scores[second] * uneven
    moved *= scores[second].flatten(1).sum(1)[:, None, None, None] / moved.flatten(1).sum(1)[:, None, None, None]
    monkeypatch.setattr(laws, "flow_and_layers", lambda *at: (flow, {**scores, second: moved}))
    assert laws.emptied_deviation(*RESIDUAL) < 1e-9
    assert laws.unit_deviation(*RESIDUAL) > 1e-6


def test_readers_are_found_past_shortcuts_and_in_chains():
    block = {f"blocks.{i}.conv1.weight": (f"blocks.{i}.conv2.weight",) for i in range(9)}
    assert passage(*untrained(*RESIDUAL)).readers == block
    chain = passage(*untrained(*CHAIN))
    names = list(chain.through)
    assert chain.readers == {name: (after,) for name, after in pairwise(names)}


def test_networks_beyond_memory_are_refused():
    with pytest.raises(ReproError, match="vgg16 for imagenet has 138 million weights, and the laws are checked on at"):
        paper.table("theory").about("vgg16", "imagenet")


@pytest.mark.parametrize(
    ("network", "data", "sentence"),
    [
        ("vgg99", "cifar10", "vgg99"),
        ("fc", "svhn", "svhn"),
        ("resnet20", "imagenet", "No model class for imagenet has resnet20"),
    ],
)
def test_what_does_not_exist_is_refused(network, data, sentence):
    with pytest.raises(ReproError, match=sentence):
        paper.table("theory").about(network, data)


def test_a_table_about_named_networks_says_so():
    with pytest.raises(ReproError, match="about the networks it names"):
        paper.table("assignment").about("resnet20", "cifar10")
