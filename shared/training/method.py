"""The hooks through which a method acts on training.

The engine calls them in this fixed order in each step: ``draw, zero_grad, forward, loss + penalty, backward,
before_step, optimizer.step, masks.apply, after_step, after_batch``; around an epoch: ``before_epoch``, the steps,
evaluation, ``after_epoch``. A method is a list of components; each hook runs over them in the order of the protocol.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from shared.training.state import State


class Component:
    """A part of a method. Every hook is optional: the default does nothing, and the engine skips it.

    Inside a step no hook may read a value back to the host: that would stall a GPU and break graph capture. Only
    ``draw`` and ``after_batch`` lie outside the captured part.
    """

    def start(self, state: State) -> None:
        """Called once when the phase starts or resumes, before ``load_state_dict``: allocate tensors here."""

    def before_epoch(self, state: State) -> None:
        """Called before the first batch; learning rate and weight decay of the epoch are set here."""

    def draw(self, state: State) -> None:
        """Called before each step, outside a captured CUDA graph: fill buffers with this step's random numbers."""

    def penalty(self, state: State) -> Tensor | None:
        """A scalar added to the mean cross-entropy, or ``None``."""

    def before_step(self, state: State) -> None:
        """Called after ``backward``: gradients may be changed."""

    def after_step(self, state: State) -> None:
        """Called after the optimiser and the masks: weights may be observed or changed."""

    def after_batch(self, state: State) -> None:
        """Called after each step, outside a captured CUDA graph: masks may change and values be read to the host."""

    def after_epoch(self, state: State) -> None:
        """Called after the evaluation of the epoch: pruning and reallocation happen here."""

    def tensors(self) -> dict[str, Tensor]:
        """State to be saved as tensors (they are loaded in place)."""
        return {}

    def plain(self) -> dict[str, Any]:
        """State to be saved as JSON."""
        return {}

    def load_plain(self, values: dict[str, Any]) -> None:
        """Put back what ``plain`` returned."""

    def first_event(self, state: State) -> int | None:
        """First epoch whose ``after_epoch`` changes the run; runs that differ only later share what lies before."""
        return None

    def capture_key(self, state: State) -> tuple[Any, ...]:
        """Host values that the hooks of a step depend on in this epoch; a change re-captures the CUDA graph."""
        return ()


def overrides(component: Component, hook: str) -> bool:
    """Whether a component defines the hook itself."""
    return getattr(type(component), hook) is not getattr(Component, hook)
