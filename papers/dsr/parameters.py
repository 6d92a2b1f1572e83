"""Accuracy over the number of trainable parameters, as the paper's figures show it (sheet 5.1 and 5.2)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from statistics import median

from papers.dsr import counts
from papers.dsr.claims import tables
from papers.dsr.protocols import SPOKEN, experiments
from shared.appendix import Chart, Evidence, Line, Run
from shared.claims import Value

SHOWN_WITH = {
    "mnist": "mnist",
    "cifar10-iclr": "cifar10",
    "imagenet-iclr": "imagenet-iclr",
    "cifar10": "",
    "imagenet": "",
}
"""Experiments by the first part of their id, and the table of the authors' own runs of them, if there is one."""
Points = dict[str, list[tuple[float, list[float]]]]
"""Method -> parameters and the accuracy in percent of each run."""


def charts(evidence: Evidence, shown: Collection[str]) -> Iterator[Chart]:
    """One figure for each list of experiments; published numbers as open marks."""
    for prefix, table in SHOWN_WITH.items():
        if table and table not in shown:
            continue
        ours, scale = _ours(prefix, evidence)
        theirs = _published(prefix, table) if scale in ("", "paper") else {}  # of other networks than ours
        lines = [_line(m, ours[m]) for m in SPOKEN if m in ours]
        lines += [_line(m, theirs[m], published=True) for m in SPOKEN if m in theirs]
        if not any(len(points) > 1 for points in (*ours.values(), *theirs.values())):
            continue
        text = "Open marks are medians of the authors' runs, as their figures have them. " * bool(theirs)
        text += f"Ours at {scale} scale: median over seeds, and their range." * bool(scale)
        name = next(e.title for i, e in experiments().items() if i.startswith(f"{prefix}/")).partition(",")[0]
        yield Chart(
            f"parameters-{prefix}", f"{name}: accuracy over parameters",
            f"Trainable parameters: active weights, bank values of tied networks, and all that is never sparse. {text}",
            "trainable parameters", "accuracy (%)", lines, log_x=True, table=table,
        )  # fmt: skip


def _line(method: str, points: list[tuple[float, list[float]]], *, published: bool = False) -> Line:
    ordered = sorted(points)
    x, y = [p for p, _ in ordered], [median(runs) for _, runs in ordered]
    several = not published and any(len(runs) > 1 for _, runs in ordered)
    low, high = ([min(r) for _, r in ordered], [max(r) for _, r in ordered]) if several else ([], [])
    label = SPOKEN[method] + (", published" if published else "")
    return Line(label, x, y, low, high, dots=published, likeness=SPOKEN[method])


def _ours(prefix: str, evidence: Evidence) -> tuple[Points, str]:
    found: Points = {}
    scale = ""
    for experiment, cell in evidence.items():
        head, method = experiment.split("/")[:2]
        if head == prefix and method in SPOKEN and cell.runs:
            accuracy = [run.metric("top1_accuracy") for run in cell.runs]
            known = [a for a in accuracy if a is not None]
            found.setdefault(method, []).append((float(trained(cell.runs[0])), known))
            scale = cell.scale
    return found, scale


def trained(run: Run) -> int:
    """Numbers that training can change: active weights or bank values, and all that is not prunable."""
    outcome = run.outcome
    fixed = int(outcome.parameters) - int(outcome.prunable)
    bank = (outcome.extra.get("tie") or {}).get("values")
    return fixed + int(outcome.remaining if bank is None else bank)


def _published(prefix: str, table: str) -> Points:
    found: Points = {}
    for claim in tables()[table].claims if table else ():
        if not isinstance(claim, Value) or claim.metric != "top1_accuracy" or not claim.gating:
            continue
        head, method = claim.experiment.split("/")[:2]
        if head == prefix and method in SPOKEN:
            runs = list(claim.per_seed) or [claim.value]
            found.setdefault(method, []).append((float(_counted(claim.experiment)), runs))
    return found


def _counted(experiment: str) -> int:
    """Trainable parameters of the published network."""
    labels, model = experiments()[experiment].labels, experiments()[experiment].protocol(0).model
    network, method = str(labels["network"]), str(labels["method"])
    if method in ("dense", "thin"):
        return counts.dense(network, model.width)
    level = float(labels["sparsity_percent"]) / 100
    if method == "tied":
        return counts.tied(network, level, model.width)
    return counts.trainable(network, level, width=model.width)
