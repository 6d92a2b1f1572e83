"""Counts and laws that need no training: measured by the product's own code, equal or broken."""

from __future__ import annotations

import math

from repro.verdicts.verdict import Label, Verdict
from shared.claims import Exact
from shared.errors import ReproError


def judge_exact(claim: Exact) -> Verdict:
    """HOLDS where the measured number equals the published one within the stated tolerance, else BROKEN.

    A measurement that lacks something the user can provide is NOT TESTED; one that crashes is BROKEN, so that one bad
    law cannot hide the others.
    """
    try:
        measured = float(claim.measure())
    except ReproError as error:
        return Verdict(claim=claim, label="NOT TESTED", reason=f"It could not be measured: {error}")
    except Exception as error:
        return Verdict(claim=claim, label="BROKEN", reason=f"Measuring it failed: {type(error).__name__}: {error}")
    gap = abs(measured - claim.value)
    holds = math.isfinite(measured) and gap <= claim.tolerance
    reason = "Exactly as published." if holds and not claim.tolerance else _compared(claim, measured, gap, holds)
    label: Label = "HOLDS" if holds else "BROKEN"
    return Verdict(claim=claim, label=label, reason=reason, n=1, mean=measured, margin=claim.tolerance)


def _compared(claim: Exact, measured: float, gap: float, holds: bool) -> str:
    """Both numbers and their difference, for people."""
    unit = f" {claim.unit}" if claim.unit not in ("", "count") else ""
    slack = f" within {claim.tolerance:g}" if claim.tolerance else " exactly"
    text = f"Computed {_plain(measured)}{unit}, published {_plain(claim.value)}"
    return f"{text}: equal{slack}." if holds else f"{text}: off by {gap:,.6g}{unit}, not equal{slack}."


def _plain(x: float) -> str:
    """A number in full, thousands apart."""
    return f"{int(x):,}" if float(x).is_integer() else f"{x:.12g}"
