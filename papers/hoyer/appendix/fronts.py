"""Accuracy against what is left, one front a regulariser (sheet, trap 24)."""

from __future__ import annotations

import math
import statistics
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise

from papers.hoyer.appendix.shown import STARTS, Shown
from papers.hoyer.claims import rows
from papers.hoyer.settings import TITLES
from shared.appendix import Chart, Line

TABLES = {
    ("lenet-300-100", "scratch"): "mnist-mlp",
    ("lenet-300-100", "dense"): "mnist-mlp-front",
    ("lenet-5", "scratch"): "mnist-cnn",
    ("lenet-5", "dense"): "mnist-cnn-front",
    ("lenet-300-100-fashion", "dense"): "fashion-mlp",
    ("lenet-5-fashion", "dense"): "fashion-cnn",
}
EQUAL = {"lenet-300-100": "mnist-mlp-equal", "lenet-5": "mnist-cnn-equal"}
RULES = {"T": "cut at a fixed threshold", "V": "cut at a multiple of each tensor's standard deviation"}
RULES |= {"S": "cut at the threshold that removes a stated share of all weights, the same for every regulariser"}

SHORT = {"scratch": "from scratch", "dense": "from dense"}

Points = Mapping[str, Sequence[tuple[float, Sequence[float]]]]
"""Regulariser -> what is left in percent and the accuracies there, from little to much."""


def charts(found: Sequence[Shown], tables: Collection[str]) -> Iterator[Chart]:
    """A chart for each network, start, rule and kind of pruning that has two points or more."""
    for (slug, structure, start, rule), own in groups(found).items():
        points = front(own, structure)
        if sum(map(len, points.values())) < 2:
            continue
        one = own[0]
        lines = list(_lines(points))
        if one.scale == "paper" and not structure:
            lines += _published(own)
        what = "multiply-adds of the smaller dense network" if structure else "weights left"
        table = "cifar-structural" if slug.startswith("cifar") else ""
        if structure and "fashion" not in slug:
            table = table or ("mnist-structural-front" if start == "dense" else "mnist-structural")
        table = table or (EQUAL.get(slug, "") if rule == "S" else "")
        table = table or ("mnist-mlp-sweep" if rule == "T" and start == "dense" else TABLES.get((slug, start), ""))
        yield Chart(
            name=f"front-{slug}{'-structural' if structure else ''}-{start}-{rule}",
            title=f"{one.short}, {SHORT[start]}, rule {rule}, {one.scale} scale",
            caption=(
                f"Accuracy as the original script reports it against {what}; {RULES[rule]}. One line a regulariser, "
                "along its strengths and thresholds: mean over seeds, the band their range. Compare methods at one "
                "place of the horizontal axis, not point by point: each point has a threshold of its own (trap 24)."
            ),
            x=f"{what} (%)",
            y="accuracy (%)",
            lines=lines,
            log_x=True,
            table=table if table in tables else "",
        )


def findings(found: Sequence[Shown]) -> Iterator[str]:
    """The paper's regulariser beside each other one, read off their fronts at a share of weights that both reach."""
    for (_, structure, start, rule), own in groups(found).items():
        if rule == "S":  # equal by design: papers.hoyer.appendix.level
            continue
        points = {m: p for m, p in front(own, structure).items() if len(p) > 1}
        paper = "group-hoyer-square" if structure else "hoyer-square"
        if paper not in points or len(points) < 2:
            continue
        what = "multiply-adds" if structure else "weights"
        read = [_beside(points, paper, other, what) for other in points if other != paper]
        yield (
            f"{own[0].place}, {STARTS[start]}, rule {rule}, {own[0].scale} scale, fronts read at equal {what} left: "
            f"{'; '.join(read)} (interpolated between strengths; the differences are not tested here)."
        )


def _beside(points: Points, paper: str, other: str, what: str) -> str:
    at = overlap({m: points[m] for m in (paper, other)})
    if at is None:
        return f"{TITLES[paper]} and {TITLES[other]} reach no common share"
    ours, theirs = (interpolated(points[m], at) for m in (paper, other))
    return f"with {at:.3g} % of the {what}, {TITLES[paper]} {ours:.2f} %, {TITLES[other]} {theirs:.2f} %"


def groups(found: Sequence[Shown]) -> dict[tuple[str, bool, str, str], list[Shown]]:
    """Experiments that one chart compares: same network, kind of pruning, start and rule.

    The unregularised network belongs to both starts.
    """
    out: dict[tuple[str, bool, str, str], list[Shown]] = {}
    for s in found:
        for start in s.starts:
            out.setdefault((s.slug, s.structure, start, s.rule), []).append(s)
    return {k: v for k, v in out.items() if any(s.method != "none" for s in v)}


def front(own: Sequence[Shown], structure: bool) -> Points:
    """The points of each regulariser, sorted by what is left."""
    out: dict[str, list[tuple[float, Sequence[float]]]] = {}
    for s in own:
        left = s.metrics("compacted_macs_percent") if structure else [s.left()]
        if left and s.accuracies():
            out.setdefault(s.method, []).append((statistics.fmean(left), s.accuracies()))
    return {m: sorted(p, key=lambda point: point[0]) for m, p in out.items()}


def overlap(points: Points) -> float | None:
    """A share of weights that all fronts reach: the geometric middle of the range they have in common."""
    if len(points) < 2:
        return None
    low, high = max(p[0][0] for p in points.values()), min(p[-1][0] for p in points.values())
    return math.sqrt(low * high) if 0 < low < high else None


def interpolated(points: Sequence[tuple[float, Sequence[float]]], at: float) -> float:
    """Mean accuracy at a share of weights, linear in its logarithm between the two points around it."""
    for (x0, first), (x1, second) in pairwise(points):
        if x0 <= at <= x1:
            a, b = statistics.fmean(first), statistics.fmean(second)
            part = math.log(at / x0) / math.log(x1 / x0) if x1 > x0 else 0.0
            return a + part * (b - a)
    raise ValueError(f"{at} lies outside the front")


def _lines(points: Points) -> Iterator[Line]:
    for method, own in points.items():
        yield Line(
            TITLES[method],
            x=[x for x, _ in own],
            y=[statistics.fmean(v) for _, v in own],
            low=[min(v) for _, v in own],
            high=[max(v) for _, v in own],
        )


def _published(own: Sequence[Shown]) -> list[Line]:
    """The published points of the same experiments, in the colour of their regulariser."""
    numbers: dict[str, dict[str, float]] = {}
    for row in rows():
        if row["experiment"] and row["gating"] == "yes":
            numbers.setdefault(row["experiment"], {})[row["our_metric"]] = float(row["value"])
    points: dict[str, list[tuple[float, float]]] = {}
    for s in own:
        there = numbers.get(s.id, {})
        accuracy, left = there.get(s.accuracy_metric[0]), there.get("remaining_weights")
        if accuracy is not None and left:
            points.setdefault(s.method, []).append((100 * left / s.runs[0].outcome.prunable, accuracy))
    return [
        Line(
            f"{TITLES[m]}, published",
            [x for x, _ in sorted(p)],
            [y for _, y in sorted(p)],
            dots=True,
            likeness=TITLES[m],
        )
        for m, p in points.items()
    ]
