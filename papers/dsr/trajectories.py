"""Figures of what reallocation does while a network trains: threshold, weights moved, sparsity of each layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from papers.dsr.protocols import experiments
from papers.dsr.reallocations import events, left_by_epoch, options
from shared.appendix import Cell, Chart, Evidence, Line, Run

FEW = 6
"""Tensors that can be told apart in one figure; of more, those of one size are taken together."""
THIN = 4
"""Sparsities shown in one figure."""


def networks(evidence: Evidence) -> Mapping[str, Mapping[str, Cell]]:
    """Plain DSR at its sparsities, highest first, network by network and list by list (``mnist``, ``cifar10-iclr``)."""
    found: dict[str, dict[str, Cell]] = {}
    plain = [e for e, cell in evidence.items() if e in experiments() and e.split("/")[1] == "dsr" and cell.runs]
    for experiment in sorted(plain, key=lambda e: -sparsity(e)):
        found.setdefault(experiment.split("/")[0], {})[experiment] = evidence[experiment]
    return found


def sparsity(experiment: str) -> float:
    """In percent."""
    return float(experiments()[experiment].labels["sparsity_percent"])


def charts(evidence: Evidence) -> Iterator[Chart]:
    """Every trajectory there are runs for."""
    for name, cells in networks(evidence).items():
        shown = dict(list(cells.items())[:: -(-len(cells) // THIN)])
        scale = next(iter(cells.values())).scale
        where = f"{experiments()[next(iter(cells))].title.partition(',')[0]}, {scale} scale"
        yield from _thresholds(name, where, shown)
        yield from _moved(name, where, shown)
        for experiment in dict.fromkeys((next(iter(cells)), list(cells)[-1])):
            yield from _layers(f"{name}-{sparsity(experiment):g}", where, experiment, cells[experiment])


def _thresholds(name: str, where: str, cells: Mapping[str, Cell]) -> Iterator[Chart]:
    lines = [
        Line(f"{sparsity(e):g} %", [float(x.step) for x in found], [x.threshold for x in found])
        for e, cell in cells.items()
        if (found := events(cell.runs[0]))
    ]
    if lines:
        yield Chart(
            f"threshold-{name}", f"Threshold of DSR, {where}",
            "H at each event, first seed of each sparsity. It is halved above 1.1 N_p and doubled below 0.9 N_p, so it "
            "steps by factors of two and can cycle (sheet 4.1).",
            "iteration", "threshold H", lines, log_y=True,
        )  # fmt: skip


def _moved(name: str, where: str, cells: Mapping[str, Cell]) -> Iterator[Chart]:
    lines, last = [], 0.0
    target = 0.0
    for experiment, cell in cells.items():
        if found := events(cell.runs[0]):
            x = [float(e.step) for e in found]
            lines.append(Line(f"{sparsity(experiment):g} %", x, [float(e.moved or "nan") for e in found]))
            target, last = float(str(options(cell.runs[0]).get("target", 0))), max(last, x[-1])
    if lines:
        lines.append(Line(f"N_p = {target:g}", (0.0, last), (target, target)))
        yield Chart(
            f"moved-{name}", f"Weights moved by DSR, {where}",
            "Weights dropped, and grown elsewhere, at each event of the first seed. H is steered to move N_p.",
            "iteration", "weights moved", lines, log_y=True,
        )  # fmt: skip


def _layers(name: str, where: str, experiment: str, cell: Cell) -> Iterator[Chart]:
    left = [left_by_epoch(run) for run in cell.runs]
    length = min(len(epochs) for epochs, _ in left)
    if not length:
        return
    lines = []
    for label, places, total in groups(cell.runs[0]):
        rows = [[100 * (1 - sum(c[i] for i in places) / total) for c in counts[:length]] for _, counts in left]
        columns = list(zip(*rows, strict=True))
        mean = [sum(c) / len(c) for c in columns]
        low, high = ([min(c) for c in columns], [max(c) for c in columns]) if len(rows) > 1 else ([], [])
        lines.append(Line(label, [float(e) for e in left[0][0][:length]], mean, low, high))
    yield Chart(
        f"layers-over-training-{name}", f"Tensors under DSR at {sparsity(experiment):g} %, {where}",
        f"Mean over {len(cell.runs)} seed{'s' * (len(cell.runs) > 1)} after each epoch, and their range. All tensors "
        "start at the same sparsity.",
        "epoch", "sparsity (%)", lines,
    )  # fmt: skip


def groups(run: Run) -> list[tuple[str, Sequence[int], int]]:
    """Label, places and number of weights of each tensor, or of all tensors of one size where there are many."""
    layers = run.outcome.layers
    if len(layers) <= FEW:
        return [(layer.name.removesuffix(".weight"), (i,), layer.total) for i, layer in enumerate(layers)]
    by_size: dict[int, list[int]] = {}
    for i, layer in enumerate(layers):
        by_size.setdefault(layer.total, []).append(i)
    return [
        (f"{len(at)} of {size:,} weights" if len(at) > 1 else f"1 of {size:,}", at, size * len(at))
        for size, at in by_size.items()
    ]
