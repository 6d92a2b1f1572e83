"""Structured magnitude pruning of a VGG-like chain (flipout sheet, section 4.5; historical, no published number)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from shared.errors import ReproError
from shared.sparsity.criteria import quota
from shared.sparsity.masks import NORMS
from shared.sparsity.topk import lowest


@dataclass(frozen=True)
class Unit:
    """The parameter names that go with the filters of one convolution, and the weight that reads its channels."""

    weight: str
    bias: str
    gamma: str
    beta: str
    following: str

    @property
    def per_filter(self) -> tuple[str, str, str, str]:
        """The tensors whose first dimension counts the filters."""
        return self.weight, self.bias, self.gamma, self.beta


def chain(model: nn.Module) -> list[Unit]:
    """The units of a network that repeats convolution, batch normalisation and ends in one classifier.

    Raises:
        ReproError: if the network has another form.
    """
    kinds = (nn.Conv2d, nn.Linear, *NORMS)
    modules = [(name, module) for name, module in model.named_modules() if isinstance(module, kinds)]
    convs, norms, end = modules[:-1:2], modules[1:-1:2], modules[-1:]
    fits = (
        len(convs) == len(norms) > 0
        and all(isinstance(m, nn.Conv2d) and m.bias is not None and m.groups == 1 for _, m in convs)
        and all(isinstance(m, NORMS) and m.affine for _, m in norms)
        and isinstance(end[0][1], nn.Linear)
    )
    if not fits:
        raise ReproError(
            "Structured magnitude needs a plain chain of convolutions with bias, each with batch normalisation, and "
            "one linear layer; choose a VGG network."
        )
    following = [name for name, _ in (*convs[1:], *end)]
    return [
        Unit(f"{conv}.weight", f"{conv}.bias", f"{norm}.weight", f"{norm}.bias", f"{after}.weight")
        for (conv, _), (norm, _), after in zip(convs, norms, following, strict=True)
    ]


def filter_scores(weights: Mapping[str, Tensor], units: Sequence[Unit]) -> Tensor:
    """Mean ``|w|`` of every filter, over all convolutions in order; removed input channels count as zeros."""
    return torch.cat([weights[u.weight].detach().abs().flatten(1).mean(1) for u in units])


def structured_magnitude(
    weights: Mapping[str, Tensor], live: Mapping[str, Tensor], units: Sequence[Unit], fraction: float
) -> dict[str, Tensor]:
    """Remove the filters with the lowest mean ``|w|``, with everything that belongs to them.

    A filter takes its bias, the gamma and beta of its channel and the input channel of the following layer with it.
    Filters of score 0 count as removed; ``floor(fraction * others)`` more go, ties by layer and filter.

    Args:
        weights: all tensors of the units by name, 0 where masked.
        live: their masks; biases and batch normalisation must be prunable.
        units: from ``chain``.
        fraction: of the remaining filters.

    Returns:
        The new masks, by name.

    Raises:
        ReproError: if a bias or a batch normalisation is not prunable.
    """
    if missing := [n for u in units for n in (*u.per_filter, u.following) if n not in live]:
        raise ReproError(f"Structured magnitude needs prunable biases and batch normalisation ({missing[0]} is not).")
    scores = filter_scores(weights, units)
    removed_before = int((scores == 0).sum())
    gone = lowest(scores, removed_before + quota(fraction, len(scores) - removed_before))
    after = {name: mask.clone() for name, mask in live.items()}
    for unit, filters in zip(units, gone.split([len(live[u.weight]) for u in units]), strict=True):
        for name in unit.per_filter:
            after[name][filters] = False
        reads = after[unit.following].shape[1] // len(filters)  # inputs of a classifier per channel
        after[unit.following][:, filters.repeat_interleave(reads)] = False
    return after
