"""The computational items of the reproducibility checklists of NeurIPS and ICML, answered from the records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from repro.evidence.record import Record
from repro.report import facts
from repro.report.numbers import count
from repro.report.runs import Group
from shared.paper import Paper
from shared.protocol import Augment, Method, Protocol, Prune, Quantise, Rewind, Train

NO_RUN = "no run yet"

Item = tuple[str, list[str]]


def checklist(paper: Paper, records: Sequence[Record], groups: Sequence[Group]) -> list[Item]:
    """Question and answers; an item that the records cannot answer says so."""
    protocols = [r.protocol for r in records]
    return [
        ("Data sets, splits and their size", _data(records)),
        ("Preprocessing and augmentation", _unique(map(_preprocessing, protocols))),
        ("Networks and their size", _unique(_network(r) for r in records)),
        ("Hyper-parameters", _unique(map(_optimisation, protocols))),
        ("How hyper-parameters were chosen", _chosen(paper, records)),
        ("Methods and their options", _unique(filter(None, map(_methods, protocols)))),
        ("Number of runs and seeds", _seeds(groups)),
        ("What is reported, and error bars", [_reported()] if records else [NO_RUN]),
        ("Computing infrastructure", _unique(f"{r.environment.device}, {r.environment.platform}" for r in records)),
        ("Software and its versions", _unique(map(_software, records))),
        ("Total compute", _compute(records)),
        ("Failed runs", _failed(records)),
    ]


def _data(records: Iterable[Record]) -> list[str]:
    return _unique(
        f"{r.protocol.data.name} ({r.protocol.scale} scale): {count(r.outcome.train_total)} training images, "
        f"evaluated on {count(r.outcome.last.total)} images of the {r.protocol.data.evaluate_on} split"
        + (f", {r.protocol.data.val_size} held out" if r.protocol.data.val_size else "")
        for r in records
    )


def _preprocessing(protocol: Protocol) -> str:
    data = protocol.data
    size = f"resized to {data.resize}" if data.resize else "size as stored"
    if data.shorter_side:
        size = f"shorter side resized to {data.shorter_side} and the central {data.resize} cut out"
    normal = (
        f"normalised by mean {_numbers(data.mean)} and deviation {_numbers(data.std)}" if data.mean else "as stored"
    )
    changes = ", ".join(map(_change, data.augment)) or "nothing"
    return f"{data.name}: {size}, {normal}, augmented by {changes}"


def _change(a: Augment) -> str:
    if a.kind == "resized-crop":
        return f"resized-crop of {a.scale[0]:g} to {a.scale[1]:g} of the area"
    if a.kind == "colour-jitter":
        return f"colour-jitter {a.strength:g}"
    border = "" if a.padding_mode == "zeros" else f" ({a.padding_mode})"
    return f"{a.kind} {a.padding}{border}" if a.padding else f"{a.kind} with p = {a.probability:g}"


def _network(record: Record) -> str:
    model, outcome = record.protocol.model, record.outcome
    width = f" at width {model.width:g}" if model.width != 1 else ""
    return f"{model.name}{width}: {count(outcome.parameters)} parameters, {count(outcome.prunable)} of them prunable"


def _optimisation(protocol: Protocol) -> str:
    parts = []
    for p in protocol.phases:
        if isinstance(p, Train):
            o, s = p.optimizer, p.schedule
            steps = f", times {s.gamma:g} after epochs {', '.join(map(str, s.milestones))}" if s.milestones else ""
            parts.append(
                f"{p.epochs} epochs in batches of {p.batch_size}; {o.name}, learning rate {o.lr:g}{steps}, "
                f"momentum {o.momentum:g}, weight decay {o.weight_decay:g}"
            )
    return f"{protocol.scale} scale, {protocol.data.name}: " + "; then ".join(parts)


def _chosen(paper: Paper, records: Sequence[Record]) -> list[str]:
    scales = dict.fromkeys(r.protocol.scale for r in records)
    notes = [f"{s} scale: {paper.scale_notes[s]}" for s in scales if s in paper.scale_notes]
    return ["Taken from the published protocol; every difference from it is listed under deviations.", *notes]


def _methods(protocol: Protocol) -> str:
    found: list[Method] = []
    extra: list[str] = []
    for p in protocol.phases:
        if isinstance(p, Train):
            found += p.methods
        elif isinstance(p, Prune):
            found.append(p.method)
        elif isinstance(p, Rewind | Quantise):
            extra.append(p.kind)
    named = [
        f"{m.name} ({', '.join(f'{k} {v}' for k, v in m.options.items())})" if m.options else m.name for m in found
    ]
    return f"{protocol.scale} scale: {', '.join(named + extra)}" if named or extra else ""


def _seeds(groups: Sequence[Group]) -> list[str]:
    if not groups:
        return [NO_RUN]
    out = []
    for scale in dict.fromkeys(g.scale for g in groups):
        own = [g for g in groups if g.scale == scale]
        sizes, seeds = [len(g.records) for g in own], sorted({r.protocol.seed for g in own for r in g.records})
        each = str(min(sizes)) if min(sizes) == max(sizes) else f"{min(sizes)} to {max(sizes)}"
        out.append(f"{scale} scale: {sum(sizes)} runs of {len(own)} experiments, {each} each; seeds {_numbers(seeds)}")
    return out


def _reported() -> str:
    return (
        "Accuracy after the last epoch, mean over seeds; ± is the sample standard deviation (n - 1). Intervals are of "
        "Welch's t at the confidence printed with them; every run counts, collapsed and diverged ones included."
    )


def _software(record: Record) -> str:
    e = record.environment
    versions = ", ".join(f"{k} {v}" for k, v in sorted(e.versions.items())) or "versions not recorded"
    return f"{versions}; commit {e.commit[:12] if e.commit else 'unknown'}{' with changes' if e.dirty else ''}"


def _compute(records: Sequence[Record]) -> list[str]:
    rows = facts.cost(records)
    return _unique(f"{s} scale on {d}: {n} runs, {e} epochs, {t}; energy {j}" for s, d, n, e, t, j in rows)


def _failed(records: Sequence[Record]) -> list[str]:
    diverged = sum(r.outcome.status == "diverged" for r in records)
    return [f"{diverged} of {len(records)} runs diverged; they count as results"] if records else [NO_RUN]


def _unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts)) or [NO_RUN]


def _numbers(values: Iterable[float]) -> str:
    return ", ".join(f"{v:g}" for v in values)
