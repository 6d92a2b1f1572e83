"""Weights that no image reaches: on inputs that are never active, or into units that never are (hoyer, trap 8)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from shared.training.state import Batch


@dataclass(frozen=True)
class Silent:
    """Of one weight: entries without effect, those of them that are not 0, and their share of ``sum w^2``."""

    entries: int
    nonzero: int
    share_of_squares: float


def is_chain(model: nn.Module) -> bool:
    """Whether a network is a plain sequence of layers, each feeding the next."""
    return all(isinstance(m, nn.Sequential) or not [*m.children()] for m in model.modules())


@torch.no_grad()
def silent_weights(model: nn.Module, batches: Iterable[Batch]) -> dict[str, Silent]:
    """What dead coordinates hold of each weight of a chain of layers.

    Args:
        model: a chain; each convolution or linear layer feeds the next.
        batches: images that decide what is active; a coordinate is silent if it is 0 for all of them.

    Returns:
        By parameter name. Removing all silent weights changes no output on these images.
    """
    layers = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    active = _active_inputs(model, layers, batches)
    found = {}
    for i, (name, layer) in enumerate(layers):
        rows = layer.weight.shape[0]
        inputs = active[i]
        outputs = torch.ones(rows, dtype=torch.bool, device=inputs.device)
        if i + 1 < len(layers):
            outputs = active[i + 1].view(rows, -1).any(1)
        dead = ~(outputs[:, None] & inputs[None, :])
        dead = dead.view(*dead.shape, *[1] * (layer.weight.ndim - 2)).expand_as(layer.weight)
        squares = layer.weight.detach().double().square()
        total = squares.sum()
        share = float((squares * dead).sum() / total) if total > 0 else 0.0
        found[f"{name}.weight"] = Silent(int(dead.sum()), int(((layer.weight != 0) & dead).sum()), share)
    return found


def _active_inputs(model: nn.Module, layers: Sequence[tuple[str, nn.Module]], batches: Iterable[Batch]) -> list[Tensor]:
    """For each layer, which inputs (columns, channels) are not 0 for some image."""
    seen: dict[nn.Module, Tensor] = {}

    def note(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        x = inputs[0]
        alive = (x != 0).transpose(0, 1).flatten(1).any(1) if x.ndim > 2 else (x != 0).any(0)
        seen[module] = seen[module] | alive if module in seen else alive

    handles = [layer.register_forward_pre_hook(note) for _, layer in layers]
    training = model.training
    model.eval()
    try:
        for batch in batches:
            model(batch.images)
    finally:
        model.train(training)
        for handle in handles:
            handle.remove()
    return [seen[layer] for _, layer in layers]
