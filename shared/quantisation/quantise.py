"""Quantise a finished network to eight bits after training (flipout sheet, section 4.11)."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.fx import GraphModule

from shared.errors import ReproError
from shared.protocol import Quantise
from shared.quantisation.batchnorm import replace_batchnorm
from shared.quantisation.observers import check, torchao_part


class Int8Network(nn.Module):
    """A quantised graph behind the usual module interface; it has no training mode."""

    def __init__(self, program: GraphModule) -> None:
        super().__init__()
        self.program = program

    def forward(self, images: Tensor) -> Tensor:
        """Logits ``[B, classes]``, each an integer times the last layer's scale."""
        return self.program(images)

    def train(self, mode: bool = True) -> Int8Network:
        """Do nothing: the graph was exported in evaluation mode and cannot leave it."""
        return self


def quantise(model: nn.Module, calibration_batches: Iterable[Tensor], spec: Quantise) -> Int8Network:
    """A static int8 copy of a network, on the CPU, made with torchao's export-based quantisation.

    The copy stores int8 weights and rounds every activation to uint8, input and logits included. It computes with
    explicit quantise and dequantise steps, so its logits are integers times the last layer's scale. No layers are
    fused; biases and the batch-norm maps stay in float32. Weights that are exactly 0 stay exactly 0.

    Args:
        model: any network made of the operations listed in ``shared.quantisation.graph``; it is not changed.
        calibration_batches: images ``[B, C, H, W]`` (or ``[B, D]``); every batch is seen once, in order, in
            evaluation mode. The order matters for moving averages.
        spec: observers and scheme.

    Returns:
        A module that maps images to logits for any batch size.

    Raises:
        ReproError: torchao is missing; an observer does not exist or does not fit; there is no calibration batch;
            the network has non-finite weights or an operation without a rule.
    """
    check(spec)
    pt2e = torchao_part("quantization.pt2e.quantize_pt2e")
    from shared.quantisation.graph import StaticInt8

    network = float_copy(model)
    batches = iter(calibration_batches)
    first = next(batches, None)
    if first is None:
        raise ReproError("Quantisation needs at least one batch of calibration images; the calibration set is empty.")
    with torch.no_grad():
        observed = pt2e.prepare_pt2e(_exported(replace_batchnorm(network), first), StaticInt8(spec))
        for batch in itertools.chain([first], batches):
            observed(_as_input(batch))
        converted = pt2e.convert_pt2e(observed)
    _drop_unused_tensors(converted)
    return Int8Network(converted).requires_grad_(False)


def float_copy(model: nn.Module) -> nn.Module:
    """A float32 copy of a network on the CPU, in evaluation mode.

    Raises:
        ReproError: a weight is not finite (the run diverged).
    """
    network = copy.deepcopy(model).to(device="cpu", dtype=torch.float32).eval()
    if not all(bool(torch.isfinite(p).all()) for p in network.parameters()):
        raise ReproError("The network has weights that are not finite, so it cannot be quantised; its run diverged.")
    return network


def size_bytes(model: nn.Module) -> int:
    """Bytes of all parameters and buffers of a network (per-tensor scales are constants of the graph, not counted)."""
    return sum(t.numel() * t.element_size() for t in itertools.chain(model.parameters(), model.buffers()))


def _as_input(batch: Tensor) -> Tensor:
    return batch.to(device="cpu", dtype=torch.float32)


def _exported(network: nn.Module, example: Tensor) -> GraphModule:
    """The network as a graph for any batch size; in-place operations become ordinary ones."""
    example = _as_input(example)
    if len(example) == 1:
        example = example.repeat(2, *[1] * (example.dim() - 1))  # a batch of one would be taken for a constant
    program = torch.export.export(network, (example,), dynamic_shapes=({0: torch.export.Dim.DYNAMIC},))
    return program.run_decompositions({}).module()


def _drop_unused_tensors(model: GraphModule) -> None:
    """Delete the float weights that the int8 ones have replaced."""
    used = {node.target for node in model.graph.nodes if node.op == "get_attr"}
    for name in list(model.state_dict()):
        if name not in used:
            owner, _, attribute = name.rpartition(".")
            delattr(model.get_submodule(owner), attribute)
