"""Figures from plain data; each function draws one and returns it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from repro.report.ink import LINES, MARKERS, colour, drawing
from repro.report.lines import Band, Bars, Steps
from repro.report.series import Series
from shared.appendix import Chart, Line, Mark

WIDTH = 4.6
"""Of a figure, in inches."""
Slots = Mapping[str, int]
"""Method -> its place in the palette, its marker and line."""
LEAST_LEFT = 2e-3
"""Percent of weights left below which a point is drawn at the edge: a logarithmic axis has no zero."""
TICKS = (0.0, 50.0, 75.0, 90.0, 98.0, 99.0, 99.6, 99.9, 99.99)


def accuracy(
    series: Series,
    slots: Slots,
    *,
    band: bool,
    extent: tuple[float, float],
    limits: tuple[float, float],
    title: str,
) -> Any:
    """Accuracy over sparsity; the spread as bars (published) or as a band (ours).

    Args:
        series: points by method.
        slots: method -> its place in the palette.
        band: a band of one standard deviation rather than bars.
        extent: lowest and highest sparsity of the axis, in percent.
        limits: of the accuracy axis, in percent.
        title: over the axes.
    """
    with drawing():
        figure, axes = _axes(title)
        for method, points in series.items():
            i = slots[method]
            x = [_left(p.sparsity) for p in points]
            y = [p.mean for p in points]
            sd = [p.sd or 0.0 for p in points]
            look = {"color": colour(i), "marker": MARKERS[i % len(MARKERS)], "markersize": 4.5, "label": method}
            if band:
                axes.plot(x, y, LINES[0], linewidth=1.4, **look)
                low, high = ([m + s * d for m, d in zip(y, sd, strict=True)] for s in (-1, 1))
                axes.fill_between(x, low, high, color=colour(i), alpha=0.18, linewidth=0)
            else:
                axes.errorbar(x, y, yerr=sd, linestyle=(0, (4, 2)), linewidth=1.1, capsize=2.5, **look)
        _sparsity_axis(axes, *extent)
        axes.set(ylabel="accuracy (%)", ylim=limits)
        _finish(figure, axes)
        return figure


def dots(published: Series, ours: Series, order: Sequence[str], title: str) -> Any:
    """One row per method: the published accuracy and ours, each with one standard deviation."""
    with drawing():
        figure, axes = _axes(title, height=0.2 + 0.4 * len(order))
        sides = ((published, 0.16, "D", "published", "white"), (ours, -0.16, "o", "ours", None))
        for series, shift, marker, who, face in sides:
            for i, method in enumerate(order):
                for k, p in enumerate(series.get(method, ())[-1:]):
                    axes.errorbar(
                        p.mean, -i + shift, xerr=p.sd or None, marker=marker, color=colour(1 if face is None else 0),
                        markerfacecolor="none" if face else None, capsize=2.5, markersize=5.5, linestyle="none",
                        label=who if k == 0 else None,
                    )  # fmt: skip
        axes.set(yticks=[-i for i in range(len(order))], yticklabels=order, xlabel="accuracy (%), ± one sd")
        axes.set_ylim(-len(order) + 0.45, 0.55)
        axes.grid(axis="y", visible=False)
        _finish(figure, axes, left=0.2 + 0.072 * max(map(len, order), default=0))
        return figure


def curves(bands: Mapping[str, Band], slots: Slots, title: str) -> Any:
    """Accuracy by epoch: mean over seeds, the range as a band; prunings as ticks along the lower edge."""
    with drawing():
        figure, axes = _axes(title, height=2.5)
        axes.set_ylim(0, 102)
        for row, (method, band) in enumerate(bands.items()):
            i = slots[method]
            axes.plot(
                band.epochs, band.mean, linestyle=LINES[i % len(LINES)], color=colour(i), linewidth=1.2, label=method
            )
            if band.n > 1:
                axes.fill_between(band.epochs, band.low, band.high, color=colour(i), alpha=0.18, linewidth=0)
            if band.prunings:
                axes.plot(band.prunings, [1.2 + 2.4 * row] * len(band.prunings), "|", color=colour(i), markersize=6)
        axes.set(xlabel="epoch (ticks along the axis: prunings)", ylabel="accuracy (%)")
        _finish(figure, axes)
        return figure


def layers(bars: Mapping[str, Bars], slots: Slots, title: str) -> Any:
    """Weights left in each prunable tensor, in the order of the network; a cross at the foot marks none."""
    from matplotlib.ticker import MaxNLocator

    with drawing():
        figure, axes = _axes(title)
        lowest = min((v for b in bars.values() for v in b.left if v > 0), default=1e-2)
        foot = lowest / 3
        for method, bar in bars.items():
            i = slots[method]
            x = range(1, len(bar.left) + 1)
            y = [v if v > 0 else float("nan") for v in bar.left]
            look = {"color": colour(i), "linestyle": LINES[i % len(LINES)], "marker": MARKERS[i % len(MARKERS)]}
            axes.plot(x, y, markersize=3, linewidth=1.1, label=method, **look)
            gone = [k for k, v in zip(x, bar.left, strict=True) if v == 0]
            axes.plot(gone, [foot] * len(gone), "x", color=colour(i), markersize=4.5)
        axes.set(yscale="log", xlabel="prunable tensor, from input to output", ylabel="weights left (%)")
        axes.set_ylim(foot / 1.6, 160)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        _logarithmic(axes.yaxis)
        _finish(figure, axes, left=0.78)
        return figure


def weights(steps: Mapping[str, Steps], slots: Slots, title: str) -> Any:
    """Distribution of the weights left, all tensors together."""
    with drawing():
        figure, axes = _axes(title)
        for method, step in steps.items():
            i = slots[method]
            look = {"color": colour(i), "linestyle": LINES[i % len(LINES)], "linewidth": 1.2}
            axes.stairs(step.counts, step.edges, label=method, **look)
        axes.set(yscale="log", xlabel="weight", ylabel="weights per bin", ylim=(0.7, None))
        _logarithmic(axes.yaxis)
        _finish(figure, axes, left=0.78)
        return figure


def chart(chart: Chart) -> Any:
    """A paper's own figure: lines with their bands, or points alone."""
    shown: list[Line | Mark] = [*chart.lines, *chart.marks]
    likenesses = list(dict.fromkeys(x.likeness or x.label for x in shown))
    with drawing():
        figure, axes = _axes(chart.title)
        for line in chart.lines:
            i = likenesses.index(line.likeness or line.label)
            few, mark = len(line.x) <= 40 and not line.steps, MARKERS[i % len(MARKERS)]
            style = "none" if line.dots else LINES[i % len(LINES)]
            face = "none" if line.dots else None
            axes.plot(
                line.x, line.y, linestyle=style, marker=mark if few or line.dots else None, markersize=4,
                markerfacecolor=face, linewidth=1.2, color=colour(i), label=line.label,
                drawstyle="steps-mid" if line.steps else "default",
            )  # fmt: skip
            if line.low:
                axes.fill_between(line.x, line.low, line.high, color=colour(i), alpha=0.18, linewidth=0)
        for at in chart.marks:
            i = likenesses.index(at.likeness or at.label)
            axes.axvline(at.x, color=colour(i), linestyle=(0, (1, 1.5)), linewidth=1.4, label=at.label)
        axes.set(xlabel=chart.x, ylabel=chart.y)
        for axis, logarithmic in (("x", chart.log_x), ("y", chart.log_y)):
            if logarithmic:
                axes.set(**{f"{axis}scale": "log"})
                _logarithmic(getattr(axes, f"{axis}axis"))
        if chart.limits:
            axes.set_ylim(*chart.limits)
        if chart.ticks:
            axes.set_xticks(list(chart.ticks), list(chart.ticks.values()))
            axes.minorticks_off()
        _finish(figure, axes, left=0.78)
        return figure


def _axes(title: str, height: float = 2.3) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height))
    axes = figure.add_subplot()
    axes.set_title(title, loc="left")
    return figure, axes


def _finish(figure: Any, axes: Any, left: float = 0.6) -> None:
    """Make room around the axes, whose height stays as it was asked for, and put the legend under them.

    Margins are stated, in inches: measuring every text twice, as automatic layouts do, takes most of a figure's time.
    """
    from matplotlib.transforms import Bbox

    handles, labels = axes.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    longest = max(map(len, unique), default=0)
    columns = max(1, min(len(unique), 3 if longest < 17 else 2 if longest < 30 else 1))
    rows = -(-len(unique) // columns)
    height, top, bottom = figure.get_figheight(), 0.28, 0.52 + 0.19 * rows
    total = height + top + bottom
    figure.set_figheight(total)
    axes.set_position(Bbox.from_extents(left / WIDTH, bottom / total, 1 - 0.1 / WIDTH, 1 - top / total))
    if unique:
        figure.legend(unique.values(), unique.keys(), loc="lower center", ncols=columns, borderaxespad=0.1)


def _logarithmic(axis: Any) -> None:
    """Plain numbers at the powers of ten; between them too where the axis spans few."""
    from matplotlib.ticker import FuncFormatter

    def between(value: float, _: int) -> str:
        low, high = axis.get_view_interval()
        ratio = high / low if low > 0 else float("inf")
        shown = "23456789" if ratio < 2 else "25" if ratio < 100 else ""
        return _number(value) if f"{value:e}"[0] in shown else ""

    axis.set_major_formatter(FuncFormatter(lambda value, _: _number(value)))
    axis.set_minor_formatter(FuncFormatter(between))


def _number(value: float) -> str:
    return f"{value:,.7g}"


def _left(sparsity: float) -> float:
    return max(100 - sparsity, LEAST_LEFT)


def _sparsity_axis(axes: Any, low: float, high: float) -> None:
    """Logarithmic in the weights left, labelled with the sparsity."""
    from matplotlib.ticker import NullFormatter, NullLocator

    shown = [t for t in TICKS if _left(t) >= _left(high) / 1.6 and _left(t) <= _left(low) * 1.6]
    axes.set_xscale("log")
    axes.set_xlim(_left(low) * 1.4, _left(high) / 1.4)
    axes.set_xticks([_left(t) for t in shown], [f"{t:g}" for t in shown])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("sparsity (%)")
