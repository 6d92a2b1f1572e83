"""The five criteria of pruning at initialisation as scores for ``rounds``: random, magnitude, SNIP, GraSP, SynFlow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from shared.data.batch import Batch
from shared.draws import Draws
from shared.sparsity.grasp import grasp_scores
from shared.sparsity.masked import Mode, flat
from shared.sparsity.rounds import Score
from shared.sparsity.snip import snip_scores_under_masks
from shared.sparsity.synflow import flow_and_scores

Pruner = Literal["rand", "mag", "snip", "grasp", "synflow"]
PRUNERS: tuple[Pruner, ...] = ("rand", "mag", "snip", "grasp", "synflow")
NEEDS_DATA: tuple[Pruner, ...] = ("snip", "grasp")
Passes = Callable[[int], Sequence[Batch]]
"""Number of a pass over the scoring sample, from 0 -> its batches."""

GRASP: dict[str, dict[str, Any]] = {
    # the rule of the paper, and what produced the SynFlow paper's numbers (trap 5)
    "paper": {},
    "published": {"temperature": 1.0, "per_batch": True, "sign": -1, "normalise": False},
}


def random_scores(draws: Draws, level: int = 1) -> Score:
    """Independent N(0, 1) numbers, new in each round; purpose ``random-scores``.

    Args:
        draws: of the run.
        level: of iterative pruning, from 1; each has numbers of its own.
    """

    def score(weights: Mapping[str, Tensor], live: Mapping[str, Tensor], index: int) -> Tensor:
        key = {"epoch": level - 1, "step": index}
        parts = [draws.normal(w, "random-scores", **key, index=i) for i, w in enumerate(weights.values())]
        return torch.cat([p.reshape(-1) for p in parts])

    return score


def magnitude_scores() -> Score:
    """``|w|`` of the stored weights, masked or not."""
    return lambda weights, live, index: flat(weights).abs()


def snip_scores(
    model: nn.Module,
    passes: Passes,
    *,
    mode: Mode = "eval",
    normalise: bool = True,
    stale: Mapping[str, Tensor] | None = None,
) -> Score:
    """SNIP, one pass over the sample in each round."""
    return lambda weights, live, index: snip_scores_under_masks(
        model, weights, passes(index), live=live, mode=mode, normalise=normalise, stale=stale if index == 0 else None
    )


def grasp_scores_of(
    model: nn.Module,
    passes: Passes,
    *,
    fixed_sample: bool = True,
    mode: Mode = "eval",
    stale: Mapping[str, Tensor] | None = None,
    **options: Any,
) -> Score:
    """GraSP; ``fixed_sample=False`` draws the second pass of each round anew, as the original does."""

    def score(weights: Mapping[str, Tensor], live: Mapping[str, Tensor], index: int) -> Tensor:
        first = passes(index if fixed_sample else 2 * index)
        second = None if fixed_sample else passes(2 * index + 1)
        extra = stale if index == 0 else None
        return grasp_scores(model, weights, first, second, live=live, mode=mode, stale=extra, **options)

    return score


def synflow_scores(
    model: nn.Module,
    input_shape: Sequence[int],
    *,
    dtype: torch.dtype = torch.float64,
    stale: Mapping[str, Tensor] | None = None,
) -> Score:
    """SynFlow; no data."""
    return lambda weights, live, index: flow_and_scores(
        model, weights, input_shape, live=live, dtype=dtype, stale=stale if index == 0 else None
    )[1]
