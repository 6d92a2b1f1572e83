"""The correction of a table for its many tests (Holm): what chance alone would explain is not called a finding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from repro.verdicts.multiplicity import holm
from repro.verdicts.tested import Tested
from repro.verdicts.verdict import Label, Verdict
from repro.verdicts.wording import p_text


def correct(tested: Sequence[Tested]) -> list[Verdict]:
    """Verdicts after Holm's correction.

    Values: NOT REPRODUCED is corrected over the values of the table; REPRODUCED is not (the table's joint statement
    is an intersection-union test). Orderings, trends and spreads: SUPPORTED and CONTRADICTED are corrected, each over
    the table's sentences. Claims that decide nothing (``gating=False``) are no part of a family.
    """
    verdicts = [_carried(t) for t in tested]

    def family(label: Label, kinds: tuple[str, ...], p_of: Callable[[Tested], float | None]) -> None:
        members = [
            (i, p)
            for i, t in enumerate(tested)
            if t.verdict.kind in kinds and t.verdict.gating and (p := p_of(t)) is not None
        ]
        for (i, p), corrected in zip(members, holm([p for _, p in members]), strict=True):
            if tested[i].verdict.label == label:
                verdicts[i] = _corrected(verdicts[i], p, corrected, len(members))

    family("NOT REPRODUCED", ("value",), lambda t: t.p_against)
    family("SUPPORTED", ("ordering", "trend", "steadier"), lambda t: t.p_for)
    family("CONTRADICTED", ("ordering", "trend", "steadier"), lambda t: t.p_against)
    return verdicts


def _carried(tested: Tested) -> Verdict:
    """The verdict with the p-value of the test that carries its label, also where it decides nothing."""
    against = tested.p_against
    return replace(tested.verdict, p=against) if tested.verdict.contradicted and against is not None else tested.verdict


def _corrected(verdict: Verdict, p: float, corrected: float, size: int) -> Verdict:
    if corrected <= verdict.level:
        return replace(verdict, p=p, p_corrected=corrected)
    alone = "" if p_text(p) in verdict.reason else f" alone ({p_text(p)})"
    reason = (
        f"{verdict.reason.rstrip('.')}{alone}; but this table makes {size} such tests, and over all of them chance "
        f"could explain it ({p_text(corrected)} after Holm's correction)."
    )
    return replace(verdict, label="INCONCLUSIVE", detail="", reason=reason, p=p, p_corrected=corrected)
