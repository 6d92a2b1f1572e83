"""What passes through the units of a network whose values are absolute, and which layers read them.

Found from the graph of one forward pass, so that it holds for any network: a layer reads another if the path between
them meets no third layer with weights. Shortcuts show as layers that read several, or as outputs read by a sum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class Passage:
    """One pass of an image of ones.

    Attributes:
        through: ``y dR/dy`` of each unit, summed over positions, by the layer's weight ``[units]``.
        readers: layers that read a layer's output; of those outputs alone that nothing else reads, neither a sum with a
            shortcut nor the end of the network.
    """

    through: Mapping[str, Tensor]
    readers: Mapping[str, tuple[str, ...]]


def passage(model: nn.Module, weights: Mapping[str, Tensor], shape: Sequence[int]) -> Passage:
    """Run the absolute-valued network on an image of ones, in float64.

    Args:
        model: the network, in evaluation mode; nothing of it changes.
        weights: its prunable tensors by name.
        shape: of one image.
    """
    import torch
    from torch.func import functional_call

    from shared.sparsity.synflow import absolute_network

    state = absolute_network(model, weights, None, torch.float64)
    outputs: dict[str, Tensor] = {}
    inputs: dict[str, Any] = {}
    nodes: dict[Any, str] = {}

    def keep(name: str, module: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
        outputs[name], inputs[name], nodes[output.grad_fn] = output, given[0].grad_fn, name

    modules = dict(model.named_modules())
    hooks = [modules[n.rpartition(".")[0]].register_forward_hook(partial(keep, n)) for n in weights]
    try:
        ones = torch.ones(1, *shape, dtype=torch.float64, requires_grad=True)
        total = functional_call(model, state, (ones,)).sum()
    finally:
        for hook in hooks:
            hook.remove()
    sources = {name: _sources(node, nodes) for name, node in inputs.items()}
    mixed = {s for found in sources.values() if len(found) > 1 for s in found} | _sources(total.grad_fn, nodes)
    readers = {
        name: tuple(reader for reader, found in sources.items() if found == {name})
        for name in outputs
        if name not in mixed
    }
    slopes = torch.autograd.grad(total, list(outputs.values()))
    through = {
        name: (y * slope).detach().transpose(0, 1).flatten(1).sum(1)
        for (name, y), slope in zip(outputs.items(), slopes, strict=True)
    }
    return Passage(through, readers)


def _sources(node: Any, nodes: Mapping[Any, str]) -> set[str]:
    """The layers whose outputs a value is made of, looking back no further than them."""
    found: set[str] = set()
    seen, waiting = set(), [node]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if node in nodes:
            found.add(nodes[node])
        else:
            waiting += [above for above, _ in node.next_functions]
    return found
