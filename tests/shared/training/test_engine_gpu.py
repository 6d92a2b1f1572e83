"""The CUDA path: graph and plain steps agree, nothing waits inside an epoch, and a resumed run is the same run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from shared.training import engine as engine_module
from shared.training.engine import Engine
from shared.training.step import Step

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


class PlainStep:
    """Takes the place of the graphed step and runs everything eagerly."""

    def __init__(self, step: Step, images: object, labels: object) -> None:
        self.step = step

    def draw(self) -> None:
        self.step.draw()

    def invalidate(self, key: object) -> None:
        pass

    def __call__(self, batch: Any) -> None:
        self.step(batch)


def test_graph_and_plain_steps_agree(
    make_engine: Callable[..., Engine], print_of: Callable[[Engine], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    graphed = make_engine(folder="graphed", device="cuda")
    assert graphed.run() == "finished"
    monkeypatch.setattr(engine_module, "GraphedStep", PlainStep)
    plain = make_engine(folder="plain", device="cuda")
    assert plain.run() == "finished"
    assert print_of(graphed) == print_of(plain)


def test_a_resumed_run_is_bit_identical(
    make_engine: Callable[..., Engine], print_of: Callable[[Engine], dict[str, Any]]
) -> None:
    whole = make_engine(folder="whole", device="cuda")
    whole.run()
    first = make_engine(folder="cut", device="cuda", checkpoint_seconds=0.0)

    first.observers.append(_Stop(first, 4))
    with pytest.raises(KeyboardInterrupt):
        first.run()
    second = make_engine(folder="cut", device="cuda")
    assert second.run() == "finished"
    assert print_of(second) == print_of(whole)


def test_no_host_sync_inside_an_epoch(make_engine: Callable[..., Engine]) -> None:
    run = make_engine(device="cuda")
    run.observers.append(_NoSync())
    assert run.run() == "finished"


class _Stop(engine_module.Component):
    def __init__(self, engine: Engine, epoch: int) -> None:
        self.engine, self.epoch = engine, epoch

    def before_epoch(self, state: Any) -> None:
        if state.epoch == self.epoch:
            raise KeyboardInterrupt


class _NoSync(engine_module.Component):
    """From the second step of an epoch to its last, any synchronisation is an error."""

    def draw(self, state: Any) -> None:
        inside = (state.step - 1) % 5 in (1, 2, 3)  # five steps an epoch; the graph is captured in the first epoch
        torch.cuda.set_sync_debug_mode("error" if state.epoch in (2, 4, 6) and inside else "default")
