"""What came out of a run."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from repro.evidence.curve import Curve
from repro.evidence.extra import Extra
from repro.evidence.layers import Layers
from repro.evidence.part import Part

Status = Literal["finished", "diverged"]


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


class Outcome(Part):
    """What came out.

    ``best`` is taken only over epochs in which the final sparsity was in force. ``curve`` maps a column name
    (``epoch``, ``lr``, ``test_correct``, ``test_loss``, ``train_correct``, ``train_loss``, ``penalty``,
    ``sparsity_before``, ``sparsity_after``, ``remaining``, ``test_correct_after``) to one value per epoch;
    ``test_correct_after`` is the evaluation after that epoch's pruning, ``None`` where nothing was pruned. Runs of 100
    classes and more have ``test_top5`` too: the images whose label is among the five highest logits. Runs that choose
    an epoch on held-out images have ``val_correct``.
    ``layers`` is a sequence, ``curve`` and ``extra`` are mappings; of records that were read, the three are parsed at
    the first access.
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
    layers: Layers
    curve: Curve
    collapse: str | None = None
    extra: Extra = Field(default_factory=Extra)

    def top5_percent(self, score: Score) -> float | None:
        """Top-5 accuracy in percent at the epoch of a score; ``None`` where the run did not measure it."""
        counts = dict(zip(self.curve.get("epoch", []), self.curve.get("test_top5", []), strict=False))
        found = counts.get(score.epoch)
        return None if found is None else 100 * found / score.total
