"""Gradients summed over the processes of a run while the backward pass still goes on.

``DistributedDataParallel`` does the same, but regroups its buckets after the first step: the order in which three or
more processes are added up, hence the last bits, would depend on where a run was continued. Buckets here are fixed by
the parameters alone. It also divides by the number of processes, which is wrong for a last batch that does not divide,
and wants to wrap the network whose parameters masks and methods hold by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

BUCKET_BYTES = 25 * 2**20
"""As in ``DistributedDataParallel``: large enough to fill the wire, small enough to begin early."""


class GradientSum:
    """Sums the gradients of some parameters in buckets, from the last parameter to the first, as they become ready.

    All processes must use the parameters in the same way, so that they fill the buckets in the same order.

    Args:
        parameters: in module order.
        bucket_bytes: size at which a bucket is closed.
    """

    def __init__(self, parameters: Sequence[nn.Parameter], bucket_bytes: int = BUCKET_BYTES) -> None:
        self.buckets: list[Bucket] = []
        current: list[nn.Parameter] = []
        for parameter in reversed([p for p in parameters if p.requires_grad]):
            if current and size(current) + size([parameter]) > bucket_bytes:
                self.buckets.append(Bucket(current))
                current = []
            current.append(parameter)
        if current:
            self.buckets.append(Bucket(current))
        self.active, self.next = False, 0
        for bucket in self.buckets:
            for parameter in bucket.parameters:
                parameter.register_post_accumulate_grad_hook(self._ready_in(bucket))

    def begin(self) -> None:
        """Before the backward pass of a step."""
        self.active, self.next = True, 0
        for bucket in self.buckets:
            bucket.missing = len(bucket.parameters)

    def finish(self) -> None:
        """After it: wait for all sums and put them into the gradients."""
        self.active = False
        for bucket in self.buckets[self.next :]:  # those with a parameter that the loss does not depend on
            bucket.send()
        for bucket in self.buckets:
            bucket.receive()

    def _ready_in(self, bucket: Bucket) -> Any:
        def ready(parameter: Tensor) -> None:
            if not self.active:
                return  # a backward pass of a pruning criterion
            bucket.missing -= 1
            while self.next < len(self.buckets) and not self.buckets[self.next].missing:
                self.buckets[self.next].send()
                self.next += 1

        return ready


class Bucket:
    """Parameters whose gradients travel together.

    Args:
        parameters: of one dtype, on one device.
    """

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        self.parameters = [*parameters]
        self.missing = len(self.parameters)
        self.flat = torch.zeros(
            sum(p.numel() for p in self.parameters), dtype=self.parameters[0].dtype, device=self.parameters[0].device
        )
        parts = self.flat.split([p.numel() for p in self.parameters])
        self.views = [part.as_strided(p.shape, p.stride()) for part, p in zip(parts, self.parameters, strict=True)]
        self.work: Any = None

    @torch.no_grad()
    def send(self) -> None:
        """Begin to sum what this process has; a parameter without a gradient counts as 0."""
        there = [(view, p.grad) for view, p in zip(self.views, self.parameters, strict=True) if p.grad is not None]
        if len(there) < len(self.parameters):
            self.flat.zero_()
        if there:
            torch._foreach_copy_([view for view, _ in there], [gradient for _, gradient in there])
        self.work = dist.all_reduce(self.flat, async_op=True)

    @torch.no_grad()
    def receive(self) -> None:
        """Wait for the sum; a parameter without a gradient stays without."""
        self.work.wait()
        there = [(p.grad, view) for view, p in zip(self.views, self.parameters, strict=True) if p.grad is not None]
        if there:
            torch._foreach_copy_([gradient for gradient, _ in there], [view for _, view in there])


def size(parameters: Sequence[nn.Parameter]) -> int:
    """Bytes of some parameters."""
    return sum(p.numel() * p.element_size() for p in parameters)
