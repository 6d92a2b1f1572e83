"""The assignment's deliverables: two tables, three curves, and layers, weight histograms and layer FLOPs at 10x."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from statistics import fmean

from papers.synflow import cells
from papers.synflow.cells import NETWORKS, TABLE, Range
from papers.synflow.protocols import PRUNERS
from papers.synflow.settings import RATIOS
from shared.appendix import Cell, Chart, Evidence, Grid, Line, Panel

AT = 10
"""The ratio of the first table, and of everything by layer."""
FLOP = 2
"""Operations of one multiply-add."""


def grids(evidence: Evidence) -> Iterator[Grid]:
    """Table 1, table 2 in its three parts, and VGG-16 at 10x layer by layer."""
    if not any(id.startswith(f"{TABLE}/") for id in evidence):
        return
    yield from _architectures(evidence)
    yield _sweep("top-1 test accuracy (%)", cells.swept(evidence, cells.accuracy), 2, "After the last epoch.")
    shares = cells.swept(evidence, cells.operations)
    note = "Of live weights, for one image; the honest count. The original's count is in the table of sizes."
    yield _sweep("FLOPs, percent of the dense network's", shares, 1, note)
    yield from _times(evidence)
    layers = _by_layer(evidence, cells.densities)
    if layers:
        yield _layers("weights left in each layer (%)", layers, lambda x: f"{x:.3g}")
        counted = _by_layer(evidence, cells.layer_operations)
        yield _layers("FLOPs of each layer, thousands for one image", counted, lambda x: f"{FLOP * x / 1000:,.0f}")


def _architectures(evidence: Evidence) -> Iterator[Grid]:
    rows = []
    for network, words in NETWORKS.items():
        found = [cells.cell(evidence, network, p, AT) for p in PRUNERS]
        if any(found):
            rows.append((words, *(_accuracy(c) for c in found)))
    if rows:
        header = ("network, CIFAR-10", *map(cells.name, PRUNERS))
        yield Grid(f"Top-1 test accuracy (%) at {AT}x, by architecture", header, rows, _seeds(evidence))


def _accuracy(cell: Cell | None) -> str:
    found = cells.over(cell.runs, cells.accuracy) if cell else None
    return found.text() if found else "–"


def _seeds(evidence: Evidence) -> str:
    """Scale and number of runs of what is shown."""
    own = [c for id, c in evidence.items() if id.startswith(f"{TABLE}/")]
    counts = sorted({len(c.runs) for c in own})
    scales = ", ".join(dict.fromkeys(c.scale for c in own))
    runs = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    return f"{scales.capitalize()} scale; mean and range over seeds, {runs} a cell."


def _sweep(what: str, found: Mapping[str, Mapping[int, Range]], digits: int, note: str) -> Grid:
    rows = [(f"{r}x", *(found[p][r].text(digits) if r in found.get(p, {}) else "–" for p in PRUNERS)) for r in RATIOS]
    return Grid(f"VGG-16 by compression ratio: {what}", ("ratio", *map(cells.name, PRUNERS)), rows, note)


def _times(evidence: Evidence) -> Iterator[Grid]:
    """Milliseconds as measured, then the ratios, which are what can be compared."""
    parts = {
        (network, field): cells.swept(evidence, cells.timed(network, field))
        for network in ("dense", "pruned", "compact")
        for field in ("seconds", "ratio")
    }
    if not parts[("dense", "seconds")]:
        return
    rows = []
    for pruner, there in parts[("dense", "seconds")].items():
        for ratio in there:
            row = [cells.name(pruner), f"{ratio}x"]
            for network in ("dense", "pruned", "compact"):
                row.append(f"{1e3 * parts[(network, 'seconds')][pruner][ratio].mean:.1f}")
            row += [parts[(n, "ratio")][pruner][ratio].text() for n in ("pruned", "compact")]
            rows.append(row)
    header = ("pruner", "ratio", "dense (ms)", "masked (ms)", "compacted (ms)", "masked / dense", "compacted / dense")
    yield Grid(
        "VGG-16 by compression ratio: inference time of a batch",
        header,
        rows,
        f"{_batch(evidence)} Dense, masked and compacted networks are timed in the same rounds, after one to warm up; "
        "the ratios are medians within a round. Milliseconds are of the machine and its load at the time, and are not "
        "compared between rows. Compacted: channels that carry nothing are cut out; where there are none, it is the "
        "masked network.",
    )


def _batch(evidence: Evidence) -> str:
    runs = [r for id, c in evidence.items() if id.startswith(f"{TABLE}/vgg16") for r in c.runs]
    timed = [m for r in runs if (m := r.outcome.extra.get("inference"))]
    sizes = sorted({m["images"] for m in timed})
    return f"{' or '.join(map(str, sizes))} images."


def _by_layer(evidence: Evidence, read: Callable[..., Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """VGG-16 at 10x: a number of each layer by pruner, mean over seeds."""
    out = {}
    for pruner in PRUNERS:
        there = cells.cell(evidence, "vgg16", pruner, AT)
        if there:
            found = [read(run) for run in there.runs]
            out[pruner] = {layer: fmean(f[layer] for f in found) for layer in found[0]}
    return out


def _layers(what: str, found: Mapping[str, Mapping[str, float]], show: Callable[[float], str]) -> Grid:
    names = next(iter(found.values()))
    rows = [(layer.removesuffix(".weight"), *(show(f[layer]) for f in found.values())) for layer in names]
    return Grid(f"VGG-16 at {AT}x: {what}", ("layer", *map(cells.name, found)), rows, "Mean over seeds.")


def charts(evidence: Evidence) -> Iterator[Chart]:
    """Accuracy, inference time and FLOPs by ratio; layer FLOPs and weight histograms at 10x."""
    ticks = {float(r): f"{r}" for r in RATIOS}
    x = "compression ratio"
    accuracies = cells.swept(evidence, cells.accuracy)
    if accuracies:
        yield Chart(
            "assignment-accuracy", "VGG-16: accuracy by compression", "Mean and range over seeds, last epoch.", x,
            "top-1 accuracy (%)", _lines(accuracies), log_x=True, ticks=ticks, table=TABLE,
        )  # fmt: skip
        yield Chart(
            "assignment-flops", "VGG-16: FLOPs by compression",
            "Multiply-adds of live weights in percent of the dense network's; equal weights are not equal work.", x,
            "FLOPs left (%)", _lines(cells.swept(evidence, cells.operations)), log_x=True, log_y=True, ticks=ticks,
            table=TABLE,
        )  # fmt: skip
    compact = cells.swept(evidence, cells.timed("compact", "ratio"))
    if compact:
        masked = cells.swept(evidence, cells.timed("pruned", "ratio"))
        yield Chart(
            "assignment-time", "VGG-16: inference time by compression",
            "Time of a batch over the dense network's in the same rounds, mean and range over seeds: of the masked "
            "networks of all pruners together, and of those whose dead channels are cut out, by pruner.", x,
            "time / dense", (*_lines(compact), _masked(masked)), log_x=True, ticks=ticks, table=TABLE,
        )  # fmt: skip
    layers = _by_layer(evidence, cells.layer_operations)
    if layers:
        yield Chart(
            "assignment-layer-flops", f"VGG-16 at {AT}x: FLOPs of each layer",
            "Thousands for one image, mean over seeds, from input to output. A layer without weights has no point.",
            "layer", "FLOPs (thousands)",
            [Line(cells.name(p), list(range(1, len(f) + 1)), [FLOP * v / 1000 or float("nan") for v in f.values()])
             for p, f in layers.items()],
            log_y=True, table=TABLE,
        )  # fmt: skip
    yield from _histograms(evidence)


def _lines(found: Mapping[str, Mapping[int, Range]]) -> list[Line]:
    return [
        Line(
            cells.name(pruner),
            list(by),
            [v.mean for v in by.values()],
            [v.low for v in by.values()],
            [v.high for v in by.values()],
        )
        for pruner, by in found.items()
    ]


def _masked(found: Mapping[str, Mapping[int, Range]]) -> Line:
    """All pruners together, not compacted."""
    ratios = sorted({ratio for by in found.values() for ratio in by})
    there = [[by[ratio] for by in found.values() if ratio in by] for ratio in ratios]
    return Line(
        "masked, all pruners",
        ratios,
        [fmean(v.mean for v in row) for row in there],
        [min(v.low for v in row) for row in there],
        [max(v.high for v in row) for row in there],
    )


def _histograms(evidence: Evidence) -> Iterator[Chart]:
    """Weights left in each layer of VGG-16 at 10x, one panel a layer."""
    panels: dict[str, list[Line]] = {}
    for pruner in PRUNERS:
        there = cells.cell(evidence, "vgg16", pruner, AT)
        found = there.runs[0].outcome.extra.get("weights") if there else None
        if not found:
            continue
        limit, bins = found["limit"], found["bins"]
        middles = [limit * ((2 * i + 1) / bins - 1) for i in range(bins)]
        for layer, counts in found["counts"].items():
            line = Line(cells.name(pruner), middles, list(map(float, counts)), steps=True)
            panels.setdefault(layer.removesuffix(".weight"), []).append(line)
    if panels:
        yield Chart(
            "assignment-histograms",
            f"VGG-16 at {AT}x: weights of each layer",
            "Non-zero weights at the end of the first seed's run, by value.",
            "weight",
            "weights",
            (),
            log_y=True,
            table=TABLE,
            panels=[Panel(layer, lines) for layer, lines in panels.items()],
        )
