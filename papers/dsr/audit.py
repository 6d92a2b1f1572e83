"""Whether a finished run kept the laws of reallocation, event by event, from what its record says (sheet 4.1, 4.2)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from papers.dsr.reallocations import Counts, Event, events, left_by_epoch, options, started_with
from shared.appendix import Run
from shared.protocol import Train
from shared.sparsity.reallocation import adapted
from shared.sparsity.units import unit_size
from shared.training.components.events import Clock

FIRST_THRESHOLD = 1e-3
"""H before the first event, where a protocol says no other (sheet 4.1)."""


def broken_laws(run: Run) -> list[str]:
    """The laws that some reallocation of this run broke, as sentences; empty if all held.

    Checked: events happened when they were due; what was active before one is what the last one left; nothing is lost
    (under ``within``: nothing for which its tensor had room), and under ``exact`` and ``within`` nothing won either;
    the threshold started as given and followed its rule; the record's count of active weights at the end of each epoch
    is that of the events.
    """
    happened, rule = events(run), options(run)
    if not happened:
        return []
    out = [*_times(run, happened), *_counts(run, happened), *_conserved(run, happened)]
    target = rule.get("target")
    if target is not None and not rule.get("exact_count"):
        if happened[0].threshold != rule.get("threshold", FIRST_THRESHOLD):
            out.append(f"The first threshold was {happened[0].threshold:g}, not the one that the run was given.")
        for event, following in pairwise(happened):
            if following.threshold != adapted(event.threshold, event.moved, int(target)):
                out.append(f"The threshold after iteration {event.step} is {following.threshold:g} against its rule.")
    return out


def _times(run: Run, happened: list[Event]) -> list[str]:
    rule = options(run)
    stop = rule.get("stop_epoch")
    clock = Clock(rule.get("period_epochs", [0]), rule["periods"], None if stop is None else int(stop))
    phase = next(
        p for p in run.protocol.phases if isinstance(p, Train) and any("periods" in m.options for m in p.methods)
    )
    epochs = min(phase.epochs, len(run.outcome.curve.get("epoch", ())))
    due = clock.iterations(epochs, -(-run.outcome.train_total // phase.batch_size))
    if [t for epoch in due for t in epoch] != [e.step for e in happened]:
        return [f"{len(happened)} events happened where {sum(map(len, due))} were due, or at other iterations."]
    return []


def _counts(run: Run, happened: list[Event]) -> list[str]:
    out = []
    for event, following in pairwise(happened):
        if following.before != event.after:
            out.append(f"What is active before iteration {following.step} is not what iteration {event.step} left.")
    if options(run).get("granularity", "weight") != "weight":
        return out  # events count units there, and the end of an epoch weights
    first = started_with(run)
    if first is not None and happened[0].before != first:
        out.append("The first event does not start from the initial masks.")
    last = {e.epoch: e for e in happened}
    by_epoch = dict(zip(*left_by_epoch(run), strict=True))
    out += [f"Epoch {n} ends with other counts than its last event." for n, e in last.items() if by_epoch[n] != e.after]
    return out


def _conserved(run: Run, happened: list[Event]) -> list[str]:
    out = []
    allocation, sizes = str(options(run).get("allocation", "")), units(run)
    for event in happened:
        surplus = sum(event.grown) - event.moved
        if surplus < 0 and surplus + lost_without_room(event, sizes, allocation) < 0:
            out.append(f"The event after iteration {event.step} lost {-surplus} units.")
        elif surplus and allocation == "exact":
            out.append(f"The event after iteration {event.step} made {surplus} units.")
        elif "within" in allocation and any(g > k for g, k in zip(event.grown, event.dropped, strict=True)):
            out.append(f"The event after iteration {event.step} moved units to another tensor.")
    return out


def lost_without_room(event: Event, sizes: Counts, allocation: str) -> int:
    """Units that their tensor had no free place for, which the published growth within tensors loses (sheet 4.2)."""
    if allocation != "within":
        return 0
    return sum(max(0, k - (n - b)) for k, n, b in zip(event.dropped, sizes, event.before, strict=True))


def units(run: Run) -> Counts:
    """Units of each prunable tensor, active or not, at the granularity of the run's reallocations."""
    granularity: Any = options(run).get("granularity", "weight")
    return tuple(layer.total // unit_size(layer.shape, granularity) for layer in run.outcome.layers)
