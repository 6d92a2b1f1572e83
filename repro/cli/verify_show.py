"""What ``repro verify`` prints."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from repro.badge import badge
from repro.cli.console import STYLES, err, out
from repro.cli.progress import progress
from repro.report import numbers, rows
from repro.request import Prepared
from repro.verdicts.table import TableVerdict
from repro.verdicts.verdict import Verdict
from repro.verification import Judged
from shared.paper import Paper

__all__ = ["judged", "judged_json", "opening", "progress", "published", "published_json"]

SCHEMA_VERSION = 1
KINDS = {
    "value": "Published numbers",
    "ordering": "Sentences",
    "trend": "Sentences",
    "collapse": "Sentences",
    "steadier": "Sentences",
    "compound": "Sentences",
    "exact": "Counts and laws",
    "invariant": "Counts and laws",
}


def opening(prepared: Prepared) -> None:
    """The first lines: what, at which scale, why, and how much is left."""
    request, choice = prepared.request, prepared.choice
    title, table, scale = (request.paper.title, "head"), (request.table.id, "head"), (choice.scale, "head")
    err.print(Text.assemble(title, ", table ", table, " at ", scale, f" scale ({choice.reason})."))
    note = request.paper.scale_notes.get(choice.scale)
    if note:
        err.print(Text(note, style="quiet"))
    done = len(prepared.runs) - len(prepared.left)
    if not prepared.runs:
        return
    if not prepared.left:
        err.print(f"All {done} runs are done already; nothing is trained.")
        return
    seeds = ", ".join(map(str, prepared.seeds))
    kept = f", {done} of them done already" if done else ""
    err.print(f"{len(prepared.runs)} runs (seeds {seeds}){kept}; kept in {prepared.runs_dir}/.", markup=False)


def judged(paper: Paper, result: Judged) -> None:
    """Verdict tables, failed runs, and committed evidence of a higher scale."""
    for table in result.tables:
        verdict_grid(paper, table)
    for ended in result.failed:
        out.print(_marked(ended.state, "bad", f"{ended.job.label}: {ended.sentence}"))
    for problem in result.problems:
        err.print(_marked("skipped", "open", str(problem)))
    for table in result.beside:
        scale = next((v.scale for v in table.verdicts if v.scale), "")
        out.print()
        where = (f"(results/{paper.name}; no run was needed)", "quiet")
        out.print(Text.assemble((f"Committed evidence at {scale} scale", "head"), " ", where))
        verdict_grid(paper, table, only_tested=True)


def uncounted_looks() -> None:
    """What ``--from`` cannot know, and does not note."""
    note = (
        "looks.ndjson is counted where it is there, but --from adds none to it: seeds added after this look go unseen."
    )
    out.print(Padding(_marked("note", "open", note), (0, 0, 0, 1)))


def verdict_grid(paper: Paper, table: TableVerdict, *, only_tested: bool = False) -> None:
    """One table of verdicts, by kind of claim."""
    out.print()
    out.print(_marked(f"{paper.name} · {table.table.id}", "head", table.table.title))
    groups: dict[str, list[Verdict]] = {}
    for verdict in table.verdicts:
        if only_tested and not verdict.n and verdict.label == "NOT TESTED":
            continue
        groups.setdefault(KINDS[verdict.kind], []).append(verdict)
    reasons: list[str] = []
    for title, verdicts in groups.items():
        out.print(_grid(title, verdicts, reasons))
    for number, reason in enumerate(reasons, 1):
        out.print(Padding(_marked(str(number), "quiet", numbers.sentence(reason)), (0, 0, 0, 1)))
    flags = dict.fromkeys(flag for verdicts in groups.values() for verdict in verdicts for flag in verdict.flags)
    for note in (*table.notes, *flags):
        out.print(Padding(_marked("note", "open", numbers.sentence(note)), (0, 0, 0, 1)))
    out.print(score_line(table))


WIDE = {"Published numbers": 140, "Sentences": 110, "Counts and laws": 110}
"""Columns from which each number has a column of its own; below, numbers stand under their claim."""


def _marked(mark: str, style: str, text: str) -> Text:
    """A word that stands out and what it is about; nothing in either is read as markup."""
    return Text.assemble((mark, style), " ", text)


def _grid(title: str, verdicts: list[Verdict], reasons: list[str]) -> Grid:
    """A row a claim; reasons are numbered and follow below, since many claims share one."""
    grid = Grid(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="head", pad_edge=False)
    values, wide = title == "Published numbers", out.width >= WIDE[title]
    names = ("published", "ours", "interval", "margin") if values else ("ours", "interval")
    grid.add_column("claim", ratio=1, min_width=24 if wide else None, overflow="fold")
    for name in names if wide else ():
        grid.add_column(name, justify="right", no_wrap=name != "ours")
    grid.add_column("verdict", max_width=16, min_width=14)
    grid.add_column("why", justify="right", no_wrap=True)
    for verdict in verdicts:
        label = Text(rows.label(verdict), style=STYLES[verdict.label])
        shown = [numbers.ours(verdict), numbers.interval(verdict)]
        claim = verdict.claim.text
        if values:
            claim = claim.rsplit(": ", 1)[0]
            shown = [numbers.published(verdict), *shown, numbers.margin(verdict)]
        if verdict.reason not in reasons:
            reasons.append(verdict.reason)
        under = "" if wide else _under(dict(zip(names, shown, strict=True)))
        cells = (Text.assemble(claim, (under, "quiet")), *(shown if wide else ()))
        grid.add_row(*cells, label, str(reasons.index(verdict.reason) + 1))
    return grid


def _under(shown: dict[str, str]) -> str:
    """The numbers of a claim in words, for a line below it."""
    said = [f"{name} {text}" for name, text in shown.items() if text not in ("", "–")]
    return "\n" + " · ".join(said) if said else ""


def score_line(table: TableVerdict) -> str:
    """What the verdicts come to, in one line."""
    parts = []
    for name, score in (("numbers", table.values), ("sentences", table.sentences), ("counts and laws", table.laws)):
        if score.total:
            parts.append(f"{name}: {score}")
    return "[head]" + "; ".join(parts) + "[/]"


def judged_json(result: Judged) -> dict[str, Any]:
    """The document of ``--json``; see docs/json.md."""
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "verify",
        "tables": [t.to_json() for t in result.tables],
        "beside": [t.to_json() for t in result.beside],
        "failed": [
            {"identity": e.job.protocol.identity, "state": e.state, "sentence": e.sentence} for e in result.failed
        ],
        "problems": list(result.problems),
        "badge": badge(result.tables),
    }


def published(paper: Paper, verdicts: list[Verdict], table: str | None) -> None:
    """What the published numbers say about the sentences."""
    where = f", table {table}" if table else ""
    out.print(
        _marked(f"{paper.title}{where}:", "head", "the sentences, judged on the published numbers. Nothing was run.")
    )
    grid = Grid(box=box.SIMPLE_HEAD, pad_edge=False)
    grid.add_column("sentence", ratio=2, overflow="fold")
    grid.add_column("verdict", max_width=18)
    grid.add_column("reason", ratio=3, overflow="fold")
    for verdict in verdicts:
        reason = Text(numbers.sentence(" ".join((verdict.reason, *verdict.flags))))
        grid.add_row(Text(verdict.claim.text), Text(rows.label(verdict), style=STYLES[verdict.label]), reason)
    out.print(grid)


def published_json(paper: Paper, verdicts: list[Verdict]) -> dict[str, Any]:
    """The document of ``--published --json``."""
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "published",
        "paper": paper.name,
        "verdicts": [v.to_json() for v in verdicts],
    }
