"""Pruning phases of this paper, bound to the state of a run: random and hybrid tickets, SNIP, GraSP (sheet 4).

The rules themselves are in ``shared.sparsity``; here are the settings under which the three code bases called them.
"""

from __future__ import annotations

import copy
from typing import Any, Literal

import torch
from torch import Tensor

from papers.random_tickets.ticket_counts import ticket_counts
from shared.data.balanced_batch import balanced_batch
from shared.data.loader import EpochLoader
from shared.errors import ReproError
from shared.sparsity import snip as snip_rules
from shared.sparsity.grasp import grasp_scores
from shared.sparsity.one_shot import decimal_quota
from shared.sparsity.smart_ratios import Rule, guaranteed, starved
from shared.sparsity.tickets import largest_mask, random_mask
from shared.sparsity.topk import highest, kth, lowest
from shared.training.components.one_shot import kept
from shared.training.state import Batch, State

Variant = Literal["published", "answer42", "corrected"]
SNIP_OFFSET = 1e-10
"""What the published code adds to the sum of scores; answer42 adds nothing (sheet 4.5)."""


def random_ticket(state: State, train: object, *, sparsity: float, **options: Any) -> dict[str, Any]:
    """Keep the smart ratio of every layer, at random places (sheet 4.1, step 6).

    Args:
        state: the run; its masks are replaced.
        train: not used: a random ticket sees no data.
        sparsity: fraction removed.
        options: of ``Rule``.

    Returns:
        Weights kept, and the layers that keep none, or one although their share is less (sheet 4.3).
    """
    rule = Rule(sparsity=sparsity, **options)
    counts = _counts(state, rule)
    live = {}
    for index, (name, mask) in enumerate(state.masks.live.items()):
        order = state.draws.permutation(mask.numel(), "random-ticket", index=index)
        direction: Literal["gather", "scatter"] = "scatter" if rule.arithmetic == "answer42" else "gather"
        live[name] = random_mask(mask, counts[index], order, direction)
    state.masks.set(live)
    return {**_report(state), **_guaranteed(state, rule)}


def hybrid_ticket(state: State, train: object, *, sparsity: float, **options: Any) -> dict[str, Any]:
    """Keep the smart ratio of every layer, the largest magnitudes of it (sheet 4.10).

    A layer that is to keep nothing, as in a thin network at 98 %, does so and is reported; there answer42's code stops,
    since it asks for a threshold that does not exist.
    """
    rule = Rule(sparsity=sparsity, **options)
    counts = _counts(state, rule, hybrid=True)
    ties = rule.arithmetic == "answer42"
    parameters = state.masks.parameters
    live = {n: largest_mask(p, k, ties=ties and k > 0) for (n, p), k in zip(parameters.items(), counts, strict=True)}
    state.masks.set(live)
    return {**_report(state), **_guaranteed(state, rule)}


def snip(
    state: State, train: EpochLoader, *, sparsity: float, variant: Variant, per_class: int = 10, rounds: int = 1
) -> dict[str, Any]:
    """SNIP as the three code bases call it (sheet 4.5).

    ``published`` and ``corrected`` score the actual weights on class-balanced batches; ``corrected`` counts exactly.
    ``answer42`` scores weights that are drawn anew, on one plain batch.
    """
    params = state.masks.parameters
    if variant == "answer42":
        batch = next(iter(train.epoch(0)))
        batches = [(batch.images, batch.labels)]
        scores, loss = snip_rules.snip_scores_over(
            state.model, params, batches, reinitialise="xavier-normal", draws=state.draws
        )
    else:
        batches = [(b.images, b.labels) for b in scoring_batches(train, per_class, rounds)]
        scores, loss = snip_rules.snip_scores_over(state.model, params, batches)
    if variant == "corrected":
        live = highest(scores, decimal_quota(scores.numel(), sparsity))
    else:
        live = snip_rules.keep_published(scores, sparsity, SNIP_OFFSET if variant == "published" else 0.0)
    state.masks.set_flat(live)
    return {"loss": float(loss), **_report(state)}


def grasp(
    state: State,
    train: EpochLoader,
    *,
    sparsity: float,
    variant: Variant,
    per_class: int = 10,
    rounds: int = 1,
    temperature: float = 200.0,
    redraw_classifier: bool = True,
    repeat_samples: bool = False,
) -> dict[str, Any]:
    """GraSP on two halves of class-sorted batches, which hold disjoint classes (sheet 4.6).

    Args:
        state: the run; its masks are replaced.
        train: the data that are scored.
        sparsity: fraction removed.
        variant: ``corrected`` counts exactly; the others keep everything up to the threshold, one more than asked for.
        per_class: samples of each class in a round.
        rounds: batches that are summed.
        temperature: logits are divided by it.
        redraw_classifier: score linear layers at values drawn anew, as the original does.
        repeat_samples: every round sees the same batch, as in answer42's corrupted runs (trap 22).
    """
    model = copy.deepcopy(state.model)
    weights: dict[str, Tensor] = {n: p.detach() for n, p in state.masks.parameters.items()}
    if redraw_classifier:
        for index, (name, w) in enumerate(weights.items()):
            if w.ndim == 2:
                weights[name] = snip_rules.xavier_normal(w, state.draws, index=index, purpose="grasp-redraw")
    batches = halves(scoring_batches(train, per_class, rounds, repeat=repeat_samples))
    scores = grasp_scores(model, weights, batches, temperature=temperature, mode="train")
    state.masks.set_flat(keep_grasp(scores, sparsity, exact=variant == "corrected"))
    return _report(state)


def keep_grasp(scores: Tensor, sparsity: float, *, exact: bool) -> Tensor:
    """Live mask without the lowest of ``w * Hg``: of the others exactly ``decimal_quota`` stay, or as published.

    Published: with ``m`` weights to remove, everything from the m-th lowest score on stays, that one included.

    Raises:
        ReproError: if nothing is to be removed.
    """
    if exact:
        return ~lowest(scores, scores.numel() - decimal_quota(scores.numel(), sparsity))
    return scores >= kth(scores, grasp_position(scores.numel(), sparsity))


def grasp_position(total: int, sparsity: float) -> int:
    """Which of the sorted scores, from 1, is the published threshold; itself it stays.

    Raises:
        ReproError: if nothing is to be removed.
    """
    position = int(total * (1 - (1 - sparsity)))
    if position < 1:
        raise ReproError(f"A sparsity of {sparsity:g} removes none of {total:,} weights; ask for more.")
    return position


def scoring_batches(train: EpochLoader, per_class: int, rounds: int, *, repeat: bool = False) -> list[Batch]:
    """Class-balanced batches, each from a pass of its own over the data before the first epoch.

    Args:
        train: the data.
        per_class: samples of each class.
        rounds: how many batches.
        repeat: take all of them from the same pass.
    """
    classes = train.examples.classes
    passes = [0 if repeat else -r for r in range(rounds)]
    return [Batch(*balanced_batch(train.epoch(e), per_class, classes)) for e in passes]


def halves(batches: list[Batch]) -> list[Batch]:
    """Every batch cut in two by position; of an odd number the first half is the smaller."""
    out = []
    for batch in batches:
        middle = len(batch.labels) // 2
        out.append(Batch(batch.images[:middle], batch.labels[:middle]))
        out.append(Batch(batch.images[middle:], batch.labels[middle:]))
    return out


def _counts(state: State, rule: Rule, *, hybrid: bool = False) -> list[int]:
    return ticket_counts(state.masks.sizes, _linear(state), rule, hybrid=hybrid)


def _linear(state: State) -> list[bool]:
    return [p.ndim == 2 for p in state.masks.parameters.values()]


def _guaranteed(state: State, rule: Rule) -> dict[str, list[str]]:
    """The layers for which the guarantee of ``corrected`` had to act, as the sheet's 4.3 wants them reported."""
    if rule.arithmetic != "corrected":
        return {}
    names = list(state.masks.live)
    raised = [names[i] for i in guaranteed(state.masks.sizes, _linear(state), rule)]
    return {"guaranteed_layers": raised} if raised else {}


@torch.no_grad()
def _report(state: State) -> dict[str, Any]:
    report = kept(state)
    names = list(state.masks.live)
    empty = [names[i] for i in starved(report["kept_per_tensor"])]
    return report | ({"empty_layers": empty} if empty else {})
