"""How two trainings are compared: fewer weights, and an accuracy that is at most the margin lower (trap 24)."""

from __future__ import annotations

from dataclasses import replace

from papers.hoyer.settings import ELEMENT, GROUP, NETWORK_TITLES, TITLES, Strength
from shared.claims import Claim, Compound, Dominance, Ordering, Trend, Value

SENTENCE = "sentences"
LOSS = 0.2
"""Accuracy, in points, that a sparser network may lose and still count as equally accurate: the margin for MNIST."""
LAST, BEST = "top1_accuracy", "top1_accuracy_best_before_epoch"
CHOSEN = "top1_accuracy_best_on_val"
DENSE, PRUNED = "top1_accuracy_dense", "top1_accuracy_before_finetune"
WEIGHTS, MACS, BUILT = "remaining_weights", "structured_macs_percent", "compacted_macs_percent"
"""``MACS``: by the smaller count at each joint; ``BUILT``: of the network built from the groups alive on both sides."""
SCRATCH, PRETRAINED, CORRECTED = "", "pretrained-", "corrected-pretrained-"
STARTS = {SCRATCH: "", PRETRAINED: ", from the dense network", CORRECTED: ", corrected and from the dense network"}
"""How an id begins that is trained so, and what a sentence adds."""


def experiment(network: str, s: Strength, start: str = SCRATCH, end: str | None = None) -> str:
    """The experiment of a strength, pruned by its own ratio or as told."""
    return f"{network}/{start}{s.reg}-{s.strength}/{end or f'V{s.ratio}'}"


def of(network: str, reg: str) -> Strength:
    """The strength of a regulariser that is attributed to the paper."""
    return next(s for s in (*ELEMENT[network], *GROUP[network]) if s.reg == reg)


def reported(start: str) -> str:
    """What a run reports that is pruned by a ratio; corrected, its epoch is chosen on held-out images (4.11)."""
    return CHOSEN if start == CORRECTED else BEST


def left_over(start: str) -> str:
    """How multiply-adds are counted: by the authors' rule, or corrected by intersection through the graph (4.11)."""
    return BUILT if start == CORRECTED else MACS


def fewer(id: str, sparse: str, dense: str, text: str, source: str, metric: str = WEIGHTS) -> Ordering:
    """One experiment keeps fewer weights, or multiply-adds, than another."""
    return Ordering(id=id, table=SENTENCE, text=text, source=source, better=dense, worse=sparse, metric=metric)


def as_accurate(
    id: str, one: str, other: str, text: str, source: str, metric: str = BEST, others: str | None = None
) -> Ordering:
    """One experiment is at most the margin less accurate than another, of whose runs ``others`` may be read."""
    return Ordering(
        id=id,
        table=SENTENCE,
        text=text,
        source=source,
        better=one,
        worse=other,
        metric=metric,
        worse_metric=others,
        by=-LOSS,
    )


def together(id: str, text: str, source: str, *parts: Claim, note: str = "") -> Compound:
    """A sentence that stands where all its parts do."""
    return Compound(id=id, table=SENTENCE, text=text, source=source, parts=parts, note=note)


def beats(
    id: str, text: str, source: str, smaller: Ordering, accurate: Ordering, *, rival: str, note: str = ""
) -> Compound:
    """A sentence of the form "sparser, and as accurate": ``rival`` says the second in words of the other side."""
    back = replace(
        accurate,
        id=f"{id}-rival",
        text=rival,
        better=accurate.worse,
        worse=accurate.better,
        metric=accurate.metrics[1],
        worse_metric=accurate.metrics[0],
    )
    return Dominance(id=id, table=SENTENCE, text=text, source=source, parts=(smaller, accurate, back), note=note)


def sparser(id: str, network: str, reg: str, other: str, source: str, start: str = SCRATCH) -> Compound:
    """A regulariser keeps fewer weights than another at an accuracy that is at most the margin lower."""
    one, two = (experiment(network, of(network, r), start) for r in (reg, other))
    on, begun = f"on {NETWORK_TITLES[network]}", STARTS[start]
    who = f"{TITLES[reg]} {on}"
    return beats(
        id,
        f"{who} gives a sparser network than {TITLES[other]} at equal accuracy{begun}",
        source,
        fewer(f"{id}-weights", one, two, f"{who} keeps fewer weights than {TITLES[other]}{begun}", source),
        as_accurate(
            f"{id}-accuracy", one, two, f"{who} is as accurate as {TITLES[other]}{begun}", source, reported(start)
        ),
        rival=f"{TITLES[other]} {on} is as accurate as {TITLES[reg]}{begun}",
    )


def structurally(id: str, network: str, source: str, start: str = SCRATCH) -> Compound:
    """Group-HS leaves fewer multiply-adds than Group Lasso at an accuracy that is at most the margin lower."""
    one, two = (experiment(network, of(network, reg), start) for reg in ("group-hoyer-square", "group-lasso"))
    on, begun = f"on {NETWORK_TITLES[network]}", STARTS[start]
    who, macs = f"Group-HS {on}", left_over(start)
    return beats(
        id,
        f"{who} beats Group Lasso structurally{begun}",
        source,
        fewer(f"{id}-macs", one, two, f"{who} leaves fewer multiply-adds than Group Lasso{begun}", source, macs),
        as_accurate(f"{id}-accuracy", one, two, f"{who} is as accurate as Group Lasso{begun}", source, reported(start)),
        rival=f"Group Lasso {on} is as accurate as Group-HS{begun}",
    )


def in_table(claim: Claim, table: str, *, counted: bool = True) -> Claim:
    """The same claim in a table of ours; not counted where it compares what nobody published."""
    if isinstance(claim, Compound):
        return replace(claim, table=table, parts=tuple(in_table(p, table, counted=counted) for p in claim.parts))
    if isinstance(claim, Ordering | Trend | Value):
        return replace(claim, table=table, gating=claim.gating and counted)
    raise TypeError(f"{type(claim).__name__} {claim.id} is always counted")
