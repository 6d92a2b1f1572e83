"""Initial weights: the framework's distributions, DenseNet's own, from an explicit generator."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Generator, Tensor, nn

from shared.models.initialise import fan_in, framework_default, initialised, kaiming_normal
from shared.models.registry import build
from shared.protocol import Model
from shared.sparsity.masks import NORMS, WEIGHTED

Published = Callable[[str], Model]


def uniform_to(values: Tensor, bound: float) -> bool:
    """Within +-bound, near it at both ends, mean (to 6 standard errors) and deviation of a uniform variable."""
    n = values.numel()
    reach = bool(values.abs().max() <= bound and values.max() > 0.9 * bound and values.min() < -0.9 * bound)
    se = bound / math.sqrt(3 * n)
    return reach and abs(float(values.mean())) < 6 * se and abs(float(values.std()) * math.sqrt(3) / bound - 1) < 0.05


@pytest.mark.parametrize("name", ["vgg19", "resnet18", "resnet50", "lenet300", "conv6"])
def test_the_framework_default_of_large_tensors(name: str, published: Published) -> None:
    network = build(published(name), Generator().manual_seed(1))
    seen = 0
    for module in network.modules():
        if isinstance(module, WEIGHTED):
            bound = 1 / math.sqrt(fan_in(module.weight))
            for values in (module.weight, module.bias):
                if values is not None:
                    assert values.abs().max() <= bound
                    if values.numel() >= 2000:
                        seen += 1
                        assert uniform_to(values.detach(), bound)
    assert seen >= 2


def test_densenet_has_normal_convolutions_and_no_linear_bias(published: Published) -> None:
    network = build(published("densenet121"), Generator().manual_seed(1))
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            z = module.weight.detach() * math.sqrt(fan_in(module.weight) / 2)
            assert abs(float(z.std()) - 1) < 6 / math.sqrt(2 * z.numel())
            assert z.abs().max() > 2.5  # no uniform variable of unit deviation reaches beyond sqrt(3)
    linear = network.get_submodule("classifier")
    assert isinstance(linear, nn.Linear)
    assert uniform_to(linear.weight.detach(), 1 / 32)
    assert not linear.bias.any()


@pytest.mark.parametrize("name", ["vgg11", "resnet34", "densenet121"])
def test_batch_normalisation_starts_as_the_identity(name: str) -> None:
    norms = [m for m in build(Model(name=name, width=0.1)).modules() if isinstance(m, NORMS)]
    assert norms
    for norm in norms:
        assert (norm.weight == 1).all()
        assert not norm.bias.any()
        assert norm.running_mean is not None
        assert not norm.running_mean.any()
        assert norm.running_var is not None
        assert (norm.running_var == 1).all()
        assert norm.num_batches_tracked is not None
        assert int(norm.num_batches_tracked) == 0


def test_grouped_convolutions_count_their_own_inputs() -> None:
    conv = initialised(lambda: nn.Conv2d(64, 64, 3, groups=32), Generator().manual_seed(3))
    assert isinstance(conv, nn.Conv2d)
    assert uniform_to(conv.weight.detach(), 1 / math.sqrt(2 * 9))


def test_normalisation_without_affine_parameters_is_filled() -> None:
    norm = initialised(lambda: nn.BatchNorm2d(3, affine=False))
    assert torch.equal(norm(torch.ones(2, 3, 1, 1)), torch.zeros(2, 3, 1, 1))


def test_a_network_is_on_the_cpu_in_training_mode_with_gradients() -> None:
    network = build(Model(name="vgg11", width=0.1))
    assert all(m.training for m in network.modules())
    assert all(p.requires_grad and p.device.type == "cpu" for p in network.parameters())


def test_without_a_generator_the_seed_is_zero() -> None:
    model = Model(name="lenet5", channels=1)
    a, b = build(model), build(model, Generator().manual_seed(0))
    assert all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))


@pytest.mark.parametrize("rule", [framework_default, kaiming_normal])
def test_parameters_without_a_rule_are_an_error_not_left_unset(rule: Callable[[nn.Module, Generator], None]) -> None:
    with pytest.raises(TypeError, match="no initialisation is defined for PReLU"):
        initialised(nn.PReLU, rule=rule)
