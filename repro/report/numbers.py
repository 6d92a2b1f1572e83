"""Numbers as they are printed, once for the terminal, Markdown, LaTeX and HTML alike.

Accuracies are in percent and differences in points, as in the claims; an empty cell is a dash.
"""

from __future__ import annotations

import math

from repro.verdicts.verdict import Verdict
from repro.verdicts.wording import num, signed, span
from shared.claims import Claim, Collapse, Compound, Dominance, Exact, Ordering, Steadier, Trend, Value

NOTHING = "–"


def published(of: Verdict | Claim) -> str:
    """The published number: ``87.39 ± 0.23 (n = 3)``; a dash for a sentence."""
    claim = of.claim if isinstance(of, Verdict) else of
    if isinstance(claim, Value):
        return measured(claim.value, claim.sd, _size(claim.n))
    if isinstance(claim, Exact):
        return count(claim.value)
    return NOTHING


def ours(verdict: Verdict) -> str:
    """What our runs gave: ``87.10 ± 0.31 (n = 3, paper)``; for an ordering the difference, for a trend its rank."""
    claim, mean = verdict.claim, verdict.mean
    if isinstance(claim, Compound):
        return _parts(verdict)
    if mean is None or not math.isfinite(mean):
        return NOTHING
    if isinstance(claim, Exact):
        return count(mean)
    behind = ", ".join(filter(None, (_size(verdict.n or None), verdict.scale or "")))
    if isinstance(claim, Ordering):
        return f"difference {signed(mean)}" + (f" ({behind})" if behind else "")
    if isinstance(claim, Steadier):
        return f"difference of spreads {signed(mean)}" + (f" ({behind})" if behind else "")
    if isinstance(claim, Trend):
        return f"trend {mean:+.2f}" + (f" ({behind})" if behind else "")
    return measured(mean, verdict.sd, behind)


def interval(verdict: Verdict) -> str:
    """The interval of the difference, with its confidence where that is not 90 %: ``[-0.74, 0.16]``."""
    if verdict.interval is None or not all(map(math.isfinite, verdict.interval)):
        return NOTHING
    confidence = 100 * (1 - 2 * verdict.level)
    return span(*verdict.interval) + ("" if abs(confidence - 90) < 0.05 else f" ({confidence:.3g} %)")


def margin(of: Verdict | Claim) -> str:
    """How far from the published number still counts as equal: ``±2.26`` (its rounding included)."""
    claim = of.claim if isinstance(of, Verdict) else of
    if isinstance(claim, Value):
        return f"±{num(claim.margin + claim.rounding)}"
    if isinstance(claim, Exact):
        return f"±{claim.tolerance:g}" if claim.tolerance else "exact"
    if isinstance(claim, Ordering) and (claim.within is not None or claim.by):
        return f"±{num(claim.within)}" if claim.within is not None else f"at least {num(claim.by)}"
    if isinstance(claim, Collapse):
        return f"chance {num(100 * claim.chance)}"
    return NOTHING


def measured(mean: float, sd: float | None, behind: str = "") -> str:
    """A mean with its spread and what is behind it."""
    spread = f" ± {num(sd)}" if sd is not None and math.isfinite(sd) else ""
    return f"{num(mean)}{spread}" + (f" ({behind})" if behind else "")


def count(value: float) -> str:
    """A count with thousands apart, or the shortest form of a number that is none."""
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) >= 1000 else f"{value:.10g}"


def sentence(text: str) -> str:
    """A sentence with typographic plus-minus signs."""
    return text.replace("+-", "±")


def _size(n: int | None) -> str:
    return f"n = {n}" if n else ""


def _parts(verdict: Verdict) -> str:
    if not verdict.parts:
        return NOTHING
    parts = verdict.parts[:2] if isinstance(verdict.claim, Dominance) else verdict.parts
    stand = sum(p.decided and not p.contradicted for p in parts)
    return f"{stand} of {len(parts)} parts stand"
