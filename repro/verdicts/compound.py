"""A sentence made of several claims stands when enough of its parts stand."""

from __future__ import annotations

import math

from repro.verdicts.dominance import dominance
from repro.verdicts.run_index import SCALES
from repro.verdicts.verdict import POSITIVE, Label, Verdict
from shared.claims import Compound, Dominance, Ordering, Steadier, Trend


def judge_compound(claim: Compound, parts: tuple[Verdict, ...], *, published: bool = False) -> Verdict:
    """The verdict on a compound, from the (corrected) verdicts on its parts.

    SUPPORTED when at least ``at_least`` parts stand, CONTRADICTED when so many fall that they no longer can; of a
    dominance see ``repro.verdicts.dominance``. The scale is the lowest among the parts that spoke.
    """
    untested = sum(p.label == "NOT TESTED" for p in parts)
    label, text = dominance(*parts) if isinstance(claim, Dominance) else _enough(claim, parts)
    if label is None and untested:
        label, text = "NOT TESTED", _untested(claim, len(parts), untested, text, published=published)
    elif label is None:
        label = "NOT SIGNIFICANT" if published else "INCONCLUSIVE"
        text += _leanings(claim, parts) if published else ""
    spoke = [p.scale for p in parts if p.scale is not None and p.label != "NOT TESTED"]
    return Verdict(
        claim=claim,
        label=label,
        reason=text + ".",
        scale=max(spoke, key=SCALES.index, default=None),
        n=min((p.n for p in parts if p.n), default=0),
        deviations=tuple(dict.fromkeys(d for p in parts for d in p.deviations)),
        identities=tuple(dict.fromkeys(i for p in parts for i in p.identities)),
        cost_seconds=sum(p.cost_seconds for p in parts),
        gating=all(p.gating for p in parts),
        parts=parts,
        published=published,
    )


def _enough(claim: Compound, parts: tuple[Verdict, ...]) -> tuple[Label | None, str]:
    """Whether enough parts stand or fall, and how many do."""
    need = len(parts) if claim.at_least is None else claim.at_least
    stand, fall = sum(p.label in POSITIVE for p in parts), sum(p.contradicted for p in parts)
    text = f"{stand} of {len(parts)} parts stand and {fall} fall; the sentence needs {need}"
    if stand >= need:
        return "SUPPORTED", text
    return "CONTRADICTED" if len(parts) - fall < need else None, text


def _untested(claim: Compound, parts: int, untested: int, text: str, *, published: bool) -> str:
    """Why a sentence is not tested; where nothing at all is known, what the claim's note says of that."""
    if not published and untested == parts:
        return f"None of its {parts} parts has evidence"
    if not published:
        return f"{text}; {untested} {'part has' if untested == 1 else 'parts have'} no evidence"
    if untested < parts:
        return f"{text}; of {untested} no number was published"
    return f"No number was published for any of its {parts} parts" + (f": {claim.note}" if claim.note else "")


def _leanings(claim: Compound, parts: tuple[Verdict, ...]) -> str:
    """How the published numbers of the parts that cannot be told from chance lie, read as printed."""
    spoken = parts[:2] if isinstance(claim, Dominance) else parts  # its third part speaks for the other side
    found = [lean for p in spoken if not p.contradicted and p.label not in POSITIVE and (lean := leans(p)) is not None]
    if not found:
        return ""
    if len(found) == 1:
        return f"; as printed, the undecided one {'agrees with' if found[0] else 'goes against'} it"
    some = f"all {len(found)}" if all(found) else f"{sum(found)} of the {len(found)}"
    return f"; as printed, {some} undecided agree with it"


def leans(verdict: Verdict) -> bool | None:
    """Whether a published difference or trend has the direction of its claim; ``None`` if it has none."""
    claim, mean = verdict.claim, verdict.mean
    if mean is None or math.isnan(mean):
        return None
    if isinstance(claim, Ordering):
        return abs(mean) <= claim.within if claim.within is not None else mean > claim.by
    return mean > 0 if isinstance(claim, Trend | Steadier) else None
