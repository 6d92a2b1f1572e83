"""A sentence made of several claims stands when enough of its parts stand."""

from __future__ import annotations

from repro.verdicts.run_index import SCALES
from repro.verdicts.verdict import Label, Verdict
from shared.claims import Compound


def judge_compound(claim: Compound, parts: tuple[Verdict, ...], *, published: bool = False) -> Verdict:
    """The verdict on a compound, from the (corrected) verdicts on its parts.

    SUPPORTED when at least ``at_least`` parts stand, CONTRADICTED when so many fall that they no longer can. The scale
    is the lowest among the parts that spoke.
    """
    need = len(parts) if claim.at_least is None else claim.at_least
    stand = sum(p.label in ("REPRODUCED", "SUPPORTED", "HOLDS") for p in parts)
    fall = sum(p.contradicted for p in parts)
    untested = sum(p.label == "NOT TESTED" for p in parts)
    text = f"{stand} of {len(parts)} parts stand and {fall} fall; the sentence needs {need}"
    label: Label
    if stand >= need:
        label = "SUPPORTED"
    elif len(parts) - fall < need:
        label = "CONTRADICTED"
    elif untested:
        label, text = "NOT TESTED", f"{text}; {untested} have no evidence"
    else:
        label = "NOT SIGNIFICANT" if published else "INCONCLUSIVE"
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
