"""The epoch of finetuning that corrected runs choose on held-out images (sheet 4.11, trap 6)."""

from __future__ import annotations

from collections.abc import Iterator

from papers.hoyer.appendix.shown import spread
from papers.hoyer.cells import cells
from shared.appendix import Evidence, Grid, Run


def grids(evidence: Evidence) -> Iterator[Grid]:
    """The chosen epoch of each corrected run, with the accuracy there and after the last epoch."""
    rows = []
    for cell in cells():
        runs = [r for r in evidence[cell.id].runs if _epoch(r) is not None] if cell.id in evidence else []
        if runs:
            epochs = ", ".join(f"{_epoch(r):.0f}" for r in runs)
            accuracies = (_spread(runs, name) for name in ("top1_accuracy_best_on_val", "top1_accuracy"))
            rows.append((cell.title, epochs, *accuracies, evidence[cell.id].scale))
    if rows:
        yield Grid(
            title="Corrected runs: the epoch of finetuning chosen on held-out images",
            header=("run", "epochs chosen", "accuracy there (%)", "after the last epoch (%)", "scale"),
            rows=rows,
            note=(
                "Chosen is the first epoch with the most correct answers on held-out training images, one for each "
                "seed; the accuracies are on the test images, which choose nothing: mean ± sd over seeds."
            ),
        )


def _epoch(run: Run) -> float | None:
    return run.metric("epoch_best_on_val")


def _spread(runs: list[Run], metric: str) -> str:
    return spread([value for r in runs if (value := r.metric(metric)) is not None])
