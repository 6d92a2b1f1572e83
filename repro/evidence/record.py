"""One finished run as one JSON line."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from repro.evidence.curve import Curve
from repro.evidence.stages import stage_metric
from shared.protocol import Protocol

Status = Literal["finished", "diverged"]


class Part(BaseModel):
    """Base of the parts of a record: immutable; unknown fields are kept, so that newer records stay readable."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Score(Part):
    """An evaluation: correct answers out of ``total``, mean cross-entropy, and the epoch (whole run) it belongs to."""

    epoch: int
    correct: int
    total: int
    loss: float | None = None

    @property
    def percent(self) -> float:
        """Accuracy in percent."""
        return 100 * self.correct / self.total


class Layer(Part):
    """One prunable tensor at the end of the run."""

    name: str
    shape: tuple[int, ...]
    total: int
    remaining: int
    positions: int = 1


class Outcome(Part):
    """What came out.

    ``best`` is taken only over epochs in which the final sparsity was in force. ``curve`` maps a column name
    (``epoch``, ``lr``, ``test_correct``, ``test_loss``, ``train_correct``, ``train_loss``, ``penalty``,
    ``sparsity_before``, ``sparsity_after``, ``remaining``, ``test_correct_after``) to one value per epoch;
    ``test_correct_after`` is the evaluation after that epoch's pruning, ``None`` where nothing was pruned.
    """

    status: Status
    last: Score
    best: Score
    train_total: int
    prunable: int
    remaining: int
    parameters: int
    macs_dense: int
    macs_sparse: int
    layers: tuple[Layer, ...]
    curve: Curve
    collapse: str | None = None
    extra: dict[str, Any] = {}


class Environment(Part):
    """Where it ran. ``data`` maps each split to the SHA-256 of its decoded arrays."""

    versions: dict[str, str]
    device: str
    commit: str | None = None
    dirty: bool | None = None
    data: dict[str, str] = {}
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
            which: ``last`` or ``best``.
        """
        o, curve = self.outcome, self.outcome.curve
        if name in ("top1_accuracy", "top1_error"):
            percent = (o.best if which == "best" else o.last).percent
            return percent if name == "top1_accuracy" else 100 - percent
        if name == "remaining_weights":
            return float(o.remaining)
        if name == "final_sparsity":
            return 100 * (1 - o.remaining / o.prunable)
        if name == "train_top1_accuracy_running" and curve.get("train_correct"):
            return 100 * curve["train_correct"][-1] / o.train_total
        if name == "top1_accuracy_at_epoch" and epoch in curve.get("epoch", []):
            return 100 * curve["test_correct"][curve["epoch"].index(epoch)] / o.last.total
        return stage_metric(self.protocol, o, name)
