"""The rows of a verdict table as plain text, the same for every format."""

from __future__ import annotations

from repro.report import numbers
from repro.verdicts.verdict import Verdict

HEADER = ("claim", "published", "ours", "interval", "margin", "verdict", "reason")
SENTENCE_HEADER = ("sentence", "on the published numbers", "reason")


def cells(verdict: Verdict) -> tuple[str, ...]:
    """One verdict under ``HEADER``."""
    return (
        title(verdict),
        numbers.published(verdict),
        numbers.ours(verdict),
        numbers.interval(verdict),
        numbers.margin(verdict),
        label(verdict),
        numbers.sentence(verdict.reason),
    )


def sentence_cells(verdict: Verdict) -> tuple[str, ...]:
    """One verdict on the published numbers under ``SENTENCE_HEADER``."""
    return title(verdict), label(verdict), numbers.sentence(" ".join((verdict.reason, *verdict.flags)))


def title(verdict: Verdict) -> str:
    """The claim in words; what follows the colon of a number is its own column."""
    text = verdict.claim.text or verdict.claim.id
    return text.rpartition(": ")[0] or text if verdict.kind in ("value", "exact", "invariant") else text


def label(verdict: Verdict) -> str:
    """The label as printed, marked where it decides nothing."""
    return verdict.text if verdict.gating else f"{verdict.text}, not counted"
