"""The written summary that the assignment asks for: patterns computed from its runs, each with the runs behind it.

Ranges over so few seeds are no tests: the verdicts are. A sentence says what was seen, and in how many runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean, median

from papers.synflow import cells
from papers.synflow.assignment import AT
from papers.synflow.cells import NETWORKS, TABLE, Range
from papers.synflow.protocols import PRUNERS
from papers.synflow.settings import RATIOS
from shared.appendix import Cell, Evidence, Run

NEAR = 2.0
"""Points above a constant answer within which a network counts as not trained."""


def findings(evidence: Evidence) -> Iterator[str]:
    """Each pattern that there are runs for."""
    own = {id: cell for id, cell in evidence.items() if id.startswith(f"{TABLE}/")}
    if not own:
        return
    scale = next(iter(own.values())).scale
    yield (
        f"The assignment's summary is about {len(distinct(evidence, f'{TABLE}/'))} runs at {scale} scale, "
        f"{_seeds(own.values())} of a cell: differences smaller than the ranges in its tables are not differences."
    )
    for find in (ranking, floor, cost_of_sparsity, times, work, layers, architectures):
        yield from find(evidence)


def distinct(evidence: Evidence, start: str) -> list[Run]:
    """Runs of the experiments whose id starts so, each once: the dense cells of most pruners are the same runs."""
    found = {r.protocol.identity: r for id, c in evidence.items() if id.startswith(start) for r in c.runs}
    return list(found.values())


def _seeds(found: Iterable[Cell]) -> str:
    counts = sorted({len(c.runs) for c in found})
    return f"{counts[0]} seed{'s' * (counts[0] != 1)}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]} seeds"


def ranking(evidence: Evidence) -> Iterator[str]:
    """Which pruner is ahead at each ratio, and by more than the ranges overlap or not."""
    found = cells.swept(evidence, cells.accuracy)
    parts, clear = [], 0
    for ratio in RATIOS[1:]:
        there = {p: by[ratio] for p, by in found.items() if ratio in by}
        if len(there) < len(PRUNERS):
            continue
        first, second = sorted(there, key=lambda p: -there[p].mean)[:2]
        apart = there[first].low > there[second].high and there[first].n > 1
        clear += apart
        parts.append(f"{cells.name(first)} at {ratio}x ({there[first].mean:.1f} % before {there[second].mean:.1f} %)")
    if parts:
        yield (
            f"VGG-16, most accurate pruner: {'; '.join(parts)}. At {clear} of {len(parts)} ratios its worst seed is "
            "above the best seed of the next pruner."
        )


def floor(evidence: Evidence) -> Iterator[str]:
    """From which ratio on a pruner's networks answer like a constant."""
    dead: list[str] = []
    alive: list[str] = []
    for pruner, by in cells.swept(evidence, cells.accuracy).items():
        level = cells.chance(_first(evidence, pruner)) + NEAR
        gone = [r for r in by if all(by[later].mean <= level for later in by if later >= r)]
        (dead if gone else alive).append(f"{cells.name(pruner)} from {min(gone)}x" if gone else cells.name(pruner))
    if dead:
        yield (
            f"VGG-16, accuracy within {NEAR:g} points of a constant answer up to the highest ratio: {', '.join(dead)}"
            + (f"; not so for {', '.join(alive)}." if alive else ".")
        )
    elif alive:
        yield f"VGG-16: at the highest ratio no pruner's mean is within {NEAR:g} points of a constant answer."


def _first(evidence: Evidence, pruner: str) -> Run:
    there = (cells.cell(evidence, "vgg16", pruner, r) for r in RATIOS)
    return next(c.runs[0] for c in there if c)


def cost_of_sparsity(evidence: Evidence) -> Iterator[str]:
    """What each pruner loses from no pruning to the highest ratio."""
    losses = {
        cells.name(p): by[RATIOS[0]].mean - by[RATIOS[-1]].mean
        for p, by in cells.swept(evidence, cells.accuracy).items()
        if RATIOS[0] in by and RATIOS[-1] in by
    }
    if losses:
        order = sorted(losses, key=lambda n: losses[n])
        text = ", ".join(f"{n} {losses[n]:+.1f}" for n in order)
        yield f"VGG-16, points of accuracy lost from 1x to {RATIOS[-1]}x (mean of seeds, least first): {text}."


def times(evidence: Evidence) -> Iterator[str]:
    """Whether sparsity saves time: behind masks, and with the dead channels cut out."""
    runs = [r for r in distinct(evidence, f"{TABLE}/vgg16/") if r.outcome.extra.get("inference")]
    if len(runs) < 3:
        return
    timed = [r.outcome.extra["inference"] for r in runs]
    masked = [m["pruned"]["ratio"] for m in timed]
    with_sparsity = rank_correlation([-float(r.outcome.macs_sparse) for r in runs], masked)
    follows = abs(with_sparsity) > 2 / (len(runs) - 1) ** 0.5  # about two standard errors
    yield (
        f"Behind masks inference time {'follows' if follows else 'does not follow'} sparsity: over {len(runs)} runs of "
        f"VGG-16 from 1x to {RATIOS[-1]}x a masked network takes {median(masked):.2f} times the dense one's time "
        f"(median; {min(masked):.2f} to {max(masked):.2f}; rank correlation with the multiply-adds removed "
        f"{with_sparsity:+.2f})."
    )
    cut = [m for m in timed if "compact" in m]
    if cut:
        best = min(cut, key=lambda m: m["compact"]["ratio"])
        yield (
            f"Whole channels are dead in {len(cut)} of {len(timed)} of these runs; cut out, they leave "
            f"{median(m['compact']['ratio'] for m in cut):.2f} times the dense time (median), at best "
            f"{best['compact']['ratio']:.2f} with {100 * best['compact']['macs'] / best['dense']['macs']:.1f} % of the "
            "dense multiply-adds."
        )


def work(evidence: Evidence) -> Iterator[str]:
    """Equal weights are not equal multiply-adds."""
    found = {p: by[AT] for p, by in cells.swept(evidence, cells.operations).items() if AT in by}
    if len(found) > 1:
        order = sorted(found, key=lambda p: found[p].mean)
        yield (
            f"VGG-16 at {AT}x: the same number of weights is "
            + ", ".join(f"{found[p].mean:.1f} % of the multiply-adds with {cells.name(p)}" for p in order)
            + ": pruners differ in where they leave weights."
        )


def layers(evidence: Evidence) -> Iterator[str]:
    """How the weights left are spread over layers: against their size, and emptied layers."""
    parts, empty = [], []
    for pruner in PRUNERS:
        there = cells.cell(evidence, "vgg16", pruner, AT)
        if not there:
            continue
        table = there.runs[0].outcome.layers
        found = [cells.densities(run) for run in there.runs]
        means = [fmean(f[layer.name] for f in found) for layer in table]
        slope = rank_correlation([float(layer.total) for layer in table], means)
        parts.append(f"{cells.name(pruner)} {slope:+.2f} ({min(means):.2g} to {max(means):.3g} % of a layer)")
        gone = [layer.name.removesuffix(".weight") for layer, m in zip(table, means, strict=True) if m == 0]
        empty += [f"{cells.name(pruner)} empties {', '.join(gone)}"] if gone else []
    if parts:
        yield (
            f"VGG-16 at {AT}x, rank correlation of a layer's size with the share of weights it keeps: "
            f"{', '.join(parts)}; negative: the large layers pay. "
            + (f"{'; '.join(empty)} in every seed." if empty else "No pruner empties a layer in every seed.")
        )


def rank_correlation(x: Sequence[float], y: Sequence[float]) -> float:
    """Spearman's, ties at their mean rank; 0 where one side is constant."""
    a, b = _ranks(x), _ranks(y)
    mean = (len(a) - 1) / 2
    top = sum((p - mean) * (q - mean) for p, q in zip(a, b, strict=True))
    bottom = (sum((p - mean) ** 2 for p in a) * sum((q - mean) ** 2 for q in b)) ** 0.5
    return top / bottom if bottom else 0.0


def _ranks(values: Sequence[float]) -> list[float]:
    return [sum(v < w for v in values) + (sum(v == w for v in values) - 1) / 2 for w in values]


def architectures(evidence: Evidence) -> Iterator[str]:
    """Whether both networks agree on the order of pruners at 10x."""
    orders: dict[str, list[str]] = {}
    for network, words in NETWORKS.items():
        found: Mapping[str, Range] = {
            p: r
            for p in PRUNERS
            if (c := cells.cell(evidence, network, p, AT)) and (r := cells.over(c.runs, cells.accuracy))
        }
        if len(found) == len(PRUNERS):
            orders[words] = [cells.name(p) for p in sorted(found, key=lambda p: -found[p].mean)]
    if len(orders) == 2:
        (one, first), (two, second) = orders.items()
        swapped = sum(
            second.index(first[i]) > second.index(first[j]) for i in range(len(first)) for j in range(i + 1, len(first))
        )
        pairs = len(first) * (len(first) - 1) // 2
        yield (
            f"At {AT}x, by mean accuracy: {one}: {', '.join(first)}; {two}: {', '.join(second)}. The two order "
            f"{pairs - swapped} of {pairs} pairs of pruners alike."
        )
