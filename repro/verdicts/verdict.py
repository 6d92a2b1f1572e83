"""One verdict: what the evidence says about one claim, in numbers and in one plain sentence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from shared.claims import Claim, Collapse, Compound, Deviation, Exact, Ordering, Steadier, Trend, Value
from shared.protocol import Scale

SCHEMA_VERSION = 1

Label = Literal[
    "REPRODUCED",
    "NOT REPRODUCED",
    "UNRESOLVABLE",
    "INCONCLUSIVE",
    "SCREENED",
    "NOT TESTED",
    "SUPPORTED",
    "CONTRADICTED",
    "HOLDS",
    "BROKEN",
    "NOT SIGNIFICANT",
]
"""The binding labels (DESIGN 5); NOT SIGNIFICANT is only given on the published numbers."""

Kind = Literal["value", "ordering", "trend", "collapse", "steadier", "exact", "invariant", "compound"]

POSITIVE: frozenset[str] = frozenset({"REPRODUCED", "SUPPORTED", "HOLDS"})
NEGATIVE: frozenset[str] = frozenset({"NOT REPRODUCED", "CONTRADICTED", "BROKEN"})

Interval = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the evidence says about one claim.

    Attributes:
        claim: the claim judged.
        label: one of the binding labels.
        reason: one sentence a student understands.
        detail: ``higher``/``lower``, ``consistent``/``inconsistent`` or ``ambiguous``, where the label needs it.
        scale: the scale of the runs behind it; ``None`` where no run is needed or exists.
        n, mean, sd: our runs; for an ordering the mean is that of the difference and ``n`` the smaller side.
        interval: of the difference ours - published (of an ordering: better - worse); of our mean where the source
            gives nothing to compare with. Its confidence is ``1 - 2 * level``.
        level: nominal one-sided level of each test, 0.05 unless the seeds were looked at before.
        margin: the equivalence margin with the rounding of the published figure added.
        prediction: where our mean should fall, given the published numbers alone, with 95 % probability.
        p: p-value of the test that carries the label (for a value: of equivalence), before correction.
        p_corrected: the same after Holm's correction over the table, where it applies.
        deviations: settings in which the runs differ from the published protocol.
        flags: what was missing or assumed, one plain sentence each.
        second_line: the same decision with strength borrowed from the other cells; never replaces the first.
        needed_n: seeds after which a decision is expected; ``None`` if none is foreseen or none is needed.
        best_possible: half-width of the narrowest interval that any number of our runs could be expected to leave.
        identities: of the runs behind the verdict.
        cost_seconds: what those runs took.
        gating: ``False`` where the published number is only recalled or read off a figure: it decides nothing.
        parts: verdicts on the parts of a compound claim.
        published: ``True`` where the published numbers were judged, not our runs.
    """

    claim: Claim
    label: Label
    reason: str
    detail: str = ""
    scale: Scale | None = None
    n: int = 0
    mean: float | None = None
    sd: float | None = None
    interval: Interval | None = None
    level: float = 0.05
    margin: float | None = None
    prediction: Interval | None = None
    p: float | None = None
    p_corrected: float | None = None
    deviations: tuple[Deviation, ...] = ()
    flags: tuple[str, ...] = ()
    second_line: str = ""
    needed_n: int | None = None
    best_possible: float | None = None
    identities: tuple[str, ...] = ()
    cost_seconds: float = 0.0
    gating: bool = True
    parts: tuple[Verdict, ...] = ()
    published: bool = False

    @property
    def kind(self) -> Kind:
        """The kind of claim."""
        return kind_of(self.claim)

    @property
    def text(self) -> str:
        """The label as printed: direction where it has one, and the scale where that is not the paper's."""
        scale = f" at {self.scale} scale" if self.scale in ("demo", "reduced") and self.kind != "value" else ""
        text: str = self.label
        if self.detail:
            text = f"{text} {self.detail}" if self.label == "SCREENED" else f"{text} ({self.detail})"
        return text + (scale if self.label in ("SUPPORTED", "CONTRADICTED", "INCONCLUSIVE") else "")

    @property
    def decided(self) -> bool:
        """Whether the evidence speaks for or against the claim."""
        return self.label in POSITIVE or self.label in NEGATIVE

    @property
    def contradicted(self) -> bool:
        """Whether the evidence speaks against the claim."""
        return self.label in NEGATIVE

    def to_json(self) -> dict[str, Any]:
        """Plain values, versioned; numbers that are not finite become ``None``."""
        return {
            "schema_version": SCHEMA_VERSION,
            "claim": self.claim.id,
            "table": self.claim.table,
            "claim_text": self.claim.text,
            "kind": self.kind,
            "label": self.label,
            "detail": self.detail,
            "text": self.text,
            "published_numbers_only": self.published,
            "gating": self.gating,
            "scale": self.scale,
            "published": _published(self.claim),
            "n": self.n,
            "mean": _finite(self.mean),
            "sd": _finite(self.sd),
            "interval": _pair(self.interval),
            "interval_confidence": 1 - 2 * self.level,
            "margin": _finite(self.margin),
            "prediction_interval": _pair(self.prediction),
            "p": _finite(self.p),
            "p_corrected": _finite(self.p_corrected),
            "reason": self.reason,
            "flags": list(self.flags),
            "second_line": self.second_line,
            "needed_n": self.needed_n,
            "best_possible": _finite(self.best_possible),
            "deviations": [
                {"path": d.path, "published": d.published, "ours": d.ours, "material": d.material}
                for d in self.deviations
            ],
            "identities": list(self.identities),
            "cost_seconds": self.cost_seconds,
            "parts": [part.to_json() for part in self.parts],
        }


def kind_of(claim: Claim) -> Kind:
    """The kind of a claim, as named in JSON."""
    if isinstance(claim, Exact):
        return claim.kind
    kinds: dict[type[Claim], Kind] = {
        Value: "value",
        Ordering: "ordering",
        Trend: "trend",
        Collapse: "collapse",
        Steadier: "steadier",
        Compound: "compound",
    }
    for cls, kind in kinds.items():
        if isinstance(claim, cls):
            return kind
    raise TypeError(f"no verdict rule for claims of type {type(claim).__name__}")


def _published(claim: Claim) -> dict[str, Any] | None:
    if isinstance(claim, Value):
        return {"value": claim.value, "sd": claim.sd, "n": claim.n, "unit": claim.unit, "metric": claim.metric}
    if isinstance(claim, Exact):
        return {"value": claim.value, "sd": None, "n": None, "unit": claim.unit, "metric": claim.kind}
    return None


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _pair(interval: Interval | None) -> list[float | None] | None:
    return None if interval is None else [_finite(interval[0]), _finite(interval[1])]
