"""What a finished run amounts to, as plain values: the part of a record that the engine knows."""

from __future__ import annotations

import csv
import io
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, nn

from shared.protocol import Prune
from shared.sparsity.accounting import layer_table, macs, parameter_count
from shared.sparsity.alive import alive_table
from shared.sparsity.collapse import collapse
from shared.sparsity.compaction import compacted
from shared.sparsity.masks import Masks
from shared.sparsity.published_flops import published_flops
from shared.training.compact_file import save_compacted
from shared.training.engine import Engine
from shared.training.rundir import write_atomic
from shared.training.selection import best_after_epoch

COLUMNS = (
    "epoch",
    "lr",
    "train_correct",
    "train_loss",
    "penalty",
    "test_correct",
    "test_loss",
    "test_correct_after",
    "sparsity_before",
    "sparsity_after",
    "remaining",
    "seconds",
)
SOMETIMES = ("test_top5", "val_correct")
"""Columns that only some runs have: those with many classes, and those that choose an epoch on held-out images."""

BINS = 41


def summarise(engine: Engine, status: str) -> dict[str, Any]:
    """The outcome of a run as in ``repro.evidence.record.Outcome``.

    Args:
        engine: after ``run``.
        status: what ``run`` returned.
    """
    state, rows = engine.state, engine.rows
    live = survivors(state.masks)
    shape = tuple(next(iter(engine.setup.test.eval_batches(1))).images.shape[1:])
    table = layer_table(state.model, shape, live)
    dense, sparse = macs(table)
    score = engine.evaluate()
    untrained = {"epoch": 0, "correct": score.correct, "total": score.total, "loss": score.loss}
    last = _score(rows[-1]) if rows else untrained
    return {
        "status": status,
        "last": last,
        "best": best(rows, state.masks.total) or last,
        "train_total": engine.setup.train_size,
        "prunable": state.masks.total,
        "remaining": sum(layer.remaining for layer in table),
        "parameters": parameter_count(state.model),
        "macs_dense": dense,
        "macs_sparse": sparse,
        "layers": [
            {
                "name": layer.name,
                "shape": list(layer.shape),
                "total": layer.total,
                "remaining": layer.remaining,
                "positions": layer.positions,
            }
            for layer in table
        ],
        "curve": {column: [_short(row.get(column)) for row in rows] for column in _columns(rows)},
        "collapse": collapse(live, state.model, shape),
        "extra": {
            **engine.extra,
            "final_accuracy_after_last_event": [score.correct, score.total],
            **_published_macs(state.model, shape),
            "prunings": [{"epoch": r["epoch"], **e} for r in rows for e in r.get("events", []) if "prune" in e],
            "weights": histograms(state.masks.parameters),
            "alive": {n: [a.inputs, a.outputs] for n, a in alive_table(live).items()},
        },
    }


def _columns(rows: list[dict[str, Any]]) -> tuple[str, ...]:
    return (*COLUMNS, *(c for c in SOMETIMES if any(c in row for row in rows)))


def survivors(masks: Masks) -> dict[str, Tensor]:
    """What is left of each tensor, as bools of its shape.

    Masks decide where any entry is masked: a weight grown after the last step is 0 and counts. Without masks only zeros
    can tell (published SNIP).
    """
    if masks.remaining < masks.total:
        return masks.live
    return {n: p.detach() != 0 for n, p in masks.parameters.items()}


def _published_macs(model: nn.Module, shape: tuple[int, ...]) -> dict[str, Any]:
    """FlipOut's own count; nothing for networks with grouped convolutions, for which it has no rule."""
    if any(isinstance(m, nn.Conv2d) and m.groups != 1 for m in model.modules()):
        return {}
    total, nonzero = published_flops(model, shape)
    return {"published_macs": {"total": total, "nonzero": nonzero}}


def _short(value: Any) -> Any:
    """Nine significant digits are enough for a curve, and halve the size of a record; counts stay exact."""
    return float(f"{value:.9g}") if isinstance(value, float) else value


def _score(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "epoch": row["epoch"],
        "correct": row["test_correct"],
        "total": row["test_total"],
        "loss": row["test_loss"],
    }


def best(rows: list[dict[str, Any]], total: int) -> dict[str, Any] | None:
    """The best evaluation among the last epoch and those in which the final sparsity was in force (trap T2).

    It was in force if as many entries were zero before the epoch as there are at the end, or if the masks left as many:
    a weight that has just been grown is zero for a while.

    Args:
        rows: one for each epoch, as in the metric stream.
        total: prunable entries.
    """
    if not rows:
        return None
    zeros, left = rows[-1]["sparsity_after"], rows[-1]["remaining"]
    before = [None, *(row["remaining"] for row in rows)]  # what the masks left before each epoch; unknown of the first
    there = [
        row
        for row, masks in zip(rows, before, strict=False)
        if row["sparsity_before"] == zeros or (masks == left and left < total)
    ]
    chosen = [*there, rows[-1]]
    return _score(chosen[best_after_epoch([row["test_correct"] for row in chosen])])


def histograms(parameters: dict[str, Any]) -> dict[str, Any]:
    """Counts of non-zero weights per tensor over equal bins between -limit and +limit."""
    weights = {n: p.detach().float().reshape(-1).cpu() for n, p in parameters.items()}
    limit = max((float(w.abs().max()) for w in weights.values()), default=0.0)
    if not 0 < limit < float("inf"):
        return {}
    counts = {n: torch.histc(w[w != 0], BINS, -limit, limit).long().tolist() for n, w in weights.items()}
    return {"limit": limit, "bins": BINS, "counts": counts}


def write_artifacts(engine: Engine, outcome: dict[str, Any]) -> None:
    """Masks, the layer table and, of a structural run, the smaller network, beside the run's other files."""
    folder = engine.directory.path
    live = {n: left.cpu().contiguous() for n, left in survivors(engine.state.masks).items()}
    write_atomic(folder / "masks.safetensors", save(live))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["name", "shape", "total", "remaining", "positions", "macs_dense", "macs_sparse"])
    for layer in outcome["layers"]:
        shape = "x".join(map(str, layer["shape"]))
        total, remaining, positions = layer["total"], layer["remaining"], layer["positions"]
        counts = [total, remaining, positions, total * positions, remaining * positions]
        writer.writerow([layer["name"], shape, *counts])
    write_atomic(folder / "layers.csv", text.getvalue())
    if _structural(engine):
        save_compacted(compacted(engine.state.model), engine.protocol.model, folder)


def _structural(engine: Engine) -> bool:
    """Whether the run came as far as to measure the smaller network that it leaves."""
    prunings = (p for p in engine.protocol.phases if isinstance(p, Prune) and p.name in engine.extra)
    return any(p.method.name == "measure-compact" for p in prunings)
