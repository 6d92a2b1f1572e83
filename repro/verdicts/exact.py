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
    unit = f" {claim.unit}" if claim.unit else ""
    slack = f" within {claim.tolerance:g}" if claim.tolerance else " exactly"
    text = f"Computed {measured:.12g}{unit}, published {claim.value:.12g}"
    reason = f"{text}: equal{slack}." if holds else f"{text}: off by {gap:.6g}{unit}, not equal{slack}."
    label: Label = "HOLDS" if holds else "BROKEN"
    return Verdict(claim=claim, label=label, reason=reason, n=1, mean=measured, margin=claim.tolerance)
