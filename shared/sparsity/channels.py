"""Which layers share a set of channels: the joints of a network in evaluation mode, read from its traced graph.

Batch normalisation, activations, pools and dropout keep the channels of their input, a flattened map has a block of
columns for each, additions tie two inputs together, and a convolution or linear layer consumes one set and produces
another. Channels that pass a grouped convolution or a concatenation, the image's and the logits' are fixed: nobody may
remove from them.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn

KEEPING = (nn.ReLU, nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.Identity, nn.Dropout)
KEEPING_CALLS = {"relu", "contiguous", torch.relu, F.relu, F.avg_pool2d, F.max_pool2d, F.adaptive_avg_pool2d}
ADDITIONS = {operator.add, torch.add, operator.iadd}


@dataclass
class Joint:
    """A set of channels.

    Attributes:
        size: how many; 0 while unknown.
        fixed: nothing may be removed.
        producers: layers whose outputs these are.
        norms: batch norms that act on them.
        consumers: layers that read them, with the node that they read.
    """

    size: int = 0
    fixed: bool = False
    producers: list[str] = field(default_factory=list)
    norms: list[str] = field(default_factory=list)
    consumers: list[tuple[str, fx.Node]] = field(default_factory=list)


@dataclass
class Channels:
    """The joints of a network, and the graph they were read from."""

    graph: fx.Graph
    modules: dict[str, nn.Module]
    parents: dict[fx.Node, fx.Node]
    joints: dict[fx.Node, Joint]

    def root(self, node: fx.Node) -> fx.Node:
        """The node that stands for a node's channels."""
        while self.parents[node] is not node:
            node = self.parents[node]
        return node

    def joint(self, node: fx.Node) -> Joint:
        """The channels of a node's value."""
        return self.joints[self.root(node)]

    def free(self) -> Iterator[Joint]:
        """Joints from which channels may go."""
        seen: set[int] = set()
        for node in self.joints:
            joint = self.joint(node)
            if id(joint) not in seen and not joint.fixed and joint.consumers and joint.producers:
                seen.add(id(joint))
                yield joint


def channels_of(model: nn.Module) -> Channels:
    """Trace a network and find its joints; what is not understood is fixed."""
    graph = fx.Tracer().trace(model)
    found = Channels(graph, dict(model.named_modules()), {}, {})
    for node in graph.nodes:
        found.parents[node] = node
        found.joints[node] = Joint()
        _visit(found, node)
    return found


def keeps(node: fx.Node, module: nn.Module | None) -> bool:
    """Whether a value has the channels of the one input, each made of its own and 0 where that is 0.

    Args:
        node: of the traced graph.
        module: what it calls, if it calls one.
    """
    if isinstance(module, nn.Flatten):
        return (module.start_dim, module.end_dim) == (1, -1)
    if module is not None:
        return isinstance(module, KEEPING)
    if node.op not in ("call_method", "call_function"):
        return False
    if node.target in ("flatten", torch.flatten):
        return (_argument(node, 1, "start_dim", 0), _argument(node, 2, "end_dim", -1)) == (1, -1)
    if node.target in ("mean", torch.mean):
        axes = _argument(node, 1, "dim", ())
        return isinstance(axes, tuple | list) and sorted(axis % 4 for axis in axes) == [2, 3]
    return node.target in KEEPING_CALLS


def adds(node: fx.Node) -> bool:
    """Whether a value is the plain sum of two others."""
    two = len(node.all_input_nodes) == 2
    return node.op == "call_function" and node.target in ADDITIONS and two and not node.kwargs


def _argument(node: fx.Node, position: int, name: str, default: Any) -> Any:
    return node.args[position] if len(node.args) > position else node.kwargs.get(name, default)


def _visit(found: Channels, node: fx.Node) -> None:
    inputs = node.all_input_nodes
    module = found.modules[str(node.target)] if node.op == "call_module" else None
    if isinstance(module, nn.Conv2d | nn.Linear):
        _layer(found, node, module)
    elif isinstance(module, nn.BatchNorm2d | nn.BatchNorm1d) and _by_channel(found.joint(inputs[0]), module):
        _tie(found, node, inputs[0])
        found.joint(node).norms.append(str(node.target))
    elif keeps(node, module):
        _tie(found, node, inputs[0])
    elif adds(node):
        _tie(found, node, inputs[0])
        _tie(found, node, inputs[1])
    else:
        _fix(found, [node, *inputs])


def _by_channel(joint: Joint, norm: nn.BatchNorm2d | nn.BatchNorm1d) -> bool:
    """Whether a norm acts on channels, and not on single columns of a flattened map."""
    return joint.size in (0, norm.num_features)


def _layer(found: Channels, node: fx.Node, module: nn.Conv2d | nn.Linear) -> None:
    source = node.all_input_nodes[0]
    found.joint(source).consumers.append((str(node.target), source))
    out = found.joint(node)
    out.producers.append(str(node.target))
    out.size = module.weight.shape[0]
    if isinstance(module, nn.Conv2d) and module.groups > 1:
        _fix(found, [node, source])


def _tie(found: Channels, node: fx.Node, other: fx.Node) -> None:
    a, b = found.root(node), found.root(other)
    if a is b:
        return
    kept, gone = found.joints[b], found.joints[a]
    found.parents[a] = b
    differ = kept.size and gone.size and kept.size != gone.size  # a flattened map and the units of a linear layer
    kept.size = kept.size or gone.size
    kept.fixed |= gone.fixed or bool(differ)
    kept.producers += gone.producers
    kept.norms += gone.norms
    kept.consumers += gone.consumers


def _fix(found: Channels, nodes: list[Any]) -> None:
    for node in nodes:
        found.joint(node).fixed = True
