"""Times are paired and complete; the networks compared are what they are called."""

import pytest
import torch

from shared.models.registry import build
from shared.protocol import Model
from shared.sparsity.inference import filled, inference, rounds_of
from shared.sparsity.masks import prunable_parameters


@pytest.fixture
def model():
    made = build(Model(name="vgg11", width=1 / 8, classes=10, channels=1, size=32), torch.Generator().manual_seed(1))
    generator = torch.Generator().manual_seed(2)
    for weight in prunable_parameters(made).values():
        weight.data[torch.rand(weight.shape, generator=generator) > 0.01] = 0
    return made


IMAGES = torch.ones(2, 1, 32, 32)


def test_dense_pruned_and_compact_are_timed_in_the_same_rounds(model):
    before = {n: t.clone() for n, t in model.state_dict().items()}
    found = inference(model, list(prunable_parameters(model)), IMAGES, rounds=(3, 3))
    assert (found["images"], found["rounds"]) == (2, 3)
    assert found["dense"]["ratio"] == 1
    assert found["pruned"]["macs"] == found["dense"]["macs"]
    assert found["compact"]["macs"] < 0.7 * found["pruned"]["macs"]
    assert found["difference"] < 1e-5
    for name in ("dense", "pruned", "compact"):
        assert found[name]["seconds"] > 0
        assert found[name]["low"] <= found[name]["ratio"] <= found[name]["high"]
    assert all(torch.equal(before[n], t) for n, t in model.state_dict().items())
    assert model.training


def test_nothing_is_compact_where_no_channel_is_gone(model):
    for weight in prunable_parameters(model).values():
        weight.data.fill_(0.01)
    assert "compact" not in inference(model, list(prunable_parameters(model)), IMAGES, rounds=(2, 2))


def test_filling_leaves_no_zero_and_keeps_what_there_is(model):
    names = list(prunable_parameters(model))
    dense = dict(filled(model, names).named_parameters())
    for name, weight in prunable_parameters(model).items():
        assert bool((dense[name] != 0).all())
        assert torch.equal(dense[name][weight != 0], weight[weight != 0])


def test_rounds_warm_up_and_alternate():
    calls = []
    times = rounds_of({n: lambda n=n: calls.append(n) for n in "ab"}, rounds=(2, 3), seconds=60)
    assert "".join(calls) == "ab" + "ab" + "ba" + "ab"
    assert {n: len(t) for n, t in times.items()} == {"a": 3, "b": 3}
    assert len(rounds_of({"a": lambda: None}, rounds=(2, 30), seconds=0)["a"]) == 2
