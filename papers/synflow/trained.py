"""Squared weights of a network in training (Figure 5b): what the report shows of ``imp-conservation``."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from papers.synflow import theory
from papers.synflow.witness import prepared, protocol

if TYPE_CHECKING:
    from torch import Tensor

EPOCHS = 6
"""At demo scale."""


@dataclass(frozen=True)
class Squares:
    """Mean squared weight of each layer, and its inverse size."""

    averages: list[float]
    inverse: list[float]

    @property
    def slope(self) -> float:
        """Of their logarithms; 1 if every layer has the same total."""
        return theory.loglog_slope(self.averages, self.inverse)

    @property
    def spread(self) -> float:
        """Largest over smallest total of a layer."""
        totals = [a / i for a, i in zip(self.averages, self.inverse, strict=True)]
        return max(totals) / min(totals)


def squares(weights: Mapping[str, Tensor]) -> Squares:
    """Of the weights as they are; biases left out, which start at 0."""
    return Squares(*theory.layer_averages({n: w.detach().double().square() for n, w in weights.items() if w.ndim > 1}))


def squared_weights() -> dict[int, Squares]:
    """By epoch, of a dense run of the demo's VGG-11 with the recipe of the paper's networks."""
    from shared.training.engine import Engine
    from shared.training.method import Component
    from shared.training.rundir import RunDirectory
    from shared.training.state import State

    run = protocol("vgg11", epochs=100 * EPOCHS // 4)  # the demo makes 4 of 100
    setup = prepared(run)
    found = {0: squares(dict(setup.model.named_parameters()))}

    class Watch(Component):
        def after_epoch(self, state: State) -> None:
            found[state.epoch] = squares(dict(state.model.named_parameters()))

    with tempfile.TemporaryDirectory() as folder:
        Engine(run, setup, RunDirectory(Path(folder)), observers=[Watch()]).run()
    return found
