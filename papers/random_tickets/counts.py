"""Numbers that need no training, measured with the product's own code: how many weights each layer keeps.

Heavy imports stay inside the functions: a count is only taken when its claim is judged.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from papers.random_tickets.phases import smart_options
from papers.random_tickets.settings import SU, model_for
from papers.random_tickets.ticket import Ticket

FILE = Path(__file__).with_name("allocation.csv")
Allocation = dict[str, str]


@cache
def allocations() -> tuple[Allocation, ...]:
    """The published counts of sheet 7.1 to 7.3: variant, network, dataset, profile, sparsity, total, kept per layer."""
    with FILE.open(newline="", encoding="utf-8") as lines:
        return tuple(csv.DictReader(lines))


@cache
def layers(network: str, dataset: str) -> tuple[tuple[int, ...], tuple[bool, ...], tuple[str, ...]]:
    """Sizes of the prunable tensors in module order, which of them are linear, and their names."""
    from shared.models.registry import build
    from shared.sparsity.masks import prunable_parameters

    weights = prunable_parameters(build(model_for(network, "cifar10" if dataset == "digits" else dataset, SU)))
    return (
        tuple(w.numel() for w in weights.values()),
        tuple(w.ndim == 2 for w in weights.values()),
        tuple(weights),
    )


def kept(t: Ticket) -> list[int]:
    """Weights a random or hybrid ticket keeps of each layer of its full-size network."""
    from papers.random_tickets.ticket_counts import ticket_counts
    from shared.sparsity.smart_ratios import Rule

    sizes, linear, _ = layers(t.network, t.dataset)
    rule = Rule(sparsity=t.ratio, **smart_options(t))  # type: ignore[arg-type]
    return ticket_counts(sizes, linear, rule, hybrid=t.method == "hybrid")


def total_kept(t: Ticket) -> float:
    """Weights kept in all."""
    return sum(kept(t))


def largest_difference(t: Ticket, published: tuple[int, ...]) -> float:
    """The largest difference of any layer from the published counts."""
    ours = kept(t)
    return max(abs(a - b) for a, b in zip(ours, published, strict=True))


def kept_first(t: Ticket) -> float:
    """Weights kept of the first layer."""
    return kept(t)[0]


def real_keep_percent(t: Ticket) -> float:
    """What answer42's logs print for a hybrid ticket: the real-valued shares over all weights, in percent."""
    from shared.sparsity.smart_ratios import Rule, answer42_ratios

    sizes, linear, _ = layers(t.network, t.dataset)
    ratios = answer42_ratios(sizes, linear, Rule(sparsity=t.ratio, **smart_options(t)))  # type: ignore[arg-type]
    return 100 * sum(r * n for r, n in zip(ratios, sizes, strict=True)) / sum(sizes)


@cache
def thresholded(network: str, dataset: str, method: str, ratio: float) -> float:
    """Weights that the published rules keep of as many scores, no two of them equal (sheet 7.5).

    A quarter of a second for the 20 million of VGG19, hence kept.
    """
    import torch

    from papers.random_tickets.components import SNIP_OFFSET, keep_grasp
    from shared.sparsity.one_shot import lottery_ticket_masks
    from shared.sparsity.snip import keep_published

    sizes, linear, _ = layers(network, dataset)
    exact = torch.float64 if method == "snip" else torch.int32  # SNIP divides; single precision would tie beyond 2^24
    scores = torch.arange(1, sum(sizes) + 1, dtype=exact)
    if method == "snip":
        return int(keep_published(scores, ratio, SNIP_OFFSET).count_nonzero())
    if method == "grasp":
        return int(keep_grasp(scores, ratio, exact=False).count_nonzero())
    dense = sum(n for n, f in zip(sizes, linear, strict=True) if f)
    weights = [scores[dense:].view(-1, 1, 1), scores[:dense].view(1, -1)]
    return sum(int(live.count_nonzero()) for live in lottery_ticket_masks(weights, ratio)[0])
