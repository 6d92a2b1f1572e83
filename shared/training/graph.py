"""A training step recorded once as a CUDA graph and replayed: small networks are no longer bound by launches."""

from __future__ import annotations

import torch
from torch import Tensor

from shared.data.batch import Batch
from shared.training.step import Step

WARM_UP = 3


class GraphedStep:
    """Wraps a ``Step``: full batches are replayed, the rest run eagerly.

    The first steps are taken eagerly (they are real steps) so that lazily created state exists before the capture.

    Args:
        step: the step to record.
        images: an example of a full batch, whose shape, dtype and memory format are kept.
        labels: its labels.
    """

    def __init__(self, step: Step, images: Tensor, labels: Tensor) -> None:
        self.step = step
        self.static = Batch(torch.empty_like(images), torch.empty_like(labels))
        self.graph: torch.cuda.CUDAGraph | None = None
        self.key: tuple[object, ...] = ()
        self.eager_steps = 0

    def draw(self) -> None:
        """See ``Step.draw``."""
        self.step.draw()

    def settle(self) -> None:
        """See ``Step.settle``."""
        self.step.settle()

    def invalidate(self, key: tuple[object, ...]) -> None:
        """Forget the recording if a host value it depends on has changed (learning rate, decay, options)."""
        if key != self.key:
            self.graph, self.key = None, key

    def __call__(self, batch: Batch) -> None:
        """Take a step on the batch."""
        if self.eager_steps < WARM_UP or batch.images.shape != self.static.images.shape:
            self.eager_steps += 1
            self._eager(batch)
            return
        self.static.images.copy_(batch.images)
        self.static.labels.copy_(batch.labels)
        if self.graph is None:
            self._capture()
        assert self.graph is not None
        self.graph.replay()

    def _eager(self, batch: Batch) -> None:
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            self.step(batch)
        torch.cuda.current_stream().wait_stream(stream)

    def _capture(self) -> None:
        optimizer = self.step.state.optimizer
        assert optimizer is not None
        optimizer.zero_grad(set_to_none=True)
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.step(self.static)
        self.graph = graph
