"""The reallocations of a finished run, read back from its record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.appendix import Run
from shared.protocol import Train

Counts = tuple[int, ...]
"""One number for each prunable tensor, in the order of the network."""


@dataclass(frozen=True)
class Event:
    """One reallocation of DSR or SET, in units (weights, or whole kernels).

    Attributes:
        epoch: from 1, over the whole run.
        step: iteration after which it happened, from 0.
        dropped, survivors, grown: K, R and G of each tensor.
        threshold: H that was used (of no meaning where a fraction is dropped).
    """

    epoch: int
    step: int
    dropped: Counts
    survivors: Counts
    grown: Counts
    threshold: float

    @property
    def moved(self) -> int:
        """Units dropped, over all tensors."""
        return sum(self.dropped)

    @property
    def before(self) -> Counts:
        """Active units of each tensor before the event."""
        return tuple(r + k for r, k in zip(self.survivors, self.dropped, strict=True))

    @property
    def after(self) -> Counts:
        """Active units of each tensor after it."""
        return tuple(r + g for r, g in zip(self.survivors, self.grown, strict=True))


def events(run: Run) -> list[Event]:
    """Every reallocation of a run, in order; empty for methods that have none, or happen after every step."""
    out: list[Event] = []
    for epoch in changes(run, "reallocation"):
        columns = (epoch[k] for k in ("step", "dropped", "survivors", "grown", "threshold"))
        for step, dropped, survivors, grown, threshold in zip(*columns, strict=True):
            k, r, g = (tuple(c) for c in (dropped, survivors, grown))
            out.append(Event(epoch["epoch"], step, dropped=k, survivors=r, grown=g, threshold=threshold))
    return out


def changes(run: Run, kind: str = "") -> list[Mapping[str, Any]]:
    """What a record says of each epoch in which masks changed; of one kind, or of all."""
    found: Sequence[Mapping[str, Any]] = run.outcome.extra.get("prunings") or ()
    return [e for e in found if kind in ("", e.get("prune"))]


def options(run: Run) -> Mapping[str, Any]:
    """The settings of the reallocation; empty where the run has none."""
    methods = [m for p in run.protocol.phases if isinstance(p, Train) for m in p.methods]
    return next((m.options for m in methods if m.name == "reallocate"), {})


def started_with(run: Run) -> Counts | None:
    """Active weights of each tensor before training; ``None`` where the record does not say."""
    masks = run.outcome.extra.get("masks") or {}
    return tuple(masks["kept_per_tensor"]) if "kept_per_tensor" in masks else None


def left_by_epoch(run: Run) -> tuple[list[int], list[Counts]]:
    """Active weights of each tensor at the start and after every epoch; both empty where the record does not say.

    An epoch without a change repeats the one before. A run without masks at the start begins with all its weights.
    """
    epochs = [int(e) for e in run.outcome.curve.get("epoch", ())]
    changed = {int(e["epoch"]): tuple(e["remaining"]) for e in changes(run) if "remaining" in e}
    totals = tuple(int(layer.total) for layer in run.outcome.layers)
    first = started_with(run) or totals
    if not epochs or not changed or any(len(c) != len(totals) for c in (first, *changed.values())):
        return [], []
    out = [first]
    for epoch in epochs:
        out.append(changed.get(epoch, out[-1]))
    return [0, *epochs], out
