"""What Frankle et al. (2020, "Why are we missing the mark?") say of pruning at initialisation (sheet, Q14 to Q16)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from papers.synflow.protocols import STUDENT_EXPONENTS, exponent
from papers.synflow.saying import SENTENCE, beats, chance, compound
from papers.synflow.settings import SPOKEN
from shared.claims import Claim, Compound, Ordering

AT_INITIALISATION = ("snip", "grasp", "synflow")
SOURCE = "Frankle et al. 2020"
ABSTRACT = f"{SOURCE}, abstract"
SPARSITIES = (30, 60, 90, 98)
"""Percent, of the third party's ablations (sheet 5.7)."""


def ablations() -> tuple[Compound, ...]:
    """Q14 and Q16: what shuffled, re-drawn and inverted masks do."""
    same = [_unmoved("q14", p, a, s, ABSTRACT) for p in ("mag", "snip", "grasp") for a in ("shuffle", "reinit")
            for s in SPARSITIES]  # fmt: skip
    dead: list[Claim] = [
        chance(f"q16-{p}-{s}", f"ablation/{p}-invert/{s}", f"Inverted {SPOKEN[p]} at {s} % is at chance", 0.1)
        for p in ("mag", "snip")
        for s in SPARSITIES
    ]
    either = [_unmoved("q16", "grasp", "invert", s, SOURCE) for s in SPARSITIES]
    return (
        compound("q14-only-rates-matter", "Shuffled or re-initialised masks do as well", ABSTRACT, same),
        compound("q16-inversion", "Inverted SNIP and Mag are at chance", SOURCE, dead),
        compound("q16-grasp", "Inverted GraSP does as well as GraSP", SOURCE, either,
                 "either sign of GraSP leaves a network that trains (trap 5)"),
    )  # fmt: skip


def _unmoved(start: str, pruner: str, ablation: str, sparsity: int, source: str) -> Claim:
    """An ablation that costs and gains no more than a point."""
    return Ordering(
        id=f"{start}-{pruner}-{ablation}-{sparsity}",
        table=SENTENCE,
        text=f"{SPOKEN[pruner]} at {sparsity} %: {ablation} changes the accuracy by at most one point",
        source=source,
        better=f"ablation/{pruner}-{ablation}/{sparsity}",
        worse=f"ablation/{pruner}-none/{sparsity}",
        within=1.0,
    )


def between(start: str, who: str, at: Sequence[tuple[str, str]], table: str = SENTENCE) -> Iterator[Compound]:
    """Q15: each method that prunes before training, above random pruning and below magnitude after training.

    Args:
        start: of the ids.
        who: the network in words.
        at: the compression in words, and the experiment's id with ``{}`` in the pruner's place.
    """
    for level, experiment in at:
        parts: list[Claim] = []
        for pruner in AT_INITIALISATION:
            sides = (("rand", pruner, "rand", "random pruning"), ("mag", "mag", pruner, SPOKEN[pruner]))
            for end, better, worse, than in sides:
                name = "Mag after training" if better == "mag" else SPOKEN[better]
                parts.append(
                    beats(
                        f"{start}-{level.removeprefix('10^')}-{pruner}-{end}",
                        experiment.format(better),
                        experiment.format(worse),
                        f"{who} at {level}: {name} is more accurate than {than}",
                        table=table,
                        source=ABSTRACT,
                    )
                )
        text = f"{who} at {level}: SNIP, GraSP and SynFlow end above random pruning and below magnitude after training"
        yield compound(f"{start}-{level.removeprefix('10^')}", text, ABSTRACT, parts, table=table)


def students() -> Iterator[Compound]:
    """Q15 at the students' sparsities, where SynFlow has one round (trap 4)."""
    at = [(f"10^{c:g}", f"student/vgg16-100/{{}}/{exponent(c)}") for c in STUDENT_EXPONENTS]
    return between("q15", "VGG-16 without batch normalisation", at)
