"""The engine's own step on images of the same shape, without evaluation."""

from __future__ import annotations

import time
from collections.abc import Mapping

import torch

from shared.data.imageset import ImageSet
from shared.data.loader import EpochLoader
from shared.draws import KeyedDraws
from shared.models.registry import build
from shared.protocol import Protocol, Train
from shared.sparsity.masks import Masks, prunable_parameters
from shared.training import components
from shared.training.graph import GraphedStep
from shared.training.layout import layout
from shared.training.optim import build_optimizer
from shared.training.precision import backend, storage_dtype
from shared.training.state import State
from shared.training.step import Step, Totals


class EngineLoop:
    """What ``shared.training.engine`` does in an epoch.

    Args:
        protocol: what is trained; one phase.
        steps: batches after the first, which is trained before the clock starts.
        device: where.
        own: the paper's components.
    """

    def __init__(self, protocol: Protocol, steps: int, device: torch.device, own: Mapping[str, str]) -> None:
        phase = protocol.phases[0]
        assert isinstance(phase, Train)
        model, generator = protocol.model, torch.Generator().manual_seed(0)
        count = (steps + 1) * phase.batch_size
        shape = (count, model.channels, model.size, model.size)
        pixels = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
        labels = torch.randint(0, model.classes, (count,), generator=generator)
        images = ImageSet(pixels, labels, model.classes).to(device)
        draws, dtype = KeyedDraws(0), storage_dtype(protocol.precision)
        network = build(model, generator).to(device=device, dtype=dtype)
        lies = layout(network, device)
        network = network.to(memory_format=lies)
        self.loader = EpochLoader(
            images, protocol.data, draws, phase.batch_size, dtype=dtype, train=True, memory_format=lies
        )
        self.state = State(protocol, network, Masks(prunable_parameters(network, protocol.prunable)), draws, device)
        self.state.phase, self.state.optimizer = phase, build_optimizer(phase.optimizer, self.state.parameters)
        self.method = components.build(phase.methods, own)
        for component in self.method:
            component.start(self.state)
        if phase.methods:  # as after the first pruning, so that masks have something to do
            masks = self.state.masks
            masks.set_flat((torch.rand(masks.total, generator=generator) < 0.5).to(device))
        self.totals = Totals.zeros(device)
        self.step: Step | GraphedStep = Step(self.state, self.method, self.totals)
        if device.type == "cuda":
            example = self.loader.batch(0, 0)
            self.step = GraphedStep(self.step, example.images, example.labels)

    def epoch(self) -> tuple[int, float]:
        """Train one pass; returns the samples trained and the seconds it took, both without the first batch."""
        state = self.state
        state.epoch += 1
        for component in self.method:
            component.before_epoch(state)
        state.model.train()
        self.totals.reset()
        samples, started, settle = 0, 0.0, self.step.settle
        with backend(state.protocol.precision, state.device):
            for i, batch in enumerate(self.loader.epoch(state.epoch)):
                if i == 1:
                    _wait(state.device)
                    started = time.perf_counter()
                state.step += 1
                self.step.draw()
                self.step(batch)
                settle()
                samples += len(batch.labels) if i else 0
            float(self.totals.loss)
            int(self.totals.correct)
            return samples, time.perf_counter() - started


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
