"""Theorem 3 put to work: SynFlow, scored again whenever the next cut would reach the whole flow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from papers.synflow.laws import flow_and_layers, untrained

SHARE = 0.99
"""Of the flow, what a round may remove: Theorem 3 needs less than all of it."""


@dataclass(frozen=True)
class Descent:
    """SynFlow pruned in rounds that take less than the flow, for as long as there is one.

    Attributes:
        flow: before each round, and after the last.
        cut: scores that each round removed.
        left: weights that remain.
        tensors: prunable tensors.
        emptied: layers without a weight at the end, of those that carried the whole flow before anything was removed.
    """

    flow: tuple[float, ...]
    cut: tuple[float, ...]
    left: int
    tensors: int
    emptied: int


@cache
def descent(family: str, network: str, data: str) -> Descent:
    """Remove the lowest scores that together stay below the flow, score again, until there are none.

    Of two live weights in a layer that carries the whole flow one has at most half of it and can go; so on a chain this
    ends with one weight in each layer, which is the largest compression there is (Theorem 3).
    """
    import torch

    from shared.sparsity.masked import flat
    from shared.sparsity.synflow import flow_and_scores

    model, weights, shape = untrained(family, network, data)
    live = {n: torch.ones_like(w, dtype=torch.bool) for n, w in weights.items()}
    flows: list[float] = []
    cuts: list[float] = []
    while True:
        flow, scores = flow_and_scores(model, weights, shape, live=live)
        flows.append(float(flow))
        where = flat(live).nonzero().squeeze(1)
        ranked, order = scores[where].sort()
        take = int((ranked.cumsum(0) <= flow * SHARE).count_nonzero())
        if not take or not flow > 0:
            break
        cuts.append(float(ranked[:take].sum()))
        after = flat(live)
        after[where[order[:take]]] = False
        for part, mask in zip(after.split([w.numel() for w in weights.values()]), live.values(), strict=True):
            mask.copy_(part.view_as(mask))
    all_flow, by_layer = flow_and_layers(family, network, data)
    whole = [n for n, s in by_layer.items() if abs(float(s.sum()) / all_flow - 1) < 1e-9]
    left = sum(int(m.count_nonzero()) for m in live.values())
    return Descent(tuple(flows), tuple(cuts), left, len(live), sum(not bool(live[n].any()) for n in whole))
