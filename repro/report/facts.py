"""What the records say beside accuracies: size, compute, collapse, environment, data, cost, deviations."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from repro.evidence.record import Record
from repro.report.numbers import count, measured
from repro.report.runs import Group
from repro.verdicts.verdict import Verdict
from shared.claims import Deviation
from shared.protocol import Scale

Rows = list[tuple[str, ...]]

RUNS = ("experiment", "scale", "seeds", "accuracy, last epoch (%)", "best (%)", "sparsity (%)", "time a run")
SIZE = (
    "experiment",
    "parameters",
    "prunable",
    "left",
    "MACs dense",
    "MACs sparse",
    "sparse / dense (%)",
    "the original's count, all",
    "the original's count, non-zero",
)
ENVIRONMENT = ("runs", "device", "precision", "versions", "platform", "commit")
DATA = ("data set", "runs", "fingerprints", "status")
COST = ("scale", "device", "runs", "epochs", "time", "energy")
DEVIATIONS = ("scale", "setting", "published", "ours", "material", "claims")


def runs(groups: Iterable[Group]) -> Rows:
    """One row per experiment and scale under ``RUNS``."""
    out: Rows = []
    for g in groups:
        outcomes = [r.outcome for r in g.records]
        cells = (
            g.experiment.title,
            g.scale,
            ", ".join(str(r.protocol.seed) for r in g.records),
            _spread([o.last.percent for o in outcomes]),
            _spread([o.best.percent for o in outcomes]),
            f"{statistics.fmean(100 * (1 - o.remaining / o.prunable) for o in outcomes):.4f}",
            duration(statistics.fmean(r.cost.seconds for r in g.records)),
        )
        out.append(cells)
    return out


def size(groups: Iterable[Group]) -> Rows:
    """Parameters and multiply-adds per sample under ``SIZE``; the mean over seeds where seeds differ."""
    out: Rows = []
    for g in groups:
        o = g.records[0].outcome
        left = statistics.fmean(r.outcome.remaining for r in g.records)
        sparse = statistics.fmean(r.outcome.macs_sparse for r in g.records)
        share = f"{100 * sparse / o.macs_dense:.3f}" if o.macs_dense else "–"
        theirs = [r.outcome.extra.get("published_macs") or {} for r in g.records]
        counts = (o.parameters, o.prunable, round(left), o.macs_dense, round(sparse))
        cells = (f"{g.experiment.title} ({g.scale})", *map(count, counts), share)
        out.append((*cells, _mean_count(theirs, "total"), _mean_count(theirs, "nonzero")))
    return out


def collapses(groups: Iterable[Group]) -> list[str]:
    """One sentence per collapsed or diverged run."""
    out = []
    for g in groups:
        for r in g.records:
            who = f"{g.experiment.title}, {g.scale} scale, seed {r.protocol.seed}"
            if r.outcome.status == "diverged":
                out.append(f"{who}: the loss stopped being finite; the run counts as a result.")
            if r.outcome.collapse:
                out.append(f"{who}: {r.outcome.collapse}")
    return out


def environment(records: Iterable[Record]) -> Rows:
    """Where the runs were made, under ``ENVIRONMENT``, most runs first."""
    seen: Counter[tuple[str, ...]] = Counter()
    for r in records:
        e = r.environment
        commit = "unknown" if e.commit is None else e.commit[:12] + (" with changes" if e.dirty else "")
        versions = ", ".join(f"{k} {v}" for k, v in sorted(e.versions.items()))
        seen[(e.device, r.protocol.precision, versions, e.platform, commit)] += 1
    return [(str(n), *cells) for cells, n in sorted(seen.items(), key=lambda item: (-item[1], item[0]))]


def data(records: Iterable[Record]) -> Rows:
    """The data the runs saw, under ``DATA``."""
    seen: Counter[tuple[str, ...]] = Counter()
    for r in records:
        e, extra = r.environment, r.environment.model_extra or {}
        prints = ", ".join(f"{split} {digest[:12]}" for split, digest in sorted(e.data.items())) or "none recorded"
        notes = [str(extra.get("data_status", "unknown")), *map(str, extra.get("data_notes") or [])]
        seen[(r.protocol.data.name, prints, "; ".join(notes))] += 1
    return [(name, str(n), prints, status) for (name, prints, status), n in sorted(seen.items())]


def cost(records: Iterable[Record]) -> Rows:
    """What the runs took, by scale and device, under ``COST``."""
    by: dict[tuple[str, str], list[Record]] = {}
    for r in records:
        by.setdefault((r.protocol.scale, r.environment.device), []).append(r)
    out: Rows = []
    for (scale, device), own in sorted(by.items()):
        joules = [r.cost.energy_joules for r in own if r.cost.energy_joules is not None]
        energy = f"{sum(joules) / 3.6e6:.3g} kWh" if len(joules) == len(own) else "not recorded"
        epochs = sum(r.cost.epochs for r in own)
        out.append((scale, device, str(len(own)), count(epochs), duration(sum(r.cost.seconds for r in own)), energy))
    return out


def deviations(verdicts: Iterable[Verdict]) -> Rows:
    """Every setting in which runs behind a verdict differ from the published protocol, under ``DEVIATIONS``."""
    seen: Counter[tuple[Scale | None, Deviation]] = Counter()
    known: dict[str, tuple[Scale | None, Deviation]] = {}
    for verdict in _leaves(verdicts):
        for d in verdict.deviations:
            key = known.setdefault(f"{verdict.scale}/{d}", (verdict.scale, d))
            seen[key] += 1
    rows = [
        (scale or "–", d.path, _text(d.published), _text(d.ours), "yes" if d.material else "no", str(n))
        for (scale, d), n in seen.items()
    ]
    return sorted(rows)


def _leaves(verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """Verdicts with those on the parts of a compound in its place: a compound mixes the scales of its parts."""
    for verdict in verdicts:
        yield from _leaves(verdict.parts) if verdict.parts else [verdict]


def duration(seconds: float) -> str:
    """Seconds for people."""
    for limit, unit, size in ((90, "s", 1), (5400, "min", 60), (172_800, "h", 3600)):
        if seconds < limit:
            return f"{seconds / size:.{1 if unit == 'h' else 0}f} {unit}"
    return f"{seconds / 86_400:.1f} days"


def _spread(values: Sequence[float]) -> str:
    sd = statistics.stdev(values) if len(values) > 1 else None
    return measured(statistics.fmean(values), sd)


def _mean_count(found: Sequence[dict[str, Any]], key: str) -> str:
    values = [f[key] for f in found if isinstance(f.get(key), int | float)]
    return count(round(statistics.fmean(values))) if values else "–"


def _text(value: object) -> str:
    return "unset" if value is None else str(value)
