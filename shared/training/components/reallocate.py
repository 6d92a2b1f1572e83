"""Prune and grow while training: dynamic sparse reparameterisation and sparse evolutionary training.

One event drops units of low magnitude, zeroes everything inactive and grows as many units elsewhere at value 0. The
methods differ in the score to drop by (a global adaptive threshold, or a fraction of each tensor) and in what is grown
where (in proportion to the survivors of each tensor, or where it was lost). Momentum buffers are not touched, unless
growth follows the gradient.

Source: dsr sheet, sections 4.1, 4.2, 4.10 and 4.11.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from torch import Tensor

from shared.sparsity import growth, reallocation, rigl
from shared.sparsity.units import Granularity, live_units, of_units, unit_scores
from shared.training.components.events import Clock
from shared.training.components.masked_weights import keep_dormant
from shared.training.method import Component
from shared.training.state import State

Allocation = Literal["published", "exact", "within", "within-exact"]


class Reallocation(Component):
    """Reallocate units at the events of a clock.

    Args:
        period_epochs, periods, stop_epoch: when (see ``Clock``).
        target: units to reallocate at each event, which the threshold is steered to (threshold mode).
        threshold: initial H.
        exact_count: drop exactly ``target`` units, those of lowest score; the logged H is the highest among them.
        fraction: drop this fraction of each tensor instead of using a threshold.
        extra: units dropped beside the fraction (1 in the later generation of the published code, 0 in the earlier).
        allocation: ``published`` shares with rounding remainders drawn at random; ``exact`` conservation with regard to
            free capacity; ``within`` the tensor that lost them, as far as it has room (what a full one drops is lost
            for good, sheet 4.2); ``within-exact`` the same, but a tensor drops no more than it has room to grow.
        spare: which unit survives where a tensor would be emptied (threshold mode).
        granularity: units of convolutions.
        new: value of grown units: ``zero``, or ``random`` (all inactive positions are redrawn at every event).
        grow: which free units: at ``random``, or those of the largest mean absolute ``gradient`` (RigL's rule, outside
            the paper; sheet 4.16). A unit just dropped may then grow again and keeps its weights and momentum; all
            others start without momentum. The dense gradient is read before others mask it: this component then comes
            before them.
    """

    def __init__(
        self,
        periods: list[int],
        period_epochs: list[int] | None = None,
        stop_epoch: int | None = None,
        target: int | None = None,
        threshold: float = 1e-3,
        exact_count: bool = False,
        fraction: float | None = None,
        extra: int = 1,
        allocation: Allocation = "published",
        spare: reallocation.Spare = "first",
        granularity: Granularity = "weight",
        new: Literal["zero", "random"] = "zero",
        grow: Literal["random", "gradient"] = "random",
    ) -> None:
        if (target is None) == (fraction is None):
            raise TypeError("give either target (adaptive threshold) or fraction")
        self.clock = Clock(period_epochs or [0], periods, stop_epoch)
        self.target, self.threshold, self.exact_count = target, threshold, exact_count
        self.fraction, self.extra, self.allocation, self.spare = fraction, extra, allocation, spare
        self.granularity, self.new, self.grow = granularity, new, grow
        self.gradients: list[Tensor] = []
        self.iteration, self.log = 0, Log()
        self.explored: dict[str, Tensor] = {}

    def start(self, state: State) -> None:
        """Remember which positions were ever live."""
        keep_dormant(state)
        self.explored = {f"explored/{n}": m.clone() for n, m in state.masks.live.items()}
        if self.grow == "gradient":
            self.gradients = [torch.zeros_like(p, requires_grad=False) for p in state.masks.parameters.values()]

    def before_step(self, state: State) -> None:
        """Keep the dense gradient of the step, if growth looks at it."""
        if self.gradients:
            dense = [p.grad for p in state.masks.parameters.values() if p.grad is not None]
            torch._foreach_copy_(self.gradients, dense)

    def after_batch(self, state: State) -> None:
        """An event, if one is due."""
        if self.clock.due(self.iteration, state.epoch - 1):
            self.event(state)
        self.iteration += 1

    @torch.no_grad()
    def event(self, state: State) -> None:
        """Prune, grow, and adapt the threshold."""
        masks = state.masks
        live = [live_units(m, self.granularity) for m in masks.live.values()]
        scores = [unit_scores(p, self.granularity) for p in masks.parameters.values()]
        dropped = self._drop(scores, live)
        if self.allocation == "within-exact" and self.grow == "random":  # by gradient, what was dropped may come back
            dropped = [growth.replaceable(*units) for units in zip(scores, dropped, live, strict=True)]
        survivors = [m & ~d for m, d in zip(live, dropped, strict=True)]
        k, r = [int(d.sum()) for d in dropped], [int(s.sum()) for s in survivors]
        by_gradient = self.grow == "gradient"
        free = [~s for s in survivors] if by_gradient else [~m for m in live]
        grown, passes = self._allocate(state, r, k, [int(f.sum()) for f in free])
        new = [self._grown(state, i, f, n) for i, (f, n) in enumerate(zip(free, grown, strict=True))]
        self._clear(state, [s | (n & m) for s, n, m in zip(survivors, new, live, strict=True)])
        if by_gradient:
            self._forget_momentum(state, [n & ~m for n, m in zip(new, live, strict=True)])
        after = zip(masks.live.items(), survivors, new, strict=True)
        masks.set({name: of_units(s | n, mask.shape) for (name, mask), s, n in after})
        for name, mask in masks.live.items():
            self.explored[f"explored/{name}"] |= mask
        used = self.threshold
        if self.target is not None and not self.exact_count:
            self.threshold = reallocation.adapted(self.threshold, sum(k), self.target)
        self.log.add(step=self.iteration, dropped=k, survivors=r, grown=grown, passes=passes, threshold=used)

    def _grown(self, state: State, index: int, free: Tensor, k: int) -> Tensor:
        if self.grow == "gradient":
            return rigl.grown(unit_scores(self.gradients[index], self.granularity), ~free, k)
        key = {"epoch": state.epoch, "step": state.step, "index": index}
        return growth.choose_free(state.draws, free, k, "growth", **key)

    def _drop(self, scores: list[Tensor], live: list[Tensor]) -> list[Tensor]:
        if self.fraction is not None:
            counts = [reallocation.fraction_count(int(m.sum()), self.fraction, self.extra) for m in live]
            return [reallocation.smallest(s, m, k) for s, m, k in zip(scores, live, counts, strict=True)]
        if self.exact_count:
            assert self.target is not None
            dropped, self.threshold = reallocation.exactly(scores, live, self.target, self.spare)
            return dropped
        pairs = zip(scores, live, strict=True)
        return [reallocation.below_threshold(s, m, self.threshold, self.spare) for s, m in pairs]

    def _allocate(self, state: State, r: list[int], k: list[int], free: list[int]) -> tuple[list[int], int]:
        if self.allocation in ("within", "within-exact"):
            return growth.within_tensor(k, free), 1
        if self.allocation == "exact":
            return growth.proportional_exact(r, sum(k), free), 1
        drawn = 0

        def draw_layer() -> int:
            nonlocal drawn
            drawn += 1
            at = {"epoch": state.epoch, "step": state.step, "index": drawn}
            return int(state.draws.uniform(1, "remainder", **at) * len(r))

        passes = growth.proportional_published(r, k, free, draw_layer)
        return [sum(got[i] for _, got in passes) for i in range(len(r))], len(passes)

    def _clear(self, state: State, survivors: list[Tensor]) -> None:
        """Set everything that did not survive to 0 or to a new random value, under the mask too."""
        masks = state.masks
        masks.wake()
        for index, (p, alive) in enumerate(zip(masks.parameters.values(), survivors, strict=True)):
            gone = ~of_units(alive, p.shape)
            if self.new == "zero":
                p.masked_fill_(gone, 0.0)
                continue
            like = torch.empty(int(gone.sum()), dtype=p.dtype, device=p.device)
            key = {"epoch": state.epoch, "step": state.step, "index": index}
            p[gone] = new_weight_sd(p.shape) * state.draws.normal(like, "new-weights", **key)

    def _forget_momentum(self, state: State, units: list[Tensor]) -> None:
        if state.optimizer is None:
            return
        for p, new in zip(state.masks.parameters.values(), units, strict=True):
            buffer = state.optimizer.state[p].get("momentum_buffer")
            if buffer is not None:
                buffer.masked_fill_(of_units(new, p.shape), 0.0)

    def after_epoch(self, state: State) -> None:
        """Hand over what happened in this epoch's events."""
        if not self.log.events:
            return
        remaining = state.masks.remaining_per_tensor()
        explored = sum(int(e.sum()) for e in self.explored.values()) / state.masks.total
        state.events.append(
            self.log.take() | {"explored": explored, "remaining": [*remaining.values()], "before_evaluation": True}
        )

    def tensors(self) -> dict[str, Tensor]:
        """Positions that were ever live."""
        return self.explored

    def plain(self) -> dict[str, Any]:
        """Iteration and threshold (which the published checkpoints forget, trap 11)."""
        return {"iteration": self.iteration, "threshold": self.threshold}

    def load_plain(self, values: dict[str, Any]) -> None:
        """Put both back."""
        self.iteration, self.threshold = values["iteration"], values["threshold"]


class Log:
    """The events since the last epoch's end, as columns."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def add(self, **event: Any) -> None:
        """One event."""
        self.events.append(event)

    def take(self) -> dict[str, Any]:
        """The columns of all events, which are forgotten; ``before`` and ``after`` count dropped and grown units."""
        columns = {key: [e[key] for e in self.events] for key in self.events[0]}
        self.events = []
        return {"prune": "reallocation", **columns}


def new_weight_sd(shape: torch.Size) -> float:
    """Standard deviation of redrawn weights: ``sqrt(2 / (out * kh * kw))``, linear ``1 / sqrt(in)`` (sheet 4.11)."""
    if len(shape) == 4:
        return math.sqrt(2 / (shape[0] * shape[2] * shape[3]))
    return 1 / math.sqrt(shape[1])
