"""What a paper adds to its report: figures, tables and findings of its own, as plain data.

A paper says what is shown; ``repro.report`` decides how it looks. A paper names its function as
``"package.module:function"`` in ``Paper.appendix``; it is imported when a report is made and called as
``function(evidence, tables)`` with the ids of the tables that the report shows. It returns an ``Appendix``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from typing import Protocol as Structural

from shared.lazy import attribute
from shared.protocol import Protocol, Scale


class Run(Structural):
    """A finished run, as a paper sees it; ``repro.evidence.record.Record`` is one."""

    @property
    def protocol(self) -> Protocol:
        """What was run."""

    @property
    def outcome(self) -> Any:
        """Counts, ``curve``, ``layers`` and ``extra`` of the run."""

    def metric(self, name: str, *, epoch: int | None = None, which: str = "last") -> float | None:
        """A metric by the name it has in claims.csv; ``None`` where the run cannot tell."""


@dataclass(frozen=True)
class Cell:
    """The runs of one experiment at one scale, one per seed."""

    scale: Scale
    runs: Sequence[Run]


Evidence = Mapping[str, Cell]
"""Experiment id -> its runs, at the highest scale at which its network was run."""


@dataclass(frozen=True)
class Line:
    """One series of a chart.

    Attributes:
        label: its name in the legend.
        x, y: as many of each; a ``nan`` in ``y`` leaves a gap.
        low, high: a band around ``y``, e.g. the range over seeds; empty for none.
        dots: points without a line between them, e.g. published numbers.
        likeness: lines of the same likeness share a colour; by default each has its own.
        steps: drawn as a histogram, ``x`` the middles of equal bins.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    dots: bool = False
    likeness: str = ""
    steps: bool = False


@dataclass(frozen=True)
class Mark:
    """A vertical line at ``x``; of the colour of the lines of its ``likeness``."""

    label: str
    x: float
    likeness: str = ""


@dataclass(frozen=True)
class Panel:
    """One of several small axes of a chart."""

    title: str
    lines: Sequence[Line]


@dataclass(frozen=True)
class Chart:
    """A figure: lines over common axes.

    Attributes:
        name: file name and id, unique in the paper; letters, digits, ``.`` and ``-``.
        title, caption: what it shows and how to read it.
        x, y: axis labels, with units.
        log_x, log_y: logarithmic axes.
        limits: of the y axis; chosen from the data where ``None``.
        ticks: of the x axis, where not every number is a sensible one; position to label.
        table: id of the table it is shown with; a section of its own without one.
        marks: vertical lines, e.g. thresholds.
        panels: many small axes instead of ``lines``, which share the legend; lines of one label look alike in all.
    """

    name: str
    title: str
    caption: str
    x: str
    y: str
    lines: Sequence[Line]
    log_x: bool = False
    log_y: bool = False
    limits: tuple[float, float] | None = None
    ticks: Mapping[float, str] | None = None
    table: str = ""
    marks: Sequence[Mark] = ()
    panels: Sequence[Panel] = ()


@dataclass(frozen=True)
class Grid:
    """A table of numbers: one row per thing, cells as text."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


@dataclass(frozen=True)
class Appendix:
    """Everything a paper adds.

    Attributes:
        charts, grids: figures and tables.
        findings: sentences that follow from the numbers, computed from them, one pattern each.
    """

    charts: tuple[Chart, ...] = ()
    grids: tuple[Grid, ...] = ()
    findings: tuple[str, ...] = ()


def gather(where: str, evidence: Evidence, tables: Collection[str]) -> Appendix:
    """The appendix that the function named ``module:function`` makes; an empty one without a name."""
    if not where:
        return Appendix()
    make: Callable[[Evidence, Collection[str]], Appendix] = attribute(where)
    return make(evidence, tables)
