"""Gradient noise relative to the gradient's own size (flipout sheet 4.4)."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from shared.sparsity.noise import add_noise_
from shared.training.fuse import fused
from shared.training.method import Component
from shared.training.state import State


class GradientNoise(Component):
    """``g_t += s * ||g_t|| / sqrt(numel(t)) * eps`` on every noisy tensor, then the masks again.

    Args:
        scale: s, called lambda in the paper.
        stop_epoch: noise only while ``epoch < stop_epoch``.
        prunable_only: restrict the noise to prunable tensors; by default all parameters get it (trap T14).
        mode: one sigma per tensor, or (historical) one from the concatenated gradient.
        scale_by_lr: historical: multiply sigma by initial over current learning rate.
    """

    def __init__(
        self,
        scale: float = 1.0,
        stop_epoch: int | None = None,
        prunable_only: bool = False,
        mode: Literal["per-tensor", "global"] = "per-tensor",
        scale_by_lr: bool = False,
    ) -> None:
        self.scale, self.stop_epoch, self.prunable_only = scale, stop_epoch, prunable_only
        self.mode, self.scale_by_lr = mode, scale_by_lr
        self.noisy: list[nn.Parameter] = []
        self.flat = torch.empty(0)
        self.noise: list[Tensor] = []

    def start(self, state: State) -> None:
        """One buffer for all draws of a step, seen through views with the layout of the parameters."""
        self.noisy = [*state.masks.parameters.values()] if self.prunable_only else state.parameters
        sizes = [p.numel() for p in self.noisy]
        self.flat = torch.empty(sum(sizes), dtype=self.noisy[0].dtype, device=state.device)
        self.add = fused(add_noise_, state.device)
        self.consume = state.device.type == "cpu"  # a captured graph draws into the buffer and leaves it
        parts = self.flat.split(sizes)
        self.noise = [part.as_strided(p.shape, p.stride()) for part, p in zip(parts, self.noisy, strict=True)]

    def active(self, state: State) -> bool:
        """Whether there is noise in this epoch."""
        return bool(self.scale) and (self.stop_epoch is None or state.epoch < self.stop_epoch)

    def draw(self, state: State) -> None:
        """The step's N(0, 1) numbers."""
        if self.active(state):
            sizes = [p.numel() for p in self.noisy]
            state.draws.fill_normal(self.flat, sizes, "gradient-noise", epoch=state.epoch, step=state.step)

    @torch.no_grad()
    def before_step(self, state: State) -> None:
        """Add the noise, then mask the prunable gradients again."""
        if not self.active(state):
            return
        gradients = [p.grad for p in self.noisy if p.grad is not None]
        noise = [e for e, p in zip(self.noise, self.noisy, strict=True) if p.grad is not None]
        self.add(gradients, noise, self._factor(state), together=self.mode == "global", consume=self.consume)
        state.masks.apply_to_gradients()

    def _factor(self, state: State) -> float:
        if not self.scale_by_lr:
            return self.scale
        assert state.phase is not None
        assert state.optimizer is not None
        return self.scale * state.phase.optimizer.lr / float(state.optimizer.param_groups[0]["lr"])

    def capture_key(self, state: State) -> tuple[Any, ...]:
        """Whether noise is on, and its scale, are host values."""
        return (self.active(state), self._factor(state))
