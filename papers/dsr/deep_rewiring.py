"""DeepR as the paper ran it, and as it should be (dsr sheet, section 4.3; original: Bellec et al., 2018).

After every step the active weights whose sign has turned are dropped, and as many grow elsewhere in the same tensor.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from torch import Tensor

from shared.errors import ReproError
from shared.sparsity import growth
from shared.sparsity.masks import fill
from shared.sparsity.positions import replaced
from shared.training.components.masked_weights import keep_dormant
from shared.training.components.tables import in_force
from shared.training.method import Component
from shared.training.state import State

Signs = Literal["stale", "initial", "fixed", "redrawn"]
LASTING = ("fixed", "redrawn")
"""Kinds whose stored signs do not follow the weights."""


def noise_sd(eta: float, temperature: float) -> float:
    """``sqrt(2 * eta * T)``, added to the gradient."""
    return math.sqrt(2 * eta * temperature)


def turned(weights: Tensor, signs: Tensor) -> Tensor:
    """Mark the weights whose sign is opposite to the stored one; a 0 on either side never triggers."""
    return weights.sign() * signs < -0.5


class DeepRewiring(Component):
    """Noise on the gradients of active weights, and a prune-and-grow after every step while ``epoch < stop_epoch``.

    Tensors without a removed weight are left alone.

    Args:
        eta: only scales the noise.
        temperatures, temperature_epochs: table of T; epochs count from 0.
        stop_epoch: first epoch (from 0) without noise and rewiring.
        signs: ``stale``: stored signs that have nothing to do with the initial weights, so that half of them are lost
            at the first step (trap 1, what every published number has); ``initial``: the same rule from the signs of
            the initial values; ``fixed`` (corrected): every position keeps the sign of its initial value for good, and
            a grown weight's momentum is cleared; ``redrawn``: the same, but a grown weight draws a new sign.
    """

    def __init__(
        self,
        eta: float,
        temperatures: list[float],
        temperature_epochs: list[int] | None = None,
        stop_epoch: int | None = None,
        signs: Signs = "stale",
    ) -> None:
        self.eta, self.temperatures, self.epochs = eta, temperatures, temperature_epochs or [0]
        self.stop_epoch, self.kind = stop_epoch, signs
        self.names: list[str] = []
        self.signs: dict[str, Tensor] = {}
        self.flat, self.noise = torch.empty(0), list[Tensor]()
        self.places: list[Tensor] = []
        self.counts: list[list[int]] = []

    def start(self, state: State) -> None:
        """Store the first signs, those of the values under the masks included."""
        keep_dormant(state)
        masks = state.masks
        assert masks.dormant is not None
        self.names = [n for n, left in masks.remaining_per_tensor().items() if left < masks.live[n].numel()]
        for index, (name, dormant) in enumerate(zip(masks, masks.dormant, strict=True)):
            parameter = masks.parameters[name].detach()
            if name not in self.names:
                continue
            if self.kind == "stale":
                drawn = state.draws.uniform(parameter.numel(), "stale-signs", index=index) - 0.5
                self.signs[name] = drawn.sign().view(parameter.shape).to(parameter)
            else:
                self.signs[name] = (parameter + dormant).sign()
        state.signals["signs"] = self.signs
        self.places = [masks.live[name].reshape(-1).nonzero().reshape(-1) for name in self.names]
        if self.names:
            sizes = [len(at) for at in self.places]
            self.flat = torch.empty(sum(sizes), dtype=masks.parameters[self.names[0]].dtype, device=state.device)
            self.noise = list(self.flat.split(sizes))

    def active(self, state: State) -> bool:
        """Whether there is noise and rewiring in this epoch."""
        return bool(self.names) and (self.stop_epoch is None or state.epoch - 1 < self.stop_epoch)

    def sd(self, state: State) -> float:
        """Standard deviation of this epoch's noise."""
        return noise_sd(self.eta, in_force(self.epochs, self.temperatures, state.epoch - 1))

    def draw(self, state: State) -> None:
        """The step's N(0, 1) numbers, one for each active weight in row-major order."""
        if self.active(state):
            sizes = [n.numel() for n in self.noise]
            state.draws.fill_normal(self.flat, sizes, "deep-rewiring-noise", epoch=state.epoch, step=state.step)

    @torch.no_grad()
    def before_step(self, state: State) -> None:
        """Add the masked noise to the gradient, so that it passes through momentum and learning rate."""
        if not self.active(state):
            return
        sd = self.sd(state)
        for name, at, noise in zip(self.names, self.places, self.noise, strict=True):
            gradient = state.masks.parameters[name].grad
            assert gradient is not None
            # a gradient's memory may be laid out otherwise; take row-major positions of what it stands for
            flat = gradient.contiguous().view(-1)
            flat.index_add_(0, at, noise, alpha=sd)
            if flat.data_ptr() != gradient.data_ptr():
                gradient.copy_(flat.view(gradient.shape))

    @torch.no_grad()
    def after_batch(self, state: State) -> None:
        """Drop what has turned, zero what is inactive, grow as many."""
        if not self.active(state):
            return
        masks = state.masks
        assert masks.dormant is not None
        dormant = dict(zip(masks, masks.dormant, strict=True))
        counts = []
        for index, name in enumerate(self.names):
            p, signs, at = masks.parameters[name].detach(), self.signs[name], self.places[index]
            lost = turned(p.reshape(-1).index_select(0, at), signs.reshape(-1).index_select(0, at))
            if self.kind not in LASTING:
                torch.add(p, dormant[name], out=signs).sign_()  # the values under the masks have signs too
            counts.append(self._replace(state, index, lost.nonzero().reshape(-1)))
        torch._foreach_zero_([dormant[name] for name in self.names])
        self.counts.append(counts)

    def _replace(self, state: State, index: int, lost: Tensor) -> int:
        """Remove the active weights with these ranks, and grow as many where none was; how many they are."""
        name, at, k = self.names[index], self.places[index], len(lost)
        if not k:
            return 0
        free = ~state.masks.live[name].reshape(-1)
        available = free.numel() - len(at)
        if k > available:
            raise ReproError(
                f"{name} lost more weights than it has free positions, so DeepR cannot keep their number; "
                "choose a higher sparsity."
            )
        key = {"epoch": state.epoch, "step": state.step, "index": index}
        grown = growth.choose_few(state.draws, free, k, available, "growth", **key)
        state.masks.move(name, at.index_select(0, lost), grown)  # a grown weight starts at 0
        if self.kind in LASTING:
            self._clear_momentum(state, name, grown)
        if self.kind == "redrawn":
            drawn = (state.draws.uniform(k, "regrown-signs", **key) - 0.5).sign()
            signs = self.signs[name]
            signs[torch.unravel_index(grown, signs.shape)] = drawn.to(signs)
        at.copy_(replaced(at, lost, grown))  # in place: a captured CUDA graph keeps reading it
        return k

    def _clear_momentum(self, state: State, name: str, grown: Tensor) -> None:
        assert state.optimizer is not None
        buffer = state.optimizer.state[state.masks.parameters[name]].get("momentum_buffer")
        if buffer is not None:
            fill(buffer, grown, 0)

    def after_epoch(self, state: State) -> None:
        """Hand over how many weights each tensor lost in this epoch, and in its first step."""
        if not self.counts:
            return
        totals = [sum(column) for column in zip(*self.counts, strict=True)]
        remaining = state.masks.remaining_per_tensor()
        event = {"prune": "deep-rewiring", "dropped": totals, "first_step": self.counts[0]}
        state.events.append(event | {"remaining": [*remaining.values()], "before_evaluation": True})
        self.counts = []

    def tensors(self) -> dict[str, Tensor]:
        """The stored signs (which the published checkpoints forget, trap 11)."""
        return self.signs

    def capture_key(self, state: State) -> tuple[Any, ...]:
        """Whether there is noise, and how much, are host values."""
        return (self.active(state), self.sd(state) if self.names else 0.0)
