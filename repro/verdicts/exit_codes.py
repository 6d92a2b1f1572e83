"""The exit code of ``repro verify`` that a set of verdicts calls for (DESIGN 5)."""

from __future__ import annotations

from collections.abc import Iterable

from repro.verdicts.verdict import Verdict

NOTHING_CONTRADICTED = 0
CONTRADICTED = 1
EVIDENCE_MISSING = 3


def exit_code(verdicts: Iterable[Verdict], *, strict: bool = False, failed_runs: bool = False) -> int:
    """The exit code for these verdicts.

    A contradiction outranks missing evidence: it will not go away by adding runs of other claims. Numbers that are
    only recalled (``gating=False``) never count.

    Args:
        verdicts: of everything that was asked for.
        strict: undecided claims (INCONCLUSIVE, UNRESOLVABLE, SCREENED, NOT SIGNIFICANT) count as contradicted.
        failed_runs: a run that was needed failed or was interrupted by a fault.

    Returns:
        0 nothing contradicted, 1 something contradicted, 3 evidence missing or runs failed.
    """
    gating = [v for v in verdicts if v.gating]
    if any(v.contradicted for v in gating):
        return CONTRADICTED
    missing = failed_runs or any(map(lacks_evidence, gating))
    if strict and any(not v.decided and v.label != "NOT TESTED" for v in gating):
        return CONTRADICTED
    return EVIDENCE_MISSING if missing else NOTHING_CONTRADICTED


def lacks_evidence(verdict: Verdict) -> bool:
    """Whether a claim, or a part that an undecided sentence waits for, has no run at all.

    A number whose runs exist at a lower scale lacks nothing that was asked for: it is shown, and not judged.
    """
    if verdict.label != "NOT TESTED":
        return False
    return any(map(lacks_evidence, verdict.parts)) if verdict.parts else not verdict.n
