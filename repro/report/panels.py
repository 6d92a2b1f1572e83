"""A chart of many small axes with one legend."""

from __future__ import annotations

from typing import Any

from repro.report.ink import LINES, colour, drawing
from shared.appendix import Chart, Line

COLUMNS = 3
WIDTH, HEIGHT = 7.2, 1.3
"""Of the figure, and of one row of axes, in inches."""


def chart(chart: Chart) -> Any:
    """The panels row by row; a line of one label has one colour in all of them."""
    from matplotlib.figure import Figure

    labels = list(dict.fromkeys(line.label for panel in chart.panels for line in panel.lines))
    rows = -(-len(chart.panels) // COLUMNS)
    height = rows * HEIGHT + 1.0
    with drawing():
        figure = Figure(figsize=(WIDTH, height))
        figure.suptitle(chart.title, x=0.01, ha="left", fontsize=9.5)
        grid = figure.subplots(rows, COLUMNS, squeeze=False)
        figure.subplots_adjust(
            left=0.09, right=0.99, top=1 - 0.5 / height, bottom=0.72 / height, hspace=0.75, wspace=0.28
        )
        seen: dict[str, Any] = {}
        for axes, panel in zip(grid.flat, chart.panels, strict=False):
            axes.set_title(panel.title, loc="left", fontsize=8)
            for line in panel.lines:
                i = labels.index(line.label)
                drawn = _draw(axes, line, i)
                seen.setdefault(line.label, drawn)
            axes.set(xscale="log" if chart.log_x else "linear", yscale="log" if chart.log_y else "linear")
            for axis, logarithmic in ((axes.xaxis, chart.log_x), (axes.yaxis, chart.log_y)):
                if logarithmic:
                    _few_powers(axis)
            axes.tick_params(labelsize=7)
            if chart.limits:
                axes.set_ylim(*chart.limits)
        for axes in list(grid.flat)[len(chart.panels) :]:
            axes.set_visible(False)
        figure.text(0.5, 0.36 / height, chart.x, ha="center", fontsize=9)
        figure.text(0.012, 0.5, chart.y, va="center", rotation="vertical", fontsize=9)
        figure.legend(seen.values(), seen.keys(), loc="lower center", ncols=min(5, len(seen)), borderaxespad=0.1)
        return figure


def _few_powers(axis: Any) -> None:
    """At most four powers of ten, as plain numbers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(numticks=4))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.7g}"))
    axis.set_minor_formatter(NullFormatter())


def _draw(axes: Any, line: Line, i: int) -> Any:
    look = {"linewidth": 1, "color": colour(i)}
    if line.steps:
        half = (line.x[1] - line.x[0]) / 2
        edges = [line.x[0] - half, *(x + half for x in line.x)]
        return axes.stairs(line.y, edges, linestyle=LINES[i % len(LINES)], **look)
    style, mark = ("none", ".") if line.dots else (LINES[i % len(LINES)], None)
    (drawn,) = axes.plot(line.x, line.y, linestyle=style, marker=mark, markersize=3, **look)
    return drawn
