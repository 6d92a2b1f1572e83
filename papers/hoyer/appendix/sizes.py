"""Histograms of weights with the threshold that Hoyer-Square implies (sheet 4.3, trap 9)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from papers.hoyer.appendix.fronts import SHORT
from papers.hoyer.appendix.scale import weights
from papers.hoyer.appendix.shown import Shown, trainings
from papers.hoyer.settings import TITLES
from shared.appendix import Chart, Line, Mark

DOTTED = (
    " (first seed; zeros are not shown). Dotted: t = sum w² / sum |w| after that training, below which the gradient of "
    "Hoyer-Square pushes weights in and above which it pushes them out. It is no cut: no script prunes by it (trap 9)."
)
METHODS = 6
"""Lines of one chart."""
SHOWN = ("none", "l1", "hoyer", "hoyer-square", "transformed-l1", "group-lasso", "group-hoyer-square")


def charts(found: Sequence[Shown]) -> Iterator[Chart]:
    """The largest weight tensor of each network and start: before pruning by size, or, of older records, at the end."""
    by_group: dict[tuple[str, str, bool], list[Shown]] = {}
    for s in trainings(found):
        for start in s.starts:
            if s.method in SHOWN and weights(s):
                by_group.setdefault((s.slug, start, s.structure), []).append(s)
    for (slug, start, structure), own in by_group.items():
        if all(s.method == "none" for s in own):
            continue
        first = _one_a_method(own)[:METHODS]
        names = weights(first[0])
        sizes = {layer.name: layer.total for layer in first[0].runs[0].outcome.layers}
        name = max(names, key=lambda n: sizes[n])
        kind = "-structural" if structure else ""
        for when, lines in (
            ("before", [_by_size(s, name) for s in first]),
            ("end", [_at_the_end(s, name) for s in first]),
        ):
            there = [(s, line) for s, line in zip(first, lines, strict=True) if line]
            if not there or (when == "end" and all(_by_size(s, name) for s in first)):
                continue
            yield Chart(
                name=f"sizes-{slug}{kind}-{start}-{when}",
                title=f"{name} of {first[0].short}, {SHORT[start]}, {first[0].scale}",
                caption=(
                    "Weights by size after the regularised training, before pruning"
                    if when == "before"
                    else "Weights left at the end of the run"
                )
                + DOTTED,
                x="size of a weight" if when == "before" else "weight",
                y="weights in a bin",
                lines=[line for _, line in there],
                log_x=when == "before",
                log_y=True,
                marks=[mark for s, _ in there if (mark := _mark(s, name))],
            )


def _one_a_method(own: Sequence[Shown]) -> list[Shown]:
    """The published strength comes first among the experiments of a method."""
    first: dict[str, Shown] = {}
    for s in own:
        first.setdefault(s.method, s)
    return list(first.values())


def _by_size(s: Shown, name: str) -> Line | None:
    found = s.runs[0].outcome.extra.get("prune", {}).get("sizes", {})
    counts = found.get("counts", {}).get(name)
    if not counts:
        return None
    low, per = found["decades"][0], found["per_decade"]
    middles = [10 ** (low + (i + 0.5) / per) for i in range(len(counts))]
    return Line(TITLES[s.method], middles, _without_zeros(counts), likeness=TITLES[s.method], steps=True)


def _at_the_end(s: Shown, name: str) -> Line | None:
    found = s.runs[0].outcome.extra.get("weights") or {}
    counts = (found.get("counts") or {}).get(name)
    if not counts:
        return None
    limit, bins = found["limit"], found["bins"]
    middles = [limit * (2 * (i + 0.5) / bins - 1) for i in range(bins)]
    return Line(TITLES[s.method], middles, _without_zeros(counts), likeness=TITLES[s.method], steps=True)


def _without_zeros(counts: Sequence[int]) -> list[float]:
    """A logarithmic axis has no zero: an empty bin is a gap."""
    return [float(c) if c else float("nan") for c in counts]


def _mark(s: Shown, name: str) -> Mark | None:
    t = s.runs[0].outcome.extra["prune"]["tensors"][name].get("trim")
    return Mark(f"t after {TITLES[s.method]}", t, TITLES[s.method]) if t else None
