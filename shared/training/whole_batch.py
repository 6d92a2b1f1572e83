"""Layers whose result depends on the whole batch, for a process that has only some of its rows.

Batch normalisation takes its statistics over the rows of all processes, forward and backward, so that a run is the same
on any number of them. (``torch.nn.SyncBatchNorm`` computes the same, on accelerators only, and is no ``BatchNorm2d``,
which pruning looks for.) Dropout draws for the whole batch and uses its rows.

Outside a training step, as in scoring a pruning criterion on a full batch, the layers are ordinary ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from shared.errors import ReproError
from shared.models.dropout import DrawnDropout
from shared.training.state import Batch
from shared.training.world import World


@dataclass
class Rows:
    """Which rows of a batch are being trained on; ``whole`` is 0 outside a training step."""

    world: World
    first: int = 0
    whole: int = 0

    def __deepcopy__(self, memo: dict[int, Any]) -> Rows:
        """A copy of a network is not part of the step."""
        return Rows(self.world)


class OverProcesses(nn.modules.batchnorm._BatchNorm):
    """Batch normalisation whose statistics are those of all processes while it trains."""

    rows: Rows

    def forward(self, input: Tensor) -> Tensor:
        """Same shape.

        Raises:
            ValueError: for a batch with one value per channel, as the ordinary layer does.
        """
        if not self.training or not self.rows.whole or self.running_mean is None or self.running_var is None:
            return super().forward(input)
        total = self.rows.whole * input.shape[2:].numel()
        if total == 1:
            raise ValueError(f"Expected more than 1 value per channel when training, got input size {input.shape}")
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        factor = 1.0 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        mean, variance = statistics(input.detach(), self.rows.world)
        with torch.no_grad():
            self.running_mean.lerp_(mean.to(self.running_mean), factor)
            self.running_var.lerp_((variance * (total / (total - 1))).to(self.running_var), factor)
        out: Tensor = Normalise.apply(input, self.weight, self.bias, mean, variance, self.eps, total, self.rows.world)
        return out


class NormOverProcesses(OverProcesses, nn.BatchNorm2d):
    """For ``[B, C, H, W]``."""


class NormOverProcesses1d(OverProcesses, nn.BatchNorm1d):
    """For ``[B, C]`` and ``[B, C, L]``."""


class DropoutOfWholeBatch(nn.Dropout):
    """Dropout that draws for the whole batch, in the order in which a CPU draws for it."""

    rows: Rows

    def forward(self, input: Tensor) -> Tensor:
        """Same shape."""
        if not self.training or not self.rows.whole or not self.p:
            return super().forward(input)
        kept = torch.empty((self.rows.whole, *input.shape[1:]), dtype=input.dtype, device=input.device)
        kept.bernoulli_(1 - self.p).div_(1 - self.p)
        return input * kept[self.rows.first : self.rows.first + len(input)]


class DrawnForWholeBatch(DrawnDropout):
    """Dropout whose numbers are handed in for the whole batch."""

    rows: Rows

    def forward(self, x: Tensor) -> Tensor:
        """Same shape."""
        if self.noise is None or not self.rows.whole:
            return super().forward(x)
        whole, self.noise = self.noise, self.noise[self.rows.first :]
        try:
            return super().forward(x)
        finally:
            self.noise = whole


ORDINARY: dict[type[nn.Module], type[nn.Module]] = {
    nn.BatchNorm2d: NormOverProcesses,
    nn.BatchNorm1d: NormOverProcesses1d,
    nn.Dropout: DropoutOfWholeBatch,
    DrawnDropout: DrawnForWholeBatch,
}


def spread(model: nn.Module, world: World) -> Rows:
    """Let the layers of a network see the whole batch; their parameters, names and base classes stay.

    Raises:
        ReproError: for a layer that draws or normalises in a way that is not provided for.
    """
    rows = Rows(world)
    for name, module in model.named_modules():
        if type(module) in ORDINARY:
            module.__class__ = ORDINARY[type(module)]
            module.rows = rows
        elif isinstance(module, nn.modules.batchnorm._BatchNorm | nn.modules.dropout._DropoutNd):
            raise ReproError(
                f"{name} is a {type(module).__name__}, which cannot be trained by several processes; "
                "start one process without torchrun."
            )
    return rows


@contextmanager
def training_on(rows: Rows, batch: Batch) -> Iterator[None]:
    """The step over a batch, or over this process's rows of one."""
    rows.first, rows.whole = batch.first, batch.whole or len(batch.labels)
    try:
        yield
    finally:
        rows.first = rows.whole = 0


def statistics(x: Tensor, world: World) -> tuple[Tensor, Tensor]:
    """Mean and biased variance ``[C]`` of ``[B, C, ...]`` over the rows of all processes.

    From the means and squared deviations of the processes, not from sums of squares, which cancel.
    """
    over = [d for d in range(x.ndim) if d != 1]
    channels, count = x.shape[1], x.numel() // x.shape[1]
    exact = x if x.dtype == torch.float64 else x.float()
    if count:
        variance, mean = torch.var_mean(exact, over, correction=0)
    else:
        variance = mean = exact.new_zeros(channels)
    rows = world.gathered(torch.cat([mean, variance, mean.new_full((1,), float(count))]))
    means, variances, counts = rows[:, :channels], rows[:, channels:-1], rows[:, -1:]
    shares = counts / counts.sum()
    last = means[-1]  # the last process always has rows; where all means are equal the result is exactly theirs
    mean = last + (shares * (means - last)).sum(0)
    return mean, (shares * (variances + (means - mean).square())).sum(0)


class Normalise(torch.autograd.Function):
    """``weight * (x - mean) / sqrt(variance + eps) + bias`` with mean and variance functions of the ``x`` of all.

    The gradients of weight and bias are this process's shares, which are summed as all gradients are.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor | None,
        bias: Tensor | None,
        mean: Tensor,
        variance: Tensor,
        eps: float,
        total: int,
        world: World,
    ) -> Tensor:
        """Same shape and dtype as ``x``."""
        ctx.save_for_backward(x, weight, mean, variance)
        ctx.eps, ctx.total, ctx.world = eps, total, world
        return torch.nn.functional.batch_norm(x, mean, variance, weight, bias, False, 0.0, eps)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """With g the gradient and z the normalised x: ``weight/sd * (g - mean(g) - z * mean(g z))``, means over all."""
        (g,) = gradients
        x, weight, mean, variance = ctx.saved_tensors
        per_channel = (1, -1, *[1] * (x.ndim - 2))
        over = [d for d in range(x.ndim) if d != 1]
        inverse = (variance + ctx.eps).rsqrt()
        wide = g.to(mean.dtype)
        z = (x.to(mean.dtype) - mean.view(per_channel)) * inverse.view(per_channel)
        sums = torch.stack([wide.sum(over), (wide * z).sum(over)])
        own = sums.clone()
        ctx.world.add_(sums)
        about, along = sums / ctx.total
        scale = inverse if weight is None else inverse * weight
        gx = scale.view(per_channel) * (wide - about.view(per_channel) - z * along.view(per_channel))
        gw, gb = (None, None) if weight is None else (own[1].to(weight), own[0].to(weight))
        return gx.to(x.dtype), gw, gb, None, None, None, None, None
