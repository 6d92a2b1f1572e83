"""Keeping the scale of the weights while a scale-invariant penalty acts on them (hoyer sheet, trap 7)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from shared.training.method import Component
from shared.training.state import State


class HoldNorm(Component):
    """After every step, scale each weight tensor back to the norm it had when the phase began.

    A scale-invariant penalty cannot see the norm, and its gradient only ever adds to it; without this an optimiser with
    constant step size lets the weights run away. Biases and batch normalisation are left alone, and so is a tensor of
    zeros.
    """

    def start(self, state: State) -> None:
        """Remember the norms."""
        self.weights: list[nn.Parameter] = [p for p in state.parameters if p.ndim > 1]
        self.norms = [p.detach().norm() for p in self.weights]

    @torch.no_grad()
    def after_step(self, state: State) -> None:
        """Scale back; nothing is read by the host."""
        for weight, norm in zip(self.weights, self.norms, strict=True):
            now = weight.norm()
            weight.mul_(torch.where(now > 0, norm / now.clamp_min(torch.finfo(now.dtype).tiny), torch.ones_like(now)))

    def tensors(self) -> dict[str, Tensor]:
        """The norms of the phase's beginning, which a resumed run must not measure again."""
        return {str(i): norm for i, norm in enumerate(self.norms)}
