"""Training of ``mask * S``: what lies under the mask keeps moving (dsr sheet, section 4.0).

The data gradient is masked, but weight decay, momentum and the penalty act on every position of S. The engine's
parameters hold ``mask * S``; the rest of S is dormant beside them (``Masks.keep_dormant``) and joins them for the
optimiser's step. Positions under the mask only matter to methods that unmask them or look at their signs.
"""

from __future__ import annotations

import torch
from torch import Tensor

from shared.sparsity.regularisers import kernel_lasso
from shared.training.method import Component
from shared.training.state import State


def keep_dormant(state: State) -> None:
    """Let the masks keep dormant values, those of a checkpoint or an earlier phase where there are any."""
    if state.masks.dormant is not None:
        return
    names = [f"dormant/{name}" for name in state.masks]
    saved = [state.kept[n] for n in names] if names and names[0] in state.kept else None
    if saved is not None:
        parameters = state.masks.parameters.values()
        saved = [torch.empty_like(p, requires_grad=False).copy_(v) for p, v in zip(parameters, saved, strict=True)]
    dormant = state.masks.keep_dormant(saved)
    state.kept |= dict(zip(names, dormant, strict=True))


class MaskedWeights(Component):
    """Mask the data gradient, then let the optimiser move every position of S.

    Args:
        l1: coefficient of ``sum |S|`` over the prunable tensors, positions under the mask included.
        kernel_lasso: replace the L1 of convolutions by ``sum over kernels of sqrt(sum S^2 + 1e-12)``.
    """

    def __init__(self, l1: float = 0.0, kernel_lasso: bool = False) -> None:
        self.l1, self.grouped = l1, kernel_lasso

    def start(self, state: State) -> None:
        """Bind the dormant values."""
        keep_dormant(state)

    @torch.no_grad()
    def penalty(self, state: State) -> Tensor | None:
        """The value alone: its gradient is added in ``before_step``, where masked positions are not lost."""
        if not self.l1:
            return None
        parameters: list[Tensor] = list(state.masks.parameters.values())
        dormant = state.masks.dormant
        assert dormant is not None
        if self.grouped:
            return self.l1 * kernel_lasso([p + d for p, d in zip(parameters, dormant, strict=True)])
        # On a CPU a norm of order 1 takes five times as long as this.
        sizes = [*torch._foreach_abs(parameters), *torch._foreach_abs(dormant)]
        return self.l1 * torch.stack([s.sum().to(parameters[0].dtype) for s in sizes]).sum()

    @torch.no_grad()
    def before_step(self, state: State) -> None:
        """Gradient of S: masked data gradient plus that of the penalty; then S takes the parameters' place."""
        masks = state.masks
        masks.apply_to_gradients()
        masks.wake()
        if not self.l1:
            return
        parameters: list[Tensor] = list(masks.parameters.values())
        gradients = [p.grad for p in parameters if p.grad is not None]
        if self.grouped:
            with torch.enable_grad():
                leaves = [p.detach().requires_grad_() for p in parameters]
                pulls = list(torch.autograd.grad(kernel_lasso(leaves), leaves))
        else:
            pulls = list(torch._foreach_sign(parameters))
        torch._foreach_add_(gradients, pulls, alpha=self.l1)
