"""The random numbers of a network's dropout, keyed like every other draw."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from shared.models.dropout import DrawnDropout
from shared.sparsity.accounting import observe
from shared.training.method import Component
from shared.training.state import State


class Dropout(Component):
    """Fill the noise of every ``DrawnDropout`` before each step."""

    def start(self, state: State) -> None:
        """One buffer for all layers, seen through views ``[batch, C, H, W]``."""
        assert state.phase is not None
        layers: list[tuple[DrawnDropout, torch.Size]] = []

        def note(name: str, module: nn.Module, inputs: Tensor, output: Tensor) -> None:
            assert isinstance(module, DrawnDropout)
            layers.append((module, output.shape[1:]))

        spec = state.protocol.model
        observe(state.model, (spec.channels, spec.size, spec.size), note, (DrawnDropout,))
        batch = state.phase.batch_size
        self.sizes = [batch * shape.numel() for _, shape in layers]
        self.flat = torch.empty(sum(self.sizes), device=state.device)
        for (module, shape), part in zip(layers, self.flat.split(self.sizes), strict=True):
            module.noise = part.view(batch, *shape)

    def draw(self, state: State) -> None:
        """This step's numbers."""
        state.draws.fill_normal(self.flat, self.sizes, "dropout", epoch=state.epoch, step=state.step)
