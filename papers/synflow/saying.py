"""The kinds of sentences that are said about SynFlow, each as a claim."""

from __future__ import annotations

from shared.claims import Claim, Collapse, Compound, Ordering, ReadEpoch

SENTENCE = "sentences"


def beats(
    id: str,
    better: str,
    worse: str,
    text: str,
    *,
    table: str = SENTENCE,
    source: str = "",
    which: ReadEpoch = "last",
) -> Ordering:
    """``better`` reaches a higher test accuracy than ``worse``, at the last epoch or at the best of each run."""
    return Ordering(id=id, table=table, text=text, source=source, better=better, worse=worse, which=which)


def at_best(id: str, better: str, worse: str, text: str, *, source: str = "") -> Ordering:
    """``beats`` at the best epoch of each run, which is what the paper's figures show (sheet 5.1, trap 6)."""
    return beats(id, better, worse, text, source=source, which="best")


def chance(id: str, experiment: str, text: str, p: float, *, table: str = SENTENCE, collapsed: bool = True) -> Collapse:
    """A network ends at chance, or does not."""
    return Collapse(
        id=id, table=table, text=text, source="sheet 5.1", experiment=experiment, chance=p, collapsed=collapsed
    )


def compound(id: str, text: str, source: str, parts: list[Claim], note: str = "", table: str = SENTENCE) -> Compound:
    """A sentence that stands when all its parts do."""
    return Compound(id=id, table=table, text=text, source=source, note=note, parts=tuple(parts))
