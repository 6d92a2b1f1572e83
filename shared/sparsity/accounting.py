"""Weights and multiply-adds of each prunable tensor, as exact integers (flipout sheet, sections 2 and 4.12)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from shared.sparsity.masks import NORMS, WEIGHTED, Masks, prunable_parameters

Observer = Callable[[str, nn.Module, Tensor, Tensor], None]


@dataclass(frozen=True)
class Layer:
    """One prunable tensor.

    Attributes:
        name: of the parameter, e.g. ``features.0.weight``.
        shape: of the parameter.
        total: entries.
        remaining: live entries.
        positions: output positions of its layer for one sample: height x width of a convolution's map, 1 for a linear
            layer on a vector; summed over the calls of a layer that runs several times, 0 for one that never runs.
        macs_dense: multiply-adds of one sample with every entry live: ``total * positions`` for the weight of a
            convolution (whatever its groups) or linear layer, 0 for biases and batch normalisation.
        macs_sparse: the same with the live entries only.
    """

    name: str
    shape: tuple[int, ...]
    total: int
    remaining: int
    positions: int
    macs_dense: int
    macs_sparse: int

    @property
    def sparsity(self) -> float:
        """Fraction of the entries that are removed."""
        return 1 - self.remaining / self.total


def parameter_count(model: nn.Module) -> int:
    """All trainable and fixed parameters, prunable or not; buffers are not counted."""
    return sum(p.numel() for p in model.parameters())


def layer_table(
    model: nn.Module, input_shape: Sequence[int], masks: Masks | Mapping[str, Tensor] | None = None
) -> list[Layer]:
    """The prunable tensors in index order, with their weights and multiply-adds.

    Args:
        model: any network; neither its parameters, its buffers nor its training flags change.
        input_shape: of one sample, e.g. ``(3, 32, 32)``.
        masks: the masks of a run, or bool tensors by parameter name (``True`` is live); ``None``: the weights of all
            convolutions and linear layers, all live.

    Raises:
        KeyError: if a mask belongs to no parameter of the model.
    """
    positions = output_positions(model, input_shape)
    live = masks.live if isinstance(masks, Masks) else masks
    parameters = dict(model.named_parameters(remove_duplicate=False))
    table = []
    for name in prunable_parameters(model) if live is None else live:
        path, _, kind = name.rpartition(".")
        total = parameters[name].numel()
        remaining = total if live is None else int(live[name].sum())
        multiplies = kind == "weight" and isinstance(model.get_submodule(path), WEIGHTED)
        each = positions[path] if multiplies else 0
        table.append(
            Layer(
                name=name,
                shape=tuple(parameters[name].shape),
                total=total,
                remaining=remaining,
                positions=positions[path],
                macs_dense=total * each,
                macs_sparse=remaining * each,
            )
        )
    return table


def macs(table: Iterable[Layer]) -> tuple[int, int]:
    """Multiply-adds of one sample over all rows: ``(dense, sparse)``."""
    rows = list(table)
    return sum(r.macs_dense for r in rows), sum(r.macs_sparse for r in rows)


def output_positions(model: nn.Module, input_shape: Sequence[int]) -> Counter[str]:
    """Output positions of one sample, by module name, of every layer that ran; 0 for any other name."""
    found: Counter[str] = Counter()

    def count(name: str, module: nn.Module, inputs: Tensor, output: Tensor) -> None:
        channels = output.shape[-1] if isinstance(module, nn.Linear) else output.shape[1]
        found[name] += math.prod(output.shape) // channels

    observe(model, input_shape, count)
    return found


def observe(
    model: nn.Module,
    input_shape: Sequence[int],
    observer: Observer,
    kinds: tuple[type[nn.Module], ...] = WEIGHTED + NORMS,
) -> None:
    """Run one sample's shapes through the network and report each call of a convolution, linear or norm layer.

    Everything is on the meta device: nothing is computed, so it is as fast for a large network on a GPU as for a small
    one. The network itself is not moved, and its training flags are put back.

    Args:
        model: the network.
        input_shape: of one sample.
        observer: called with module name, module, input and output (batch of 1), in the order of execution.
        kinds: the layers to report.
    """
    handles = []
    for name, module in model.named_modules():
        if isinstance(module, kinds):

            def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor, name: str = name) -> None:
                observer(name, module, inputs[0], output)

            handles.append(module.register_forward_hook(hook))
    tensors = [*model.named_parameters(), *model.named_buffers()]
    shadow = {name: torch.empty_like(t, device="meta") for name, t in tensors}
    dtype = next((p.dtype for p in model.parameters()), torch.get_default_dtype())
    sample = torch.empty(1, *input_shape, device="meta", dtype=dtype)
    try:
        with evaluating(model), torch.no_grad():
            torch.func.functional_call(model, shadow, (sample,))
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode inside; every module's own training flag is put back at the end."""
    flags = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, flag in flags.items():
            module.training = flag
