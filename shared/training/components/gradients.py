"""What happens to gradients between backward and the optimiser (flipout sheet 4.1, steps 4 and 6)."""

from __future__ import annotations

import torch
from torch import Tensor

from shared.training.method import Component
from shared.training.state import State


class MaskGradients(Component):
    """Multiply the gradient of every prunable tensor by its mask."""

    def before_step(self, state: State) -> None:
        """Step 4 of the training step."""
        state.masks.apply_to_gradients()


class FrozenZeros(Component):
    """Multiply gradients by a keep set that the bookkeeping masks do not know (published SNIP, flipout sheet 4.6).

    Noise added after this revives the weights, as in the original (trap T29).
    """

    @torch.no_grad()
    def before_step(self, state: State) -> None:
        """Multiply by the keep set that the pruning phase left in ``state.kept``."""
        for name, parameter in state.masks.parameters.items():
            if parameter.grad is not None:
                parameter.grad.mul_(state.kept[f"frozen/{name}"])


class FreezeZeros(Component):
    """Set the gradient to 0 wherever a prunable weight is exactly 0: there is no mask, a zero is one (hoyer sheet 4.7).

    A weight that becomes exactly 0 for another reason is frozen from then on (trap 19 there).
    """

    def start(self, state: State) -> None:
        """Room for 1 where a weight is not 0: in numbers, as a product with a bool tensor takes five times as long."""
        self.live: list[Tensor] = [torch.empty_like(p, requires_grad=False) for p in state.masks.parameters.values()]

    @torch.no_grad()
    def before_step(self, state: State) -> None:
        """After ``backward``, before the optimiser."""
        for parameter, live in zip(state.masks.parameters.values(), self.live, strict=True):
            if parameter.grad is not None:
                parameter.grad.mul_(torch.ne(parameter, 0, out=live))


class ClipGradientNorm(Component):
    """Scale all gradients by min(1, limit / (norm + 1e-6)), norm = L2 over all parameters together."""

    def __init__(self, limit: float) -> None:
        self.limit = limit

    def before_step(self, state: State) -> None:
        """Step 6 of the training step: after the noise."""
        norm = torch.nn.utils.clip_grad_norm_(state.parameters, self.limit)
        state.signals["gradient-norm"] = {"before": norm}
