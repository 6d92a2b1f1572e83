"""One finished run as one JSON line."""

from __future__ import annotations

from pydantic import Field

from repro.evidence.layers import Layer
from repro.evidence.outcome import Outcome, Score, Status
from repro.evidence.part import Part
from repro.evidence.quantised import int8_accuracy
from repro.evidence.stages import stage_metric
from shared.protocol import Protocol

__all__ = ["WITH_BEST", "Cost", "Environment", "Layer", "Outcome", "Part", "Record", "Score", "Status"]

WITH_BEST = ("top1_accuracy", "top1_error", "top5_accuracy", "top5_error")
"""Metrics whose best value over the epochs is another than the last; all others are the same for both."""


class Environment(Part):
    """Where it ran. ``data`` maps each split to the SHA-256 of its decoded arrays."""

    versions: dict[str, str]
    device: str
    commit: str | None = None
    dirty: bool | None = None
    data: dict[str, str] = Field(default_factory=dict)
    platform: str = ""


class Cost(Part):
    """What it took; ``seconds`` is the sum over all sessions of the run, ``energy_joules`` only where it is known."""

    seconds: float
    epochs: int
    energy_joules: float | None = None


class Record(Part):
    """One finished run: identity, protocol, outcome, environment, cost."""

    schema_version: int = 1
    identity: str
    protocol: Protocol
    outcome: Outcome
    environment: Environment
    cost: Cost
    finished_at: str

    def metric(self, name: str, *, epoch: int | None = None, which: str = "last") -> float | None:
        """The value of a claim's metric in this run, in the claim's unit; ``None`` where the run cannot tell.

        Args:
            name: a metric as named in claims.csv.
            epoch: for ``..._at_epoch`` metrics.
            which: ``last`` or ``best``; top-5 is read at the best epoch by top-1, which is one network's two numbers.
        """
        o, curve = self.outcome, self.outcome.curve
        if name in WITH_BEST:
            score = o.best if which == "best" else o.last
            percent = score.percent if name.startswith("top1") else o.top5_percent(score)
            return 100 - percent if name.endswith("error") and percent is not None else percent
        if name == "remaining_weights":
            return float(o.remaining)
        if name == "int8_top1_accuracy":
            return int8_accuracy(self.protocol, o)
        if name == "final_sparsity":
            return 100 * (1 - o.remaining / o.prunable)
        if name == "train_top1_accuracy_running" and curve.get("train_correct"):
            return 100 * curve["train_correct"][-1] / o.train_total
        if name == "top1_accuracy_at_epoch" and epoch in curve.get("epoch", []):
            return 100 * curve["test_correct"][curve["epoch"].index(epoch)] / o.last.total
        return stage_metric(self.protocol, o, name)
