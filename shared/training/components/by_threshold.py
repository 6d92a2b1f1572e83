"""Pruning a trained network once, by a threshold on each tensor (hoyer sheet 4.7)."""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from torch import Tensor

from shared.data.loader import EpochLoader
from shared.errors import ReproError
from shared.sparsity import thresholds
from shared.sparsity.element_regularisers import trimming_threshold
from shared.sparsity.silent import Silent, is_chain, silent_weights
from shared.training.state import State

EVALUATED = 1000
"""Images at a time."""
DECADES, PER_DECADE = (-8, 3), 4
"""Range and bins of the histogram of weights' sizes; what lies outside is counted at the edge."""


@torch.no_grad()
def prune_by_threshold(
    state: State,
    train: EpochLoader,
    *,
    rule: thresholds.Rule,
    threshold: float | None = None,
    density: float | None = None,
    mask: Literal["zeros", "explicit"] = "zeros",
) -> dict[str, Any]:
    """Set every prunable entry below its tensor's threshold to 0.

    Args:
        state: the run after training.
        train: the images that tell which coordinates of a chain of layers are ever active.
        rule: ``absolute``, or ``std-ratio``: a multiple of each tensor's own standard deviation.
        threshold: s; or
        density: the fraction of all prunable entries to keep, for which s is searched.
        mask: what stays pruned afterwards: every entry that is 0 now (``zeros``), or those removed here (``explicit``).

    Returns:
        Entries kept in all, the threshold, and how each tensor looked before: maximum and sum of squares (the scale
        that an absolute threshold is blind to), its cut, its trimming threshold, how many entries lay below that, and
        how many of each size there were; for chains, also how many entries no image reaches, what share of the squares
        they hold, and how many of them are kept (hoyer sheet, trap 8).

    Raises:
        ReproError: unless one of threshold and density is given, or for a density outside (0, 1].
    """
    if (threshold is None) == (density is None):
        raise ReproError("prune-by-threshold takes either a threshold or a density.")
    if density is not None and not 0 < density <= 1:
        raise ReproError(f"The density to keep must lie above 0 and not above 1; it is {density:g}.")
    masks = state.masks
    weights = {n: p.detach() for n, p in masks.parameters.items()}
    if density is not None:
        s, kept = thresholds.reaching(weights, rule, round(density * masks.total))
    else:
        assert threshold is not None
        s = threshold
        kept = {n: thresholds.keep(w, thresholds.RULES[rule](w, s)) for n, w in weights.items()}
    report = {n: _facts(w, rule, s) for n, w in weights.items()}
    sizes = {n: _sizes(w) for n, w in weights.items() if w.ndim > 1}
    if mask == "zeros":
        kept = {n: live & (weights[n] != 0) for n, live in kept.items()}
    before = _silent(state, train)
    masks.set(kept)
    after = _silent(state, train)
    for name, parameter in masks.parameters.items():
        report[name]["kept"] = int((parameter != 0).sum())
        if name in before:
            report[name] |= {
                "silent": before[name].entries,
                "silent_squares": before[name].share_of_squares,
                "silent_kept": after[name].nonzero,
            }
    return {
        "kept": sum(r["kept"] for r in report.values()),
        "threshold": s if math.isfinite(s) else None,
        "tensors": report,
        "sizes": {"decades": list(DECADES), "per_decade": PER_DECADE, "counts": sizes},
    }


def _silent(state: State, train: EpochLoader) -> dict[str, Silent]:
    """Entries that no training image reaches; nothing is known of networks that are no chains."""
    return silent_weights(state.model, train.eval_batches(EVALUATED)) if is_chain(state.model) else {}


def _facts(weights: Tensor, rule: thresholds.Rule, threshold: float) -> dict[str, float | int | None]:
    trim = trimming_threshold(weights)
    facts = {
        "cut": thresholds.RULES[rule](weights, threshold),
        "max": weights.abs().max(),
        "sum_of_squares": weights.double().square().sum(),
        "trim": trim,
        "below_trim": (weights.abs() < trim).sum(),
    }
    return {name: _plain(value) for name, value in facts.items()}


def _sizes(weights: Tensor) -> list[int]:
    """Entries that are not 0 by ``log10 |w|``, in equal bins over ``DECADES``."""
    low, high = DECADES
    sizes = weights[weights != 0].abs().double().log10().clamp(low, high)
    counts: list[int] = torch.histc(sizes.cpu(), (high - low) * PER_DECADE, low, high).long().tolist()
    return counts


def _plain(value: Tensor) -> float | int | None:
    """A number, and ``None`` for what JSON has no name for."""
    if not value.dtype.is_floating_point:
        return int(value)
    return float(value) if value.isfinite() else None
