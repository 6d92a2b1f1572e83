"""Verdict tables in LaTeX (packages booktabs, longtable and array), to be put beside the paper's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from repro.report.markdown import summary
from repro.report.rows import HEADER, SENTENCE_HEADER, cells, sentence_cells
from repro.verdicts.table import TableVerdict
from repro.verdicts.verdict import Verdict
from shared.appendix import Appendix

WIDTHS = (0.17, 0.11, 0.12, 0.10, 0.07, 0.12, 0.24)
SENTENCE_WIDTHS = (0.36, 0.16, 0.44)
SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "±": r"$\pm$",
    "–": "--",
}


def verdict_table(table: TableVerdict) -> str:
    """A table's verdicts with the table's title as caption and its scores below."""
    scores = " ".join(escape(line) for line in summary(table))
    body = longtable(HEADER, [cells(v) for v in table.verdicts], WIDTHS, table.table.title)
    return f"% needs booktabs, longtable, array\n{body}\n\\noindent {scores}\n"


def published_table(verdicts: Iterable[Verdict], title: str) -> str:
    """Sentences judged on the published numbers."""
    return longtable(SENTENCE_HEADER, [sentence_cells(v) for v in verdicts], SENTENCE_WIDTHS, title)


def appendix(appendix: Appendix) -> list[str]:
    """The paper's findings as a list and its tables of numbers."""
    items = "".join(f"\\item {escape(f)}\n" for f in appendix.findings)
    parts = [f"\\begin{{itemize}}\n{items}\\end{{itemize}}\n"] if items else []
    for table in appendix.grids:
        width = 0.96 / len(table.header)
        parts.append(longtable(table.header, table.rows, [width] * len(table.header), table.title))
    return parts


def longtable(header: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[float], title: str) -> str:
    """A table that may run over pages; widths are shares of the line."""
    columns = "".join(rf">{{\raggedright\arraybackslash}}p{{{w:g}\linewidth}}" for w in widths)
    head = f"{' & '.join(map(escape, header))} \\\\"
    lines = [
        rf"\begin{{longtable}}{{@{{}}{columns}@{{}}}}",
        rf"\caption{{{escape(title)}}} \\",
        r"\toprule",
        head,
        r"\midrule \endhead",
        r"\bottomrule \endfoot",
        *(f"{' & '.join(map(escape, row))} \\\\" for row in rows),
        r"\end{longtable}",
    ]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Text without commands: every character that means something to TeX is spelled out."""
    return " ".join("".join(SPECIAL.get(c, c) for c in text).split())
