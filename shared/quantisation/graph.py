"""Which results inside a network are rounded to eight bits, and on which grid (flipout sheet, section 4.11).

The rules of the original's module-by-module quantisation, stated for the operations of an exported graph:
results of weighted layers, batch-norm and residual additions get a grid of their own; pooling averages and
concatenations are rounded to the grid of their (first) input, which clips what a concatenation adds to that input's
range, as the original does; everything else leaves the values of a grid on it.

These rules give the integers of the eight-bit kernels exactly, but for averages that fall half-way between two steps.
Imports torchao: import this module inside functions only.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.fx import GraphModule, Node
from torchao.quantization.pt2e.quantizer import (
    DerivedQuantizationSpec,
    QuantizationAnnotation,
    QuantizationSpec,
    Quantizer,
)
from torchao.quantization.pt2e.quantizer.quantizer import Q_ANNOTATION_KEY

from shared.errors import ReproError
from shared.protocol import Quantise
from shared.quantisation.observers import activation_settings, observer_class, weight_settings

aten = torch.ops.aten
WEIGHTED = {aten.conv2d.default, aten.linear.default}
OWN_GRID = WEIGHTED | {aten.addcmul.default, aten.add.Tensor}
INPUT_GRID = {aten.cat.default, aten.avg_pool2d.default, aten.adaptive_avg_pool2d.default, aten.mean.dim}
ON_GRID = {aten.relu.default, aten.max_pool2d.default, aten.view.default, aten.slice.Tensor}
SIZES = {aten.sym_size.int}


class StaticInt8(Quantizer):
    """Tells torchao where to observe and round: weights once, activations by the rules of this module."""

    def __init__(self, spec: Quantise) -> None:
        self.weight = QuantizationSpec(
            observer_or_fake_quant_ctr=observer_class(spec.weight_observer), **weight_settings(spec)
        )
        self.activation = QuantizationSpec(
            observer_or_fake_quant_ctr=observer_class(spec.activation_observer), **activation_settings(spec)
        )

    def annotate(self, model: GraphModule) -> GraphModule:
        """Write the rule of every node into its metadata.

        Raises:
            ReproError: the network holds an operation that none of the rules covers.
        """
        source: dict[Node, Node] = {}  # node -> node whose grid its values lie on
        for node in model.graph.nodes:
            if node.op == "placeholder" or node.target in OWN_GRID:
                source[node] = node
                weights = {node.args[1]: self.weight} if node.target in WEIGHTED else {}
                _annotate(node, self.activation, weights)
            elif node.op != "call_function" or node.target in SIZES:
                continue
            elif node.target in ON_GRID:
                source[node] = source[node.args[0]]
            elif node.target in INPUT_GRID:
                source[node] = source[_first_input(node)]
                _annotate(node, self._same_grid(source[node]))
            else:
                raise ReproError(
                    f"The network contains the operation {node.target}, for which there is no quantisation rule; "
                    "add it to shared/quantisation/graph.py or leave the quantise phase out."
                )
        return model

    def validate(self, model: GraphModule) -> None:
        """Nothing is left to check: ``annotate`` refuses what it does not know."""

    def _same_grid(self, node: Node) -> Any:
        return DerivedQuantizationSpec(
            derived_from=[node],
            derive_qparams_fn=lambda observers: observers[0].calculate_qparams(),
            dtype=self.activation.dtype,
            quant_min=0,
            quant_max=255,
            qscheme=self.activation.qscheme,
        )


def _first_input(node: Node) -> Node:
    first = node.args[0]
    return first if isinstance(first, Node) else first[0]  # type: ignore[index,return-value]


def _annotate(node: Node, output: Any, weights: dict[Any, Any] | None = None) -> None:
    node.meta[Q_ANNOTATION_KEY] = QuantizationAnnotation(
        input_qspec_map=weights or {}, output_qspec=output, _annotated=True
    )
