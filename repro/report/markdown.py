"""Verdict tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from repro.report import numbers
from repro.report.rows import HEADER, SENTENCE_HEADER, cells, sentence_cells
from repro.verdicts.table import TableVerdict
from repro.verdicts.verdict import Verdict
from shared.appendix import Appendix


def verdict_table(table: TableVerdict) -> str:
    """A table's verdicts: claim, published, ours, interval, margin, verdict, reason; then what they come to."""
    lines = [grid(HEADER, [cells(v) for v in table.verdicts]), "", *(f"{line}\n" for line in summary(table))]
    return "\n".join(lines).rstrip() + "\n"


def published_table(verdicts: Iterable[Verdict]) -> str:
    """Sentences judged on the published numbers: sentence, label, reason."""
    return grid(SENTENCE_HEADER, [sentence_cells(v) for v in verdicts]) + "\n"


def summary(table: TableVerdict) -> list[str]:
    """What a table's verdicts come to, one sentence a line; numbers, sentences and laws are never added up."""
    scores = (("Numbers", table.values), ("Sentences", table.sentences), ("Counts and laws", table.laws))
    lines = [f"{name}: {score}." for name, score in scores if score.total]
    return [numbers.sentence(line) for line in (*lines, *table.notes)]


def appendix(appendix: Appendix) -> list[str]:
    """The paper's findings and tables of numbers, a section each."""
    parts = []
    if appendix.findings:
        parts.append("## What the numbers show\n\n" + "".join(f"- {escape(f)}\n" for f in appendix.findings))
    for table in appendix.grids:
        note = f"\n{escape(table.note)}\n" if table.note else ""
        parts.append(f"## {escape(table.title)}\n\n{grid(table.header, table.rows)}\n{note}")
    return parts


def grid(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; pipes, line breaks and markup in cells are made harmless."""
    lines = [header, ["---"] * len(header), *([escape(c) for c in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def escape(text: str) -> str:
    """Text as a cell: it starts no column, markup or HTML."""
    for mark in ("\\", "|", "*", "_", "`", "[", "]", "<", ">"):
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())
