"""Weights from an explicit generator: building a network never touches the global one.

A network is constructed without storage (on the meta device, where the framework's own initialisation costs and draws
nothing), then given memory and filled module by module, in module order, weight before bias.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Generator, Tensor, nn

from shared.models.channel_scale import ChannelScale
from shared.sparsity.masks import NORMS, WEIGHTED

Rule = Callable[[nn.Module, Generator], None]
_UNFILLED: ContextVar[bool] = ContextVar("unfilled", default=False)


@contextmanager
def unfilled() -> Iterator[None]:
    """Networks built inside stay on the meta device: names, shapes and counts without memory or time."""
    token = _UNFILLED.set(True)
    try:
        yield
    finally:
        _UNFILLED.reset(token)


def fan_in(weight: Tensor) -> int:
    """Inputs of one output unit: ``[out, in/groups, *kernel]`` -> ``in/groups * prod(kernel)``."""
    return weight[0].numel()


def framework_default(module: nn.Module, generator: Generator) -> None:
    """Fill one module's own parameters as the framework does (flipout sheet, section 2).

    Convolutions and linear layers: weights and biases uniform on +-1/sqrt(fan_in), which is Kaiming-uniform with
    a = sqrt(5). Batch normalisation: gamma 1, beta 0, running mean 0, running variance 1.

    Raises:
        TypeError: if the module has parameters of its own and no rule is known for it.
    """
    if isinstance(module, WEIGHTED):
        bound = 1 / math.sqrt(fan_in(module.weight))
        module.weight.uniform_(-bound, bound, generator=generator)
        if module.bias is not None:
            module.bias.uniform_(-bound, bound, generator=generator)
    elif isinstance(module, NORMS):
        module.reset_parameters()  # constants only: draws nothing
    elif isinstance(module, ChannelScale):
        module.weight.fill_(1)
    elif next(module.parameters(recurse=False), None) is not None:
        raise TypeError(f"no initialisation is defined for {type(module).__name__}")


def kaiming_normal(module: nn.Module, generator: Generator) -> None:
    """Fill one module as torchvision fills DenseNet (flipout sheet, section 2).

    Convolution weights N(0, 2 / fan_in), linear biases 0, the rest as ``framework_default``.
    """
    framework_default(module, generator)
    if isinstance(module, nn.Conv2d):
        module.weight.normal_(0, math.sqrt(2 / fan_in(module.weight)), generator=generator)
    elif isinstance(module, nn.Linear) and module.bias is not None:
        module.bias.zero_()


def fan_in_normal(module: nn.Module, generator: Generator) -> None:
    """Kaiming-normal weights of convolutions and linear layers by fan-in, biases 0 (OpenLTH; synflow sheet, 2.1)."""
    if isinstance(module, WEIGHTED):
        _normal(module, math.sqrt(2) / math.sqrt(fan_in(module.weight)), generator)


def fan_out_normal(module: nn.Module, generator: Generator) -> None:
    """Kaiming-normal convolutions by fan-out, biases 0; linear layers keep what they have (synflow sheet, 2.3)."""
    if isinstance(module, nn.Conv2d):
        _normal(module, math.sqrt(2) / math.sqrt(fan_out(module.weight)), generator)


def vgg_normal(module: nn.Module, generator: Generator) -> None:
    """``fan_out_normal``, and linear layers N(0, 0.01^2) with biases 0 (torchvision's VGG; synflow sheet, 2.4)."""
    fan_out_normal(module, generator)
    if isinstance(module, nn.Linear):
        _normal(module, 0.01, generator)


def vgg_fan_in_normal(module: nn.Module, generator: Generator) -> None:
    """Kaiming-normal convolutions by fan-in, linear layers N(0, 0.01^2), biases 0 (random_tickets sheet, 2.1)."""
    if isinstance(module, nn.Conv2d):
        _normal(module, math.sqrt(2 / fan_in(module.weight)), generator)
    elif isinstance(module, nn.Linear):
        _normal(module, 0.01, generator)


def fan_out(weight: Tensor) -> int:
    """Outputs that one input feeds: ``[out, in, *kernel]`` -> ``out * prod(kernel)``."""
    return weight.shape[0] * weight[0, 0].numel()


def _normal(module: nn.Module, std: float, generator: Generator) -> None:
    assert isinstance(module, WEIGHTED)
    module.weight.normal_(0, std, generator=generator)
    if module.bias is not None:
        module.bias.zero_()


def initialised(
    make: Callable[[], nn.Module],
    generator: Generator | None = None,
    rule: Rule = framework_default,
    *,
    then: Rule | None = None,
) -> nn.Module:
    """Construct a network on the CPU and fill it by ``rule``.

    Args:
        make: constructs the network; called under the meta device.
        generator: a CPU generator; without one, a fresh generator at seed 0 is used.
        rule: fills the parameters and buffers that belong to one module directly.
        then: a second pass over all modules, as in code that re-initialises a network after constructing it; the
            random stream is then the original's (synflow sheet, section 3).

    Returns:
        The network in training mode; equal generator states give bit-equal networks.
    """
    generator = generator if generator is not None else torch.Generator().manual_seed(0)
    with torch.device("meta"):
        network = make()
    if _UNFILLED.get():
        return network
    _give_memory(network)
    with torch.no_grad():
        for module in network.modules():
            rule(module, generator)
        if then is not None:
            for module in network.modules():
                then(module, generator)
    return network


def _give_memory(network: nn.Module) -> None:
    """Storage on the CPU for what lies on the meta device; ``to_empty`` would import SymPy for it."""
    for module in network.modules():
        for name, parameter in module.named_parameters(recurse=False):
            empty = torch.empty(parameter.shape, dtype=parameter.dtype, device="cpu")
            setattr(module, name, nn.Parameter(empty, requires_grad=parameter.requires_grad))
        for name, buffer in module.named_buffers(recurse=False):
            setattr(module, name, torch.empty(buffer.shape, dtype=buffer.dtype, device="cpu"))
