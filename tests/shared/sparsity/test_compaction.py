"""A compacted network is smaller and computes the same function."""

import pytest
import torch
from torch import nn

from shared.models.registry import build
from shared.protocol import Model
from shared.sparsity.alive import alive
from shared.sparsity.compaction import compacted, largest_difference, latencies, size_of

NETWORKS = [
    (Model(name="lenet300", width=0.2, channels=1, size=28), (1, 28, 28)),
    (Model(name="lenet5-caffe", width=0.4, channels=1, size=28), (1, 28, 28)),
    (Model(name="cifar-resnet", width=0.5, options={"depth": 14}), (3, 32, 32)),
    (Model(name="cifar-preresnet", width=0.5, options={"depth": 11, "block": "bottleneck"}), (3, 32, 32)),
    (Model(name="cifar-vgg19", width=0.125), (3, 32, 32)),
    (Model(name="cifar-alexnet", width=0.125), (3, 32, 32)),
    (Model(name="cifar-resnext", width=0.125, options={"depth": 11, "cardinality": 2}), (3, 32, 32)),
    (Model(name="cifar-densenet", options={"depth": 10}), (3, 32, 32)),
    (Model(name="wide_resnet", width=0.5, options={"depth": 10, "dropout": 0.3}), (3, 32, 32)),
]


def pruned(spec: Model, seed: int) -> nn.Module:
    """A network with used batch norms, some inputs and outputs of each layer zero, biases alive or not."""
    g = torch.Generator().manual_seed(seed)
    model = build(spec, g).double()
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(generator=g)
                module.running_var.uniform_(0.5, 2, generator=g)
                module.bias.normal_(generator=g)
        for name, p in model.named_parameters():
            if p.ndim > 1:
                p[torch.rand(p.shape[0], generator=g) < 0.4] = 0
                p[:, torch.rand(p.shape[1], generator=g) < 0.3] = 0
            elif name.endswith("bias"):
                p[torch.rand(p.shape[0], generator=g) < 0.3] = 0
    return model


@pytest.mark.parametrize(("spec", "shape"), NETWORKS, ids=lambda v: v.name if isinstance(v, Model) else "")
@pytest.mark.parametrize("seed", [0, 1])
def test_the_same_function_in_fewer_weights(spec: Model, shape: tuple[int, ...], seed: int) -> None:
    model = pruned(spec, seed)
    before = {n: p.clone() for n, p in model.state_dict().items()}
    small = compacted(model)
    images = torch.randn(4, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    assert largest_difference(model, small, images) < 1e-11
    dense, left = size_of(model, shape), size_of(small, shape)
    assert left["parameters"] < dense["parameters"]
    assert left["macs"] < dense["macs"]
    assert all(torch.equal(before[n], p) for n, p in model.state_dict().items())


def test_nothing_goes_from_a_dense_network() -> None:
    model = build(Model(name="cifar-resnet", options={"depth": 8}))
    assert size_of(compacted(model), (3, 32, 32)) == size_of(model, (3, 32, 32))


def test_a_chain_keeps_the_units_alive_on_both_sides() -> None:
    """Without biases the hidden units that stay are those with live inputs and live readers."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(6, 8, bias=False), nn.ReLU(), nn.Linear(8, 4, bias=False))
    with torch.no_grad():
        model[1].weight[[0, 1]] = 0
        model[3].weight[:, [1, 4, 6]] = 0
    small = compacted(model)
    assert small[1].weight.shape == (4, 6)
    assert alive(small[1].weight).outputs == alive(small[3].weight).inputs == 4


def test_constant_units_move_into_the_next_bias() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).double()
    with torch.no_grad():
        model[0].weight[2] = 0
        model[0].bias[2] = 0.7
    small = compacted(model)
    assert small[0].weight.shape == (3, 3)
    assert largest_difference(model, small, torch.randn(5, 3, dtype=torch.float64)) < 1e-14


def test_a_network_that_is_pruned_away_keeps_a_channel() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).double()
    with torch.no_grad():
        model[0].weight.zero_()
    small = compacted(model)
    assert small[0].weight.shape == (1, 3)
    assert (
        model(torch.ones(1, 3, dtype=torch.float64)) - small(torch.ones(1, 3, dtype=torch.float64))
    ).abs().max() < 1e-14


def test_latency_is_a_time() -> None:
    model = nn.Linear(3, 2)
    found = latencies([model, nn.Linear(3, 5).eval()], torch.ones(1, 3), repeats=3)
    assert len(found) == 2
    assert min(found) > 0
    assert model.training


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_network_on_a_gpu_is_compacted_there() -> None:
    model = pruned(NETWORKS[1][0], seed=0).cuda()
    small = compacted(model)
    assert next(small.parameters()).is_cuda
    assert next(small.parameters()).numel() < next(model.parameters()).numel()
    assert largest_difference(model, small, torch.rand(2, 1, 28, 28, dtype=torch.float64).cuda()) < 1e-11
