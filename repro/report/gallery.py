"""Which figures a report has: those whose data exist, with title, caption and the command behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from repro.report import figures, lines, series
from repro.report.runs import Group, highest
from shared.claims import Table, Value
from shared.paper import Paper


@dataclass(frozen=True)
class Picture:
    """One figure: ``name`` is its file name and id, ``draw`` makes it when it is wanted."""

    name: str
    kind: str
    title: str
    caption: str
    command: str
    draw: Callable[[], Any]
    table: str = ""


def pictures(paper: Paper, tables: Sequence[Table], groups: Sequence[Group], command: str) -> list[Picture]:
    """Every figure there is something to show in, table by table, then network by network.

    Args:
        paper: the paper.
        tables: the tables of the report.
        groups: our runs by experiment.
        command: that makes the report; printed under each figure.
    """
    found = [p for t in tables for p in _of_table(paper, t, groups, command)]
    networks = dict.fromkeys(g.network for g in groups)
    return found + [p for n in networks for p in _of_network(n, highest(groups, n), command)]


def _of_table(paper: Paper, table: Table, groups: Sequence[Group], command: str) -> Iterator[Picture]:
    if all(c.seed is not None or c.epoch is not None for c in table.claims if isinstance(c, Value)):
        return  # single runs of means that another table has
    for network in series.networks(paper, table):
        theirs = series.published(paper, table, network)
        top = highest(groups, network)
        wanted = {c.experiment for c in table.claims if isinstance(c, Value)}
        own = series.ours([g for g in top if g.experiment.id in wanted], theirs)
        order, name = list(theirs), f"{table.id}-{network}"
        who = f"{network}, {table.id}" if table.id != network else network
        if max((len(p) for p in theirs.values()), default=0) < 2:
            if own:
                draw = _later(figures.dots, theirs, own, order, f"{who}: published and ours ({top[0].scale} scale)")
                caption = f"Accuracy as published (open diamonds) and ours at {top[0].scale} scale (dots), ± one sd."
                yield Picture(name, "table", f"{table.title}: published and ours", caption, command, draw, table.id)
            continue
        limits = _limits(theirs, own)
        left = _later(figures.accuracy, theirs, order, band=False, limits=limits, title=f"{who}: published")
        caption = "Published means; bars are one standard deviation over the authors' runs, where they state it."
        yield Picture(f"{name}-published", "sparsity", f"{who}: published", caption, command, left, table.id)
        if own:
            title = f"{who}: ours at {top[0].scale} scale"
            right = _later(figures.accuracy, own, order, band=True, limits=limits, title=title)
            caption = f"Our means at {top[0].scale} scale; the band is one standard deviation over seeds."
            yield Picture(f"{name}-ours", "sparsity", title, caption, command, right, table.id)


def _of_network(network: str, groups: Sequence[Group], command: str) -> Iterator[Picture]:
    """Learning curves, layers and weights by sparsity, at the network's highest scale."""
    by_level: dict[float | None, dict[str, Group]] = {}
    for group in groups:
        by_level.setdefault(series.level_of(group.experiment), {}).setdefault(_name(group), group)
    for number in sorted(by_level, key=lambda at: -1.0 if at is None else at, reverse=True):
        level = "at a sparsity of their own" if number is None else f"at {number:.4g} %" if number else "unpruned"
        for part, own in enumerate(_in_parts(by_level[number])):
            order = list(own)
            scale = next(iter(own.values())).scale
            where = f"{network} {level}, {scale} scale" + (f" ({part + 1})" if part else "")
            slug = f"{network}-{_slug(level)}" + (f"-{part + 1}" if part else "")
            yield from _of_level(slug, where, own, order, command)


def _of_level(slug: str, where: str, own: Mapping[str, Group], order: list[str], command: str) -> Iterator[Picture]:
    bands = {m: x for m, g in own.items() if (x := lines.band(g.records))}
    if bands:
        text = "Accuracy after each epoch: mean over seeds and their range; ticks at the foot are prunings."
        draw = _later(figures.curves, bands, order, where)
        yield Picture(f"curves-{slug}", "curves", f"Learning curves, {where}", text, command, draw)
    bars = {m: y for m, g in own.items() if (y := lines.bars(g.records))}
    if bars:
        text = (
            "Share of the weights left in each prunable tensor, mean over seeds; a cross at the foot: none in any run."
        )
        draw = _later(figures.layers, bars, order, where)
        yield Picture(f"layers-{slug}", "layers", f"Weights left by layer, {where}", text, command, draw)
    steps = {m: z for m, g in own.items() if (z := lines.steps(g.records[0]))}
    if steps:
        text = "Non-zero prunable weights at the end of the first seed's run, all tensors together."
        draw = _later(figures.weights, steps, order, where)
        yield Picture(f"weights-{slug}", "weights", f"Weights at the end, {where}", text, command, draw)


def _in_parts(own: Mapping[str, Group], size: int = 6) -> Iterator[dict[str, Group]]:
    """At most six methods a figure: more cannot be told apart."""
    items = list(own.items())
    for start in range(0, len(items), size):
        yield dict(items[start : start + size])


def _name(group: Group) -> str:
    """Short name in a legend; runs of different strengths keep theirs."""
    if "strength" in group.experiment.labels:
        return group.experiment.title.partition(", ")[2] or group.experiment.title
    return series.method_of(group.experiment)


def _slug(text: str) -> str:
    return "".join(c if c.isalnum() or c == "." else "-" for c in text).strip("-")


def _limits(*sides: series.Series) -> tuple[float, float]:
    values = [v for side in sides for points in side.values() for p in points for v in (p.mean - (p.sd or 0), p.mean)]
    low = min(values, default=0.0)
    return (0.0, 100.0) if low < 40 else (max(0.0, low - 3), min(100.0, max(values) + 3))


def _later(draw: Callable[..., Any], *args: Any, **named: Any) -> Callable[[], Any]:
    return lambda: draw(*args, **named)
