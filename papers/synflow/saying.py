"""The kinds of sentences that are said about SynFlow, each as a claim."""

from __future__ import annotations

from shared.claims import Claim, Collapse, Compound, Ordering

SENTENCE = "sentences"


def beats(id: str, better: str, worse: str, text: str, *, table: str = SENTENCE, source: str = "") -> Ordering:
    """``better`` ends with a higher test accuracy than ``worse``."""
    return Ordering(id=id, table=table, text=text, source=source, better=better, worse=worse)


def chance(id: str, experiment: str, text: str, p: float, *, table: str = SENTENCE, collapsed: bool = True) -> Collapse:
    """A network ends at chance, or does not."""
    return Collapse(
        id=id, table=table, text=text, source="sheet 5.1", experiment=experiment, chance=p, collapsed=collapsed
    )


def compound(id: str, text: str, source: str, parts: list[Claim], note: str = "", table: str = SENTENCE) -> Compound:
    """A sentence that stands when all its parts do."""
    return Compound(id=id, table=table, text=text, source=source, note=note, parts=tuple(parts))
