"""What the paper says in words, as claims that runs and the published numbers can be held against.

``SENTENCES`` are Q1 to Q11 of the sheet's section 9, those included that the numbers contradict; they refer to the
cells for which somebody published a number. ``SANITY`` is the same on one network, at a price anyone can pay.
Judgements are not written down here: ``repro verify --published`` makes them from claims.csv.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from papers.random_tickets.names import METHOD, SPOKEN_CHECK
from papers.random_tickets.protocols import GRID, MORE_RATIOS, SANITY_DATASET, SANITY_NETWORK, SANITY_RATIO
from papers.random_tickets.saying import SENTENCE, beats, cell, chance, every, same
from papers.random_tickets.settings import DATASETS, NETWORKS, RATIOS
from shared.claims import Claim, Compound, Ordering, Trend

NOISE = {"cifar10": 0.5, "cifar100": 1.0}
"""Points within which two accuracies are called the same: the data set's default margin."""


def _cells(method: str) -> Iterator[tuple[str, str, float]]:
    """The cells in which answer42 ran the checks of a method."""
    for network, dataset in GRID:
        if method == "snip" and dataset == "cifar100":
            continue
        for ratio in MORE_RATIOS if dataset == "cifar10" else RATIOS:
            yield network, dataset, ratio


def _unmoved(q: str, check: str, method: str) -> list[Claim]:
    """A check changes nothing for a method, cell by cell."""
    return [
        same(
            f"{q}-{method}-{n}-{d}-{100 * p:g}",
            cell("answer42", n, d, method, p, check),
            cell("answer42", n, d, method, p),
            NOISE[d],
        )
        for n, d, p in _cells(method)
    ]


def _insensitive(q: str, check: str, text: str, note: str) -> Compound:
    """Q1 and Q2: a check changes nothing for tickets drawn before training."""
    parts = [part for method in ("grasp", "snip") for part in _unmoved(q, check, method)]
    return every(f"{q}-initial-tickets-{check}", text, parts, note=note)


def _lottery_tickets() -> tuple[Ordering, Ordering]:
    """Q1 and Q2 for lottery tickets, which the paper counts among the initial ones; the sanity table runs them."""
    clean = cell("corrected", SANITY_NETWORK, SANITY_DATASET, "lt", SANITY_RATIO)
    data, places = (
        replace(
            same(f"{q}-lottery-tickets-{check}", f"{clean}/{check}", clean, 1.0),
            text=text,
            note="no number of lottery tickets under a check was available; table sanity runs this cell",
        )
        for q, check, text in (
            ("q1", "corrupted", "Lottery tickets hardly use their data: random labels and pixels change nothing"),
            ("q2", "rearranged", "Which weights of a layer a lottery ticket keeps does not matter"),
        )
    )
    return data, places


def _random_match() -> Compound:
    """Q3."""
    parts: list[Claim] = []
    for n, d in GRID:
        for p in RATIOS:
            for rival in ("grasp", "snip"):
                ours, theirs = cell("answer42", n, d, "random", p), cell("answer42", n, d, rival, p)
                parts.append(beats(f"q3-{n}-{d}-{100 * p:g}-{rival}", ours, theirs, by=-NOISE[d]))
    return every(
        "q3-random-matches",
        "Random tickets with smart ratios match or beat SNIP and GraSP",
        parts,
        note="in the reproduction's numbers -0.23 to +1.12 against GraSP, +0.09 to +54.7 against SNIP",
    )


def _reproducible() -> Compound:
    """Q4."""
    parts: list[Claim] = [
        same(
            f"q4-{n}-{d}-{100 * p:g}",
            cell("answer42", n, d, "random", p),
            cell("published", n, d, "random", p),
            NOISE[d],
            source="reproduction",
        )
        for n, d in GRID
        for p in RATIOS
    ]
    return every(
        "q4-reproducible",
        "The random tickets of the reproduction agree with the paper's",
        parts,
        source="reproduction",
        note="the two protocols differ in weight decay, batch size, initial weights and depth constant",
    )


def _partial_pass() -> Compound:
    """Q5: no number was published; the sanity table runs it."""
    method = "lr-rewinding"
    clean = cell("corrected", SANITY_NETWORK, SANITY_DATASET, method, SANITY_RATIO)
    parts: list[Claim] = [beats(f"q5-{check}", clean, f"{clean}/{check}") for check in ("half-dataset", "shuffled")]
    return every(
        "q5-partially-trained-pass",
        "Partially trained tickets pass the checks: they lose accuracy with half of the data or shuffled weights",
        parts,
        note=(
            "the reproduction kept no log of a run with half of the data or shuffled weights, and the paper's own "
            "table of them was not available; table sanity runs both"
        ),
    )


def _hybrid() -> Compound:
    """Q6."""
    parts: list[Claim] = [
        beats(
            f"q6-{n}-{d}-{100 * p:g}",
            cell("answer42", n, d, "hybrid", p),
            cell("answer42", n, d, "lr-rewinding", p),
        )
        for n, d in GRID
        for p in RATIOS
    ]
    note = "in print hybrid tickets are 0.09 to 2.13 points behind in nine of twelve cells; they gain at 98 % in three"
    return every("q6-hybrid-improves", "Hybrid tickets improve on learning-rate rewinding", parts, note=note)


def _hybrid_at_98() -> Compound:
    """Q6 at the one sparsity for which the authors show a large gain."""
    cells = (("vgg19", "cifar10"), ("vgg19", "cifar100"), ("resnet32", "cifar100"))
    parts: list[Claim] = [
        beats(f"q6-98-{n}-{d}", cell("answer42", n, d, "hybrid", 0.98), cell("answer42", n, d, "lr-rewinding", 0.98))
        for n, d in cells
    ]
    return every("q6-hybrid-improves-at-98", "Hybrid tickets improve on rewinding at 98 %", parts)


def _no_collapse() -> Compound:
    """Q7."""
    hybrid, rewound = (cell("answer42", "vgg19", "cifar10", m, 0.98) for m in ("hybrid", "lr-rewinding"))
    parts: list[Claim] = [
        chance("q7-hybrid", hybrid, collapsed=False),
        chance("q7-rewinding", rewound, collapsed=True),
    ]
    return every(
        "q7-smart-ratios-avoid-collapse",
        "At 98 % on VGG19, magnitude over all layers collapses and magnitude within smart ratios does not",
        parts,
        source="implied",
    )


def _snip_collapses() -> Compound:
    """Q8."""
    snip = cell("answer42", "vgg19", "cifar100", "snip", 0.98)
    parts: list[Claim] = [
        beats(f"q8-{m}", cell("answer42", "vgg19", "cifar100", m, 0.98), snip, by=10.0, source="tables")
        for m in ("grasp", "random")
    ]
    return every(
        "q8-snip-collapses",
        "At 98 % on VGG19, CIFAR-100, GraSP and random tickets are more than ten points above SNIP",
        parts,
        source="tables",
    )


def _profiles() -> Compound:
    """Q9: recalled, and untestable from stored numbers; the table ``profiles`` runs it."""
    parts: list[Claim] = []
    for n in NETWORKS:
        descending = cell("published", n, "cifar10", "random", 0.98)
        balanced, ascending = (f"published/{n}-cifar10/random-{p}/98" for p in ("balanced", "ascending"))
        for name, (one, other) in {
            "descending": (descending, balanced),
            "balanced": (balanced, ascending),
        }.items():
            text = f"the {name} profile beats the next on {NETWORKS[n]} at 98 %"
            side: dict[str, Any] = {"better": one, "worse": other, "provenance": "recalled"}
            parts.append(Ordering(id=f"q9-{n}-{name}", table=SENTENCE, text=text, source="figure", **side))
    return Compound(
        id="q9-descending-is-best",
        table=SENTENCE,
        text="Keeping more in early layers beats balanced shares, and these beat ascending ones",
        source="figure",
        provenance="recalled",
        note=(
            "the paper's figure was not available and neither code base keeps its numbers; table profiles runs them, "
            "where the authors' ascending ResNet32 keeps nothing of its first layer and stays at chance (trap 12)"
        ),
        parts=tuple(parts),
    )


def _falls() -> Compound:
    """Q10."""
    parts: list[Claim] = [
        Trend(
            id=f"q10-{m}-{n}-{d}",
            table=SENTENCE,
            text=f"{METHOD[m]} loses accuracy from 90 to 98 % on {NETWORKS[n]}, {DATASETS[d]}",
            source="tables",
            experiments=tuple(cell("answer42", n, d, m, p) for p in RATIOS),
        )
        for m in ("random", "snip", "grasp", "lr-rewinding", "hybrid")
        for n, d in GRID
    ]
    return every("q10-falls-with-sparsity", "Accuracy falls with sparsity for every method", parts, source="tables")


def _hybrid_beats_random() -> Compound:
    """Q11."""
    parts: list[Claim] = [
        beats(
            f"q11-{d}-{100 * p:g}",
            cell("answer42", "resnet32", d, "hybrid", p),
            cell("answer42", "resnet32", d, "random", p),
            source="tables",
        )
        for d in ("cifar10", "cifar100")
        for p in RATIOS
    ]
    text, note = "On ResNet32, hybrid tickets beat random tickets", "in print by 0.76 to 2.89 points in all six cells"
    return every("q11-hybrid-beats-random", text, parts, source="tables", note=note)


SENTENCES: tuple[Claim, ...] = (
    _insensitive(
        "q1",
        "corrupted",
        "SNIP and GraSP hardly use their data: random labels and pixels change nothing",
        "in print within 0.8 points in 29 of 30 cells; SNIP on VGG19 at 98 % falls from 89.56 to 49.13 (one run each)",
    ),
    _insensitive(
        "q2",
        "rearranged",
        "Which weights of a layer SNIP and GraSP keep does not matter: rearranged masks change nothing",
        "in print within 0.8 points in 29 of 30 cells; SNIP on VGG19 at 98 % loses 1.15 points (one run each)",
    ),
    *_lottery_tickets(),
    _random_match(),
    _reproducible(),
    _partial_pass(),
    _hybrid(),
    _hybrid_at_98(),
    _no_collapse(),
    _snip_collapses(),
    _profiles(),
    _falls(),
    _hybrid_beats_random(),
)


def _sanity() -> list[Claim]:
    """The sanity table: who notices which check."""
    source, table, points = "abstract; protocol of this suite", "sanity", 1.0

    def at(method: str, check: str = "") -> str:
        return cell("corrected", SANITY_NETWORK, SANITY_DATASET, method, SANITY_RATIO, check)

    claims: list[Claim] = []
    for method in ("snip", "grasp", "lt"):
        for check in ("random-labels", "corrupted", "rearranged"):
            name = f"sanity-{method}-{check}"
            claims.append(same(name, at(method, check), at(method), points, table=table, source=source))
    name = "sanity-random-rearranged"
    claims.append(same(name, at("random", "rearranged"), at("random"), points, table=table, source=source))
    for rival in ("snip", "grasp"):
        name = f"sanity-random-matches-{rival}"
        claims.append(beats(name, at("random"), at(rival), by=-points, table=table, source=source))
    for check in ("corrupted", "half-dataset", "rearranged", "shuffled"):
        name = f"sanity-rewinding-{check}"
        claims.append(beats(name, at("lr-rewinding"), at("lr-rewinding", check), table=table, source=source))
    dense = f"corrected/{SANITY_NETWORK}-{SANITY_DATASET}/dense"
    claims.append(chance("sanity-dense", dense, collapsed=False, table=table))
    name = "sanity-dense-and-rewinding"
    claims.append(same(name, at("lr-rewinding"), dense, points, table=table, source=source))
    return claims


SANITY: tuple[Claim, ...] = tuple(_sanity())


def of_table(name: str) -> list[Claim]:
    """The sentences that stand beside a table's numbers, as claims of that table."""
    beside = {
        "snip": ("q8-snip-collapses",),
        "partially-trained": ("q6-hybrid-improves", "q6-hybrid-improves-at-98", "q7-smart-ratios-avoid-collapse"),
        "comparison": ("q3-random-matches", "q10-falls-with-sparsity", "q11-hybrid-beats-random"),
        "profiles": ("q9-descending-is-best",),
    }
    out: list[Claim] = []
    if name in ("grasp", "snip"):  # single logs: the differences are what can be tested (sheet 6.3)
        for q, check in (("q1", "corrupted"), ("q2", "rearranged")):
            text = f"{METHOD[name]} {SPOKEN_CHECK[check]} ends as accurate as without"
            out.append(every(f"{name}-{q}-{check}", text, _unmoved(q, check, name)))
    out += [replace(s, id=f"{name}-{s.id}") for s in SENTENCES if s.id in beside.get(name, ())]
    return [replace(s, table=name) for s in out]
