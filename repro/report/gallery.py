"""Which figures a report has: those whose data exist, with title and caption."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from repro.report import figures, lines, panels, series
from repro.report.ink import PALETTE
from repro.report.numbers import count
from repro.report.runs import Group, highest
from shared.appendix import Appendix, Chart
from shared.claims import Table, Value
from shared.paper import Paper

T = TypeVar("T")
Numbers = tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]
"""Header and rows of a small table."""
MANY = 120
"""Points beyond which a chart is not repeated as a table of numbers."""


@dataclass(frozen=True)
class Picture:
    """One figure: ``name`` is its file name and id, ``draw`` makes it when it is wanted, ``numbers`` say the same.

    ``beside`` marks a figure that belongs to the right of the one before it, ``wide`` one that takes the page's width.
    """

    name: str
    kind: str
    title: str
    caption: str
    draw: Callable[[], Any]
    table: str = ""
    numbers: Numbers = ((), ())
    beside: bool = False
    wide: bool = False


def pictures(paper: Paper, tables: Sequence[Table], groups: Sequence[Group]) -> list[Picture]:
    """Every figure there is something to show in, table by table, then network by network.

    Args:
        paper: the paper.
        tables: the tables of the report.
        groups: our runs by experiment.
    """
    known = list(dict.fromkeys(m for t in paper.tables.values() for m in series.methods(paper, t)))
    found = [p for t in tables for p in _of_table(paper, t, groups, known)]
    subjects = dict.fromkeys(g.who for g in groups)
    return found + [p for who in subjects for p in _of_network(who, highest(groups, who), known)]


def charts(appendix: Appendix) -> Iterator[Picture]:
    """The paper's own figures."""
    for chart in appendix.charts:
        numbers = (("series", chart.x, chart.y), tuple(_points(chart)))
        kind = "table" if chart.table else "own"
        draw = _later(panels.chart if chart.panels else figures.chart, chart)
        wide = bool(chart.panels)
        yield Picture(f"own-{chart.name}", kind, chart.title, chart.caption, draw, chart.table, numbers, wide=wide)


def _points(chart: Chart) -> Iterator[tuple[str, ...]]:
    """A chart as numbers, where they are few enough to read."""
    if sum(len(line.x) for line in chart.lines) <= MANY:
        for line in chart.lines:
            yield from ((line.label, f"{x:.6g}", f"{y:.6g}") for x, y in zip(line.x, line.y, strict=True))
        yield from ((mark.label, f"{mark.x:.6g}", "") for mark in chart.marks)


def _of_table(paper: Paper, table: Table, groups: Sequence[Group], known: Sequence[str]) -> Iterator[Picture]:
    if all(c.seed is not None or c.epoch is not None for c in table.claims if isinstance(c, Value)):
        return  # single runs of means that another table has
    for subject in series.subjects(paper, table):
        theirs = _in_order(series.published(paper, table, subject), known)
        top = highest(groups, subject)
        wanted = {c.experiment for c in table.claims if isinstance(c, Value)}
        own = series.ours([g for g in top if g.experiment.id in wanted], theirs)
        slots, name = place(theirs, known), f"{table.id}-{_slug(subject)}"
        who = subject + (f", {table.id}" if table.id != _slug(subject) else "")
        if max((len(p) for p in theirs.values()), default=0) < 2:
            if own:
                draw = _later(
                    figures.dots, theirs, own, list(theirs), f"{who}: published and ours ({top[0].scale} scale)"
                )
                caption = f"Accuracy as published (open diamonds) and ours at {top[0].scale} scale (dots), ± one sd."
                yield Picture(name, "table", f"{table.title}: published and ours", caption, draw, table.id)
            continue
        at = [p.sparsity for side in (theirs, own) for points in side.values() for p in points]
        axes = {"extent": (min(at), max(at)), "limits": _limits(theirs, own)}
        left = _later(figures.accuracy, theirs, slots, band=False, **axes, title=f"{who}: published")
        caption = "Published means; bars are one standard deviation over the authors' runs, where they state it."
        yield Picture(f"{name}-published", "sparsity", f"{who}: published", caption, left, table.id)
        if own:
            title = f"{who}: ours at {top[0].scale} scale"
            right = _later(figures.accuracy, own, slots, band=True, **axes, title=title)
            caption = f"Our means at {top[0].scale} scale; the band is one standard deviation over seeds."
            yield Picture(f"{name}-ours", "sparsity", title, caption, right, table.id, beside=True)


def _of_network(who: str, groups: Sequence[Group], known: Sequence[str]) -> Iterator[Picture]:
    """Learning curves, layers and weights by sparsity, at the network's highest scale."""
    by_level: dict[str, dict[str, Group]] = {}
    for group in groups:
        level = series.level_of(group.experiment)
        by_level.setdefault("" if level is None else percent(level), {}).setdefault(_name(group), group)
    for key in sorted(by_level, key=lambda k: float(k or -1), reverse=True):
        level_text = f"at {key} %" if float(key or -1) > 0 else "unpruned" if key else "at a sparsity of their own"
        for part, own in enumerate(_in_parts(_in_order(by_level[key], known))):
            slots = place(own, known)
            scale = next(iter(own.values())).scale
            where = f"{who} {level_text}, {scale} scale" + (f" ({part + 1})" if part else "")
            slug = f"{_slug(who)}-{_slug(level_text)}" + (f"-{part + 1}" if part else "")
            yield from _of_level(slug, where, own, slots)


def _of_level(slug: str, where: str, own: Mapping[str, Group], slots: figures.Slots) -> Iterator[Picture]:
    bands = {m: x for m, g in own.items() if (x := lines.band(g.records))}
    if bands:
        text = "Accuracy after each epoch: mean over seeds and their range; ticks at the foot are prunings."
        draw = _later(figures.curves, bands, slots, where)
        yield Picture(f"curves-{slug}", "curves", f"Learning curves, {where}", text, draw)
    bars = {m: y for m, g in own.items() if (y := lines.bars(g.records))}
    if bars:
        text = (
            "Share of the weights left in each prunable tensor, mean over seeds; a cross at the foot: none in any run."
        )
        draw = _later(figures.layers, bars, slots, where)
        yield Picture(
            f"layers-{slug}", "layers", f"Weights left by layer, {where}", text, draw, numbers=_layer_numbers(bars)
        )
    steps = {m: z for m, g in own.items() if (z := lines.steps(g.records[0]))}
    if steps:
        text = "Non-zero prunable weights at the end of the first seed's run, all tensors together."
        draw = _later(figures.weights, steps, slots, where)
        yield Picture(f"weights-{slug}", "weights", f"Weights at the end, {where}", text, draw)


def place(methods: Iterable[str], known: Sequence[str]) -> dict[str, int]:
    """A place in the palette for each method: its usual one in the paper, or the next that is free in this figure."""
    places: dict[str, int] = {}
    for method in methods:
        at = known.index(method) % len(PALETTE) if method in known else 0
        free = [(at + i) % len(PALETTE) for i in range(len(PALETTE))]
        places[method] = next((i for i in free if i not in places.values()), at)
    return places


def _layer_numbers(bars: Mapping[str, lines.Bars]) -> Numbers:
    first = next(iter(bars.values()))
    same = {m: b for m, b in bars.items() if b.names == first.names}
    rows = [
        (name, count(total), *(f"{b.left[i] * total / 100:,.0f} ({100 - b.left[i]:.4g} %)" for b in same.values()))
        for i, (name, total) in enumerate(zip(first.names, first.totals, strict=True))
    ]
    return ("tensor", "weights", *(f"{m}: left (sparsity)" for m in same)), tuple(rows)


def _in_order(own: Mapping[str, T], known: Sequence[str]) -> dict[str, T]:
    """Methods in the paper's order, those it does not state an accuracy of last."""
    return dict(sorted(own.items(), key=lambda item: known.index(item[0]) if item[0] in known else len(known)))


def _in_parts(own: Mapping[str, Group], size: int = 6) -> Iterator[dict[str, Group]]:
    """At most six methods a figure: more cannot be told apart."""
    items = list(own.items())
    for start in range(0, len(items), size):
        yield dict(items[start : start + size])


def percent(level: float) -> str:
    """A sparsity with four digits, or as many more as tell it from 100."""
    return next((text for digits in range(4, 12) if (text := f"{level:.{digits}g}") != "100"), "100")


def _name(group: Group) -> str:
    """Short name in a legend; runs of different strengths keep theirs."""
    if "strength" in group.experiment.labels:
        return group.experiment.title.removeprefix(f"{group.who}, ")
    return series.method_of(group.experiment)


def _slug(text: str) -> str:
    return "".join(c if c.isalnum() or c == "." else "-" for c in text.lower()).strip("-")


def _limits(*sides: series.Series) -> tuple[float, float]:
    values = [v for side in sides for points in side.values() for p in points for v in (p.mean - (p.sd or 0), p.mean)]
    low = min(values, default=0.0)
    return (0.0, 100.0) if low < 40 else (max(0.0, low - 3), min(100.0, max(values) + 3))


def _later(draw: Callable[..., Any], *args: Any, **named: Any) -> Callable[[], Any]:
    return lambda: draw(*args, **named)
