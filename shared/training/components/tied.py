"""Training with tied parameters (dsr sheet, sections 4.6 and 4.7)."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from shared.data.loader import EpochLoader
from shared.errors import ReproError
from shared.sparsity.regularisers import kernel_lasso
from shared.sparsity.tying import bank_size, index_map, sum_over_groups
from shared.training.method import Component
from shared.training.state import State


@torch.no_grad()
def tie(state: State, train: EpochLoader, *, conv: float = 0.0, linear: float = 0.0) -> dict[str, Any]:
    """Replace every prunable tensor by an expanded bank of ``round((1 - s) * N)`` values, drawn as the weights were.

    Convolutions N(0, 2/(kh*kw*out)), linear layers uniform on +-1/sqrt(inputs) with the first value 0.

    Args:
        state: the run before training.
        train: unused: no data is looked at.
        conv, linear: sparsity that the bank stands for.

    Returns:
        Bank values per tensor.

    Raises:
        ReproError: if a bank would be empty.
    """
    sizes = []
    for index, (name, parameter) in enumerate(state.masks.parameters.items()):
        n = parameter.numel()
        values = bank_size(n, conv if parameter.ndim == 4 else linear)
        if not values:
            raise ReproError(f"{name} has {n} weights and would be tied to none; lower the sparsity.")
        groups = index_map(state.draws.permutation(n, "tied-order", index=index), values).to(state.device)
        bank = _bank(state, parameter, values, index)
        parameter.copy_(bank[groups].view(parameter.shape))
        state.kept[f"tied/{name}"] = groups
        sizes.append(values)
    return {"values_per_tensor": sizes, "values": sum(sizes)}


def _bank(state: State, parameter: Tensor, values: int, index: int) -> Tensor:
    if parameter.ndim == 4:
        out, _, kh, kw = parameter.shape
        sd = math.sqrt(2 / (kh * kw * out))
        like = torch.empty(values, dtype=parameter.dtype)  # drawn on the CPU, as networks are
        return (sd * state.draws.normal(like, "tied-bank", index=index)).to(state.device)
    bound = 1 / math.sqrt(parameter.shape[1])
    bank = (2 * state.draws.uniform(values, "tied-bank", index=index) - 1) * bound
    bank[0] = 0
    return bank.to(parameter)


class TiedGradients(Component):
    """Give every position the gradient of its bank value: the sum over all positions that use it.

    Args:
        l1: coefficient of ``sum |bank|``.
        kernel_lasso: penalise convolutions on their expanded kernels instead, where repeats count each time.
        rescale: divide the bank gradient by the number of positions per value, ``N / m``, before the step. (The
            published option divided after the step, which has no effect: leave it off for the published behaviour.)
    """

    def __init__(self, l1: float = 0.0, kernel_lasso: bool = False, rescale: bool = False) -> None:
        self.l1, self.grouped, self.rescale = l1, kernel_lasso, rescale
        self.values: dict[str, int] = {}
        self.times: dict[str, Tensor] = {}

    def start(self, state: State) -> None:
        """Read the sizes of the banks that the phase ``tie`` left; an untied tensor is a bank of its own size."""
        for name in state.masks:
            own = torch.arange(state.masks.live[name].numel(), device=state.device)
            groups = state.kept.setdefault(f"tied/{name}", own)
            self.values[name] = int(groups.max()) + 1
            self.times[name] = torch.bincount(groups)[groups].view(state.masks.live[name].shape)

    def penalty(self, state: State) -> Tensor | None:
        """The penalty as a function of the expanded tensors: each position carries its share of the bank value's."""
        if not self.l1:
            return None
        terms = []
        for name, p in state.masks.parameters.items():
            on_kernels = self.grouped and p.ndim == 4
            terms.append(kernel_lasso([p]) if on_kernels else (p.abs() / self.times[name]).sum())
        return self.l1 * torch.stack(terms).sum()

    @torch.no_grad()
    def before_step(self, state: State) -> None:
        """Sum over groups and hand the sums back to the positions."""
        for name, p in state.masks.parameters.items():
            groups, values = state.kept[f"tied/{name}"], self.values[name]
            assert p.grad is not None
            bank = sum_over_groups(p.grad, groups, values)
            if self.rescale:
                bank *= values / groups.numel()
            p.grad.copy_(bank.index_select(0, groups).view(p.shape))
