"""Pruning a trained network once, by a threshold on each tensor (hoyer sheet 4.7)."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from shared.data.loader import EpochLoader
from shared.sparsity import thresholds
from shared.sparsity.element_regularisers import trimming_threshold
from shared.sparsity.silent import is_chain, silent_weights
from shared.training.state import State

EVALUATED = 1000
"""Images at a time."""


@torch.no_grad()
def prune_by_threshold(
    state: State,
    train: EpochLoader,
    *,
    rule: thresholds.Rule,
    threshold: float,
    mask: Literal["zeros", "explicit"] = "zeros",
) -> dict[str, Any]:
    """Set every prunable entry below its tensor's threshold to 0.

    Args:
        state: the run after training.
        train: the images that tell which coordinates of a chain of layers are ever active.
        rule: ``absolute``, or ``std-ratio``: a multiple of each tensor's own standard deviation.
        threshold: s.
        mask: what stays pruned afterwards: every entry that is 0 now (``zeros``), or those removed here (``explicit``).

    Returns:
        Entries kept in all, and how each tensor looked before: maximum and sum of squares (the scale that an absolute
        threshold is blind to), its threshold, its trimming threshold and how many entries lay below that; for chains,
        also how many entries no image reaches and what share of the squares they hold (hoyer sheet, trap 8).
    """
    masks = state.masks
    tensors = {n: _facts(p.detach(), rule, threshold) for n, p in masks.parameters.items()}
    kept = {n: thresholds.keep(p.detach(), tensors[n]["cut"]) for n, p in masks.parameters.items()}
    if mask == "zeros":
        kept = {n: live & (masks.parameters[n] != 0) for n, live in kept.items()}
    silent = silent_weights(state.model, train.eval_batches(EVALUATED)) if is_chain(state.model) else {}
    masks.set(kept)
    report = {n: {k: _plain(v) for k, v in facts.items()} for n, facts in tensors.items()}
    for name, parameter in masks.parameters.items():
        report[name]["kept"] = int((parameter != 0).sum())
        if name in silent:
            report[name] |= {"silent": silent[name].entries, "silent_squares": silent[name].share_of_squares}
    return {"kept": sum(r["kept"] for r in report.values()), "tensors": report}


def _facts(weights: Tensor, rule: thresholds.Rule, threshold: float) -> dict[str, Tensor]:
    trim = trimming_threshold(weights)
    return {
        "cut": thresholds.RULES[rule](weights, threshold),
        "max": weights.abs().max(),
        "sum_of_squares": weights.double().square().sum(),
        "trim": trim,
        "below_trim": (weights.abs() < trim).sum(),
    }


def _plain(value: Tensor) -> float | int:
    return value.item() if value.dtype.is_floating_point else int(value)
