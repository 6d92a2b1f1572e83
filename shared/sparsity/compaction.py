"""From a pruned network to a physically smaller dense one that computes the same function (hoyer sheet 4.8, 4.10).

A channel goes if nobody reads it, or if it is the same number for every image and every reader can do without: it is 0
there, or the number moves into the reader's bias (exact for linear layers and unpadded convolutions). Residual networks
lose a channel of the stream only where every branch and every reader agrees. Repeated until nothing more goes.
"""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from shared.sparsity.accounting import layer_table, macs, parameter_count
from shared.sparsity.channels import Channels, Joint, channels_of
from shared.sparsity.constants import Constant, constants


@torch.no_grad()
def compacted(model: nn.Module) -> nn.Module:
    """A smaller copy of a network that gives the same outputs in evaluation mode; the network itself stays as it is.

    It is worked out on the CPU, and is on the device of the network when it is done.
    """
    device = next(model.parameters()).device
    small = copy.deepcopy(model).eval().cpu()
    while _shrink(small):
        pass
    return small.to(device)


def _shrink(model: nn.Module) -> bool:
    """Remove what can go now; whether anything went."""
    found = channels_of(model)
    known = constants(found)
    plans = [(joint, gone) for joint in found.free() if (gone := _removable(found, joint, known)).any()]
    for joint, gone in plans[:1]:  # one joint at a time: the next ones are read from what is left
        _fold(found, joint, known, gone)
        _cut(found, joint, ~gone)
    return bool(plans)


def _removable(found: Channels, joint: Joint, known: dict[Any, Constant]) -> Tensor:
    """Channels of a joint that every reader can do without; one is left in any case."""
    gone = torch.ones(joint.size, dtype=torch.bool)
    for name, node in joint.consumers:
        reader = found.modules[name]
        assert isinstance(reader, nn.Conv2d | nn.Linear)
        unused = _columns(reader.weight, joint.size) == 0
        constant, value = known.get(node, (torch.zeros_like(unused), torch.zeros(joint.size)))
        constant = constant & ((value == 0) | _foldable(reader))
        gone &= unused | constant
    if gone.all():
        gone[0] = False
    return gone


def _foldable(reader: nn.Conv2d | nn.Linear) -> bool:
    if reader.bias is None:
        return False
    return isinstance(reader, nn.Linear) or not any(p for p in reader.padding if isinstance(p, int))


def _columns(weight: Tensor, size: int) -> Tensor:
    """Sum of absolute weights per input channel; a flattened map has several columns for each."""
    return weight.detach().abs().transpose(0, 1).reshape(size, -1).sum(1)


def _fold(found: Channels, joint: Joint, known: dict[Any, Constant], gone: Tensor) -> None:
    """Move what the channels that go contribute into their readers' biases."""
    for name, node in joint.consumers:
        reader = found.modules[name]
        assert isinstance(reader, nn.Conv2d | nn.Linear)
        if reader.bias is None or node not in known:
            continue
        constant, value = known[node]
        moved = (value * (gone & constant)).to(reader.weight.dtype)
        by_channel = reader.weight.detach().reshape(reader.weight.shape[0], joint.size, -1).sum(2)
        reader.bias += by_channel @ moved


def _cut(found: Channels, joint: Joint, keep: Tensor) -> None:
    """Remove channels from everything that makes, normalises or reads them."""
    for name in dict.fromkeys(joint.producers):
        layer = found.modules[name]
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        layer.weight = _kept(layer.weight, keep, 0)
        layer.bias = None if layer.bias is None else _kept(layer.bias, keep, 0)
        _rename(layer, outputs=int(keep.sum()))
    for name in dict.fromkeys(joint.norms):
        norm = found.modules[name]
        assert isinstance(norm, nn.BatchNorm2d | nn.BatchNorm1d)
        norm.num_features = int(keep.sum())
        if norm.affine:
            norm.weight, norm.bias = _kept(norm.weight, keep, 0), _kept(norm.bias, keep, 0)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        norm.running_mean, norm.running_var = norm.running_mean[keep], norm.running_var[keep]
    for name in dict.fromkeys(n for n, _ in joint.consumers):
        layer = found.modules[name]
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        each = layer.weight.shape[1] // joint.size
        layer.weight = _kept(layer.weight, keep.repeat_interleave(each), 1)
        _rename(layer, inputs=int(keep.sum()) * each)


def _kept(parameter: Tensor, keep: Tensor, axis: int) -> nn.Parameter:
    index = keep.nonzero().reshape(-1)
    return nn.Parameter(parameter.detach().index_select(axis, index).clone(), requires_grad=parameter.requires_grad)


def _rename(layer: nn.Conv2d | nn.Linear, *, inputs: int | None = None, outputs: int | None = None) -> None:
    if isinstance(layer, nn.Conv2d):
        layer.in_channels, layer.out_channels = inputs or layer.in_channels, outputs or layer.out_channels
    else:
        layer.in_features, layer.out_features = inputs or layer.in_features, outputs or layer.out_features


@torch.no_grad()
def largest_difference(model: nn.Module, other: nn.Module, images: Tensor) -> float:
    """Largest absolute difference of the outputs of two networks in evaluation mode, over the largest output."""
    flags = model.training
    model.eval()
    first, second = model(images), other.eval()(images)
    model.train(flags)
    return float((first - second).abs().max() / first.abs().max().clamp_min(1e-12))


@torch.no_grad()
def latencies(models: Sequence[nn.Module], images: Tensor, repeats: int = 20) -> list[float]:
    """Median seconds of one forward pass of each network in evaluation mode, after two to warm up.

    The networks take turns, so that a machine that is busy for a while slows all of them alike.
    """
    flags = [m.training for m in models]
    times: list[list[float]] = [[] for _ in models]
    for _ in range(repeats + 2):
        for model, own in zip(models, times, strict=True):
            model.eval()
            _wait(images)
            started = time.perf_counter()
            model(images)
            _wait(images)
            own.append(time.perf_counter() - started)
    for model, flag in zip(models, flags, strict=True):
        model.train(flag)
    return [statistics.median(own[2:]) for own in times]


def _wait(images: Tensor) -> None:
    if images.is_cuda:
        torch.cuda.synchronize(images.device)


def size_of(model: nn.Module, shape: Sequence[int]) -> dict[str, int]:
    """Parameters and multiply-adds of one sample."""
    return {"parameters": parameter_count(model), "macs": macs(layer_table(model, shape))[0]}
