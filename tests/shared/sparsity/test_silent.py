"""Dead coordinates: what they hold can go without changing an output."""

import torch
from torch import nn

from shared.models.registry import build
from shared.protocol import Model
from shared.sparsity.silent import is_chain, silent_weights
from shared.training.state import Batch


def test_silent_inputs_and_units_are_found() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)).double()
    with torch.no_grad():
        model[1].weight.fill_(1.0)
        model[1].weight[:, 2] = 10.0  # on an input that no image has
        model[1].bias.zero_()
        model[1].bias[1] = -100  # a unit that never fires
    images = torch.rand(6, 4, dtype=torch.float64)
    images[:, 2] = 0
    found = silent_weights(model, [Batch(images[:3], torch.zeros(3)), Batch(images[3:], torch.zeros(3))])
    first, second = found["1.weight"], found["3.weight"]
    assert (first.entries, first.nonzero) == (3 + 4 - 1, 6)
    assert abs(first.share_of_squares - (3 * 100 + 3) / (3 * 100 + 9)) < 1e-12
    assert second.entries == 2


def test_removing_silent_weights_changes_nothing() -> None:
    model = build(Model(name="lenet5-caffe", width=0.3, channels=1, size=28)).double()
    with torch.no_grad():
        model.conv2.bias -= 1
    images = torch.rand(8, 1, 28, 28, dtype=torch.float64)
    images[..., :6] = 0
    before = model(images)
    found = silent_weights(model, [Batch(images, torch.zeros(8))])
    assert found["conv2.weight"].entries > 0
    assert found["fc1.weight"].entries > 0
    seen: list[torch.Tensor] = []
    model.fc1.register_forward_pre_hook(lambda m, i: seen.append(i[0]))
    model(images)
    dead = ~(seen[0] != 0).any(0)
    with torch.no_grad():
        model.fc1.weight[:, dead] = 0
        model.conv2.weight[dead.view(model.conv2.weight.shape[0], -1).all(1)] = 0
    assert torch.allclose(model(images), before, atol=1e-12)


def test_chains_are_told_from_branches() -> None:
    assert is_chain(build(Model(name="lenet300", width=0.1, channels=1, size=28)))
    assert is_chain(build(Model(name="cifar-vgg19", width=0.1)))
    assert not is_chain(build(Model(name="cifar-resnext", width=0.1, options={"depth": 11, "cardinality": 1})))
    assert not is_chain(build(Model(name="cifar-resnet", width=0.2, options={"depth": 8})))
