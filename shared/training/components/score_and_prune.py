"""Pruning by one of the five criteria of pruning at initialisation, before training or after an epoch of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import torch
from torch import Tensor

from shared.data.loader import EpochLoader
from shared.data.scoring import Sampling, ScoringSample
from shared.errors import ReproError
from shared.sparsity import pruners
from shared.sparsity.collapse import connected_outputs, empty_tensors
from shared.sparsity.density import Kind, count_is_off, densities
from shared.sparsity.keep import Scope
from shared.sparsity.masked import Mode
from shared.sparsity.paths import effective_masks
from shared.sparsity.rounds import VARIANTS, Rounds, Score, Variant, prune_in_rounds
from shared.training.method import Component
from shared.training.state import State

DTYPES = {"float64": torch.float64, "float32": torch.float32}


def score_and_prune(
    state: State,
    train: EpochLoader,
    *,
    pruner: pruners.Pruner,
    density: float,
    rounds: int = 1,
    schedule: Kind = "exponential",
    scope: Scope = "global",
    rule: Variant = "corrected",
    grasp: Literal["paper", "published"] = "paper",
    per_class: int = 10,
    batch_size: int = 256,
    sampling: Sampling = "uniform",
    augmented: bool = True,
    mode: Mode = "eval",
    invert: bool = False,
    standardise: bool = False,
    score_dtype: str = "float64",
    stored: bool = False,
    stale: bool = False,
    reinitialise: bool = False,
    level: int = 1,
) -> dict[str, Any]:
    """Score, prune, and say what is left (synflow sheet, section 4).

    Args:
        state: the run; its masks, under which the first scores are taken, are replaced.
        train: its training data; only SNIP and GraSP look at them.
        pruner: criterion.
        density: fraction of the prunable weights that shall remain.
        rounds: scoring rounds.
        schedule: of the densities over the rounds.
        scope: rank over all tensors or within each.
        rule: ``corrected``, or how the code of June 2020 (``published``) or its last state (``head``) made masks.
        grasp: the paper's GraSP, or the inverted one behind the published numbers.
        per_class, batch_size, sampling, augmented: the scoring sample.
        mode: of the network while scoring.
        invert: rank in reverse.
        standardise: rank within-tensor standardised scores.
        score_dtype: of SynFlow; float32 overflows in deep residual networks.
        stored: keep the values of removed weights, which later prunings may revive (``dormant``).
        stale: add the gradients of the last training step, as left behind by ``keep-gradients``.
        reinitialise: draw the weights anew afterwards, masks kept.
        level: of iterative pruning, from 1: random scores, and the order and augmentation of the same sample, are drawn
            anew in each.

    Returns:
        Weights kept in all, per tensor and after each round, weights revived, the state of collapse.

    Raises:
        ReproError: if nothing is prunable.
    """
    masks = state.masks
    if not masks.total:
        raise ReproError("The network has no prunable weights, so nothing would be pruned; check prunable.exclude.")
    if stored:
        attach_dormant(state)
    weights = {n: p.detach().clone() for n, p in masks.parameters.items()}
    if stored and masks.dormant is not None:
        weights = {n: w + d for (n, w), d in zip(weights.items(), masks.dormant, strict=True)}
    sample = ScoringSample(train, per_class, batch_size, sampling, augmented) if pruner in pruners.NEEDS_DATA else None
    gradients = {n: state.kept[f"gradient/{n}"] for n in weights} if stale else None
    score = scorer(
        state, pruner, train, passes(sample, level, rounds), grasp, mode, DTYPES[score_dtype], rule, gradients, level
    )
    how = replace(VARIANTS[rule], scope=scope, invert=invert, standardise=standardise)
    out = prune_in_rounds(score, weights, densities(density, rounds, schedule), how, masks.live)
    with torch.no_grad():
        for name, parameter in masks.parameters.items():
            parameter.copy_(out.stored[name])
        if reinitialise:
            redraw(state)
    masks.set(out.live)
    return report(state, out, density, image_shape(train))


def passes(sample: ScoringSample | None, level: int, rounds: int) -> pruners.Passes | None:
    """The passes of one level over the sample, numbered from 0; a round makes two at most."""
    first = (level - 1) * 2 * rounds
    return None if sample is None else lambda index: sample.batches(first + index)


def scorer(
    state: State,
    pruner: pruners.Pruner,
    train: EpochLoader,
    sample: pruners.Passes | None,
    grasp: str,
    mode: Mode,
    dtype: torch.dtype,
    rule: Variant,
    stale: dict[str, Tensor] | None,
    level: int,
) -> Score:
    """The criterion as a function of stored weights, masks and round."""
    if pruner == "rand":
        return pruners.random_scores(state.draws, level)
    if pruner == "mag":
        return pruners.magnitude_scores()
    if pruner == "synflow":
        return pruners.synflow_scores(state.model, image_shape(train), dtype=dtype, stale=stale)
    assert sample is not None
    if pruner == "snip":
        left_over = stale if rule == "published" else None  # the last code reads clean mask gradients
        return pruners.snip_scores(state.model, sample, mode=mode, normalise=rule != "published", stale=left_over)
    return pruners.grasp_scores_of(
        state.model,
        sample,
        fixed_sample=rule == "corrected",
        mode=mode,
        stale=stale,
        **pruners.GRASP[grasp],
    )


def image_shape(train: EpochLoader) -> tuple[int, ...]:
    """Shape of one sample as the network reads it."""
    return tuple(train.examples.images.shape[1:])


def report(state: State, out: Rounds, density: float, shape: tuple[int, ...]) -> dict[str, Any]:
    """What is left, in plain values: layers emptied, weights on a path, outputs still connected."""
    live = state.masks.live
    effective, _ = effective_masks(state.model, live, shape)
    outputs = connected_outputs(state.model, live, shape)
    return {
        "kept": out.remaining,
        "kept_per_tensor": out.kept[-1],
        "kept_after_rounds": [sum(kept) for kept in out.kept],
        "revived": sum(out.revived),
        "count_off": count_is_off(out.remaining, state.masks.total, density),
        "nonempty_tensors": len(live) - len(empty_tensors(live)),
        "effective": sum(int(m.sum()) for m in effective.values()),
        "connected_outputs": int(outputs.sum()),
    }


def attach_dormant(state: State) -> None:
    """Let masks keep the values of removed weights in ``state.kept``, so that checkpoints have them."""
    names = [f"dormant/{n}" for n in state.masks]
    for name, parameter in zip(names, state.masks.parameters.values(), strict=True):
        if name not in state.kept:
            state.kept[name] = torch.zeros_like(parameter, requires_grad=False)
    state.masks.keep_dormant([state.kept[name] for name in names])


@torch.no_grad()
def redraw(state: State) -> None:
    """New initial weights, running statistics included, from the run's own draws."""
    from shared.draws import KeyedDraws
    from shared.models.registry import build

    if not isinstance(state.draws, KeyedDraws):
        raise ReproError("Redrawing initial weights needs keyed draws.")
    fresh = build(state.protocol.model, state.draws.generator("redrawn-weights", (0, 0, 0))).state_dict()
    for name, tensor in state.model.state_dict().items():
        tensor.copy_(fresh[name])


class PruneAfter(Component):
    """``score_and_prune`` after an epoch inside one training phase: optimiser and schedule go on (sheet 4.5).

    Args:
        epoch: epoch of the phase after which to prune.
        options: of ``score_and_prune``.
    """

    def __init__(self, epoch: int, **options: Any) -> None:
        self.epoch, self.options = epoch, options

    def after_epoch(self, state: State) -> None:
        """Prune when the epoch is reached."""
        if state.epoch != self.epoch:
            return
        assert state.train is not None
        found = score_and_prune(state, state.train, **self.options)
        state.events.append({"prune": self.options["pruner"], "remaining": found["kept"], **found})

    def first_event(self, state: State) -> int | None:
        """The pruning."""
        return self.epoch
