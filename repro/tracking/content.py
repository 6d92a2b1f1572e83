"""What MLflow is told about a run, as plain data: name, tags, parameters, metrics, note and files."""

from __future__ import annotations

import csv
import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from repro.evidence.merge import fingerprint
from repro.evidence.record import Record
from shared.protocol import Method, Protocol, Prune, Quantise, Train, canonical

COLUMNS = {
    "test_correct": "test/accuracy",
    "test_correct_after": "test/accuracy_after_pruning",
    "test_top5": "test/top5_accuracy",
    "val_correct": "val/accuracy",
    "train_correct": "train/accuracy",
    "test_loss": "test/loss",
    "train_loss": "train/loss",
    "sparsity_after": "sparsity",
    "remaining": "remaining_weights",
}
"""Curve column to metric name; accuracies are in percent, ``sparsity`` is the fraction removed. Others keep theirs."""

LEFT_OUT = ("epoch", "sparsity_before")


@dataclass(frozen=True, kw_only=True)
class Tracked:
    """A record, with what the paper knows about it.

    Attributes:
        record: the finished run.
        title: the experiment's title, e.g. ``VGG19, FlipOut, 99.9 %``.
        labels: the experiment's labels (network, method, sparsity...).
        claims: ids of the claims that this run speaks about.
        table: the table they stand in.
        folder: the run directory, whose masks are shown if they are there.
    """

    record: Record
    title: str = ""
    labels: Mapping[str, str | float] = field(default_factory=dict)
    claims: tuple[str, ...] = ()
    table: str = ""
    folder: Path | None = None


@dataclass(frozen=True)
class Point:
    """One value of a metric: after ``step`` epochs, at ``time`` milliseconds since 1970."""

    key: str
    value: float
    step: int
    time: int


def experiment_name(paper: str, scale: str) -> str:
    """The MLflow experiment a run belongs to, e.g. ``flipout/demo``."""
    return f"{paper}/{scale}"


def experiment_tags(name: str) -> dict[str, str]:
    """The description of an experiment, and that it is about training (else MLflow shows pages for chat models)."""
    paper, _, scale = name.partition("/")
    meaning = {
        "demo": "tiny data and networks; shows what a table looks like, never a verdict on a number",
        "reduced": "the paper's data, cut in width and length; sentences can be judged, numbers cannot",
        "paper": "the published protocol; numbers can be judged",
    }.get(scale, scale)
    note = f"{paper}, {scale} scale: {meaning}."
    return {"mlflow.experimentKind": "custom_model_development", "mlflow.note.content": note}


def run_name(item: Tracked) -> str:
    """E.g. ``VGG19, FlipOut, 99.9 % · seed 42``."""
    protocol = item.record.protocol
    return f"{item.title or title(item.record)} · seed {protocol.seed}"


def title(record: Record) -> str:
    """Network, method and measured sparsity, for a run whose experiment is not known."""
    sparsity = record.metric("final_sparsity") or 0.0
    return f"{record.protocol.model.name}, {method(record.protocol)}, {sparsity:.4g} %"


def method(protocol: Protocol) -> str:
    """Names of the components that act on the network, in order; ``dense`` if there are none."""
    names: list[str] = []
    for phase in protocol.phases:
        if isinstance(phase, Train):
            names += map(_named, phase.methods)
        elif isinstance(phase, Prune):
            names.append(_named(phase.method))
        elif isinstance(phase, Quantise):
            names.append(phase.kind)
    return " + ".join(dict.fromkeys(names)) or "dense"


def _named(method: Method) -> str:
    """The name of a component; of a method from outside its function, and what tells its text from another."""
    source, function = method.options.get("source"), method.options.get("function")
    if source is None or function is None:
        return method.name
    text = hashlib.sha256(f"{source}{method.options.get('arguments')}".encode()).hexdigest()
    return f"{method.name} {function} ({text[:6]})"


def tags(item: Tracked) -> dict[str, str]:
    """What runs are found and grouped by."""
    record, protocol, env = item.record, item.record.protocol, item.record.environment
    labels = {
        "network": protocol.model.name,
        "method": method(protocol),
        "sparsity": f"{record.metric('final_sparsity') or 0.0:.6g} %",
        **{key: str(value) for key, value in item.labels.items()},
    }
    found = {
        "kind": "run",
        "identity": record.identity,
        "study": protocol.study,
        "record": fingerprint(record),
        "paper": protocol.paper,
        "variant": protocol.variant,
        "scale": protocol.scale,
        "seed": str(protocol.seed),
        "status": record.outcome.status,
        "device": env.device,
        "table": item.table,
        "claims": ", ".join(item.claims),
        "collapse": record.outcome.collapse or "",
        "commit": (env.commit or "") + (" (modified)" if env.dirty else ""),
        "mlflow.source.git.commit": env.commit or "",
        "mlflow.source.name": "repro",
        "mlflow.source.type": "LOCAL",
        "mlflow.note.content": note(item),
    }
    return {key: value for key, value in {**labels, **found}.items() if value}


def params(protocol: Protocol) -> dict[str, str]:
    """The canonical protocol, flattened to dotted names; defaults are left out."""
    return {key: _text(value) for key, value in _flatten(canonical(protocol))}


def span(record: Record) -> tuple[int, int]:
    """Start and end in milliseconds since 1970: the end as recorded, the start from the seconds it took."""
    try:
        end = datetime.fromisoformat(record.finished_at)
    except ValueError:
        end = datetime.now(UTC)
    if end.tzinfo is None:
        end = end.replace(tzinfo=UTC)
    stop = int(end.timestamp() * 1000)
    return stop - int(record.cost.seconds * 1000), stop


def points(record: Record) -> Iterator[Point]:
    """Every metric of the run: its curve by epoch, then the summary. Values that are not finite are left out."""
    outcome, curve = record.outcome, record.outcome.curve
    start, stop = span(record)
    epochs = [int(e) for e in curve.get("epoch", [])]
    totals = dict.fromkeys(("test_correct", "test_correct_after", "test_top5"), outcome.last.total)
    totals |= {"train_correct": outcome.train_total, "val_correct": record.protocol.data.val_size}
    for column, values in curve.items():
        if column in LEFT_OUT or (column == "penalty" and not any(values)):
            continue
        total = totals.get(column)
        for epoch, value in zip(epochs, values, strict=False):
            if isinstance(value, int | float) and math.isfinite(value):
                time = start + (stop - start) * epoch // (epochs[-1] or 1)
                measured = 100 * value / total if total else float(value)
                yield Point(COLUMNS.get(column, column), measured, epoch, time)
    for key, value in summary(record).items():
        yield Point(key, value, outcome.last.epoch, stop)


def summary(record: Record) -> dict[str, float]:
    """The numbers by which runs are compared in a list."""
    outcome, cost = record.outcome, record.cost
    found = {
        "last_accuracy": outcome.last.percent,
        "best_accuracy": outcome.best.percent,
        "best_epoch": outcome.best.epoch,
        "sparsity_percent": record.metric("final_sparsity") or 0.0,
        "macs_percent": 100 * outcome.macs_sparse / outcome.macs_dense if outcome.macs_dense else None,
        "seconds": cost.seconds,
        "energy_joules": cost.energy_joules,
    }
    return {key: float(value) for key, value in found.items() if value is not None}


def note(item: Tracked) -> str:
    """The run in a few lines of Markdown."""
    record, outcome = item.record, item.record.outcome
    last, best = outcome.last, outcome.best
    lines = [
        f"- accuracy after the last epoch ({last.epoch}): **{last.percent:.2f} %** ({last.correct} of {last.total})",
        f"- best from the moment the final sparsity held (epoch {best.epoch}): {best.percent:.2f} %",
        f"- {outcome.remaining:,} of {outcome.prunable:,} prunable weights remain",
    ]
    if outcome.status == "diverged":
        lines.append("- **diverged**: the loss stopped being finite; the run counts as a result")
    if outcome.collapse:
        lines.append(f"- collapse: {outcome.collapse}")
    if item.claims:
        where = f" in table `{item.table}`" if item.table else ""
        lines.append(f"- speaks about {', '.join(f'`{c}`' for c in item.claims)}{where}")
    where = f"{record.protocol.paper}, {record.protocol.variant}, {record.protocol.scale} scale"
    lines += ["", f"{run_name(item)} ({where}). Its record `{record.identity[:12]}` is the evidence, this page a view."]
    return "\n".join(lines)


def write_files(item: Tracked, folder: Path) -> None:
    """Write the run's files: ``protocol.json``, ``layers.csv``, ``curve.csv``."""
    record = item.record
    protocol = {"identity": record.identity, **record.protocol.model_dump(mode="json")}
    (folder / "protocol.json").write_text(json.dumps(protocol, indent=2) + "\n", encoding="utf-8")
    with (folder / "layers.csv").open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(["name", "shape", "total", "remaining", "sparsity"])
        for layer in record.outcome.layers:
            shape = "x".join(str(n) for n in layer.shape)
            rows.writerow([layer.name, shape, layer.total, layer.remaining, 1 - layer.remaining / layer.total])
    with (folder / "curve.csv").open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(record.outcome.curve)
        rows.writerows(zip(*record.outcome.curve.values(), strict=False))


def _flatten(value: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _flatten(item, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for i, item in enumerate(value):
            yield from _flatten(item, f"{prefix}.{i}")
    else:
        yield prefix, value


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
