"""What ``repro show`` prints."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.table import Table as Grid
from rich.text import Text

from repro.cli.console import STYLES, out
from repro.report import numbers, rows
from repro.showing import Shown, in_words, plain
from shared.claims import Claim, Exact, Value
from shared.paper import Paper

SHOWN_EXPERIMENTS = 12


def paper(chosen: Paper, facts: dict[str, Any]) -> None:
    """A paper: tables, sentences, variants, scales."""
    out.print(Text.assemble((chosen.title, "head"), f"\n{chosen.citation}"))
    grid = _grid("Tables", "name", "title", "claims", "experiments", right=("claims", "experiments"))
    for row in facts["tables"]:
        _row(grid, row["id"], row["title"], str(row["claims"]), str(row["experiments"]))
    out.print(grid)
    if chosen.sentences:
        grid = _grid("Sentences", "id", "sentence", "source")
        for claim in chosen.sentences:
            _row(grid, claim.id, claim.text, claim.source)
        out.print(grid)
    _notes(chosen)
    _quiet(
        f"`repro show {chosen.name} --table NAME` shows one table; `repro verify {chosen.name} --published` "
        "judges the sentences on the published numbers."
    )


def ready(shown: Shown) -> None:
    """Do what takes seconds, so that it happens under one notice."""
    shown.verdicts, shown.work  # noqa: B018  (kept once computed)


def table(shown: Shown) -> None:
    """A table: claims, sentences, protocol, cost, notes."""
    chosen = shown.table
    out.print(Text.assemble((f"{shown.paper.name} · {chosen.id}", "head"), f" {chosen.title}"))
    if chosen.note:
        _quiet(chosen.note)
    numeric = [c for c in chosen.claims if isinstance(c, Value | Exact)]
    if numeric:
        _claims(numeric)
    if shown.verdicts:
        _sentences(shown)
    if shown.experiments:
        _protocol(shown)
        _experiments(shown)
        _work(shown)
    _notes(shown.paper)


def _claims(claims: list[Value | Exact]) -> None:
    """Published numbers; reasons, sources and notes, which many share, are numbered below."""
    grid = _grid("Published numbers", "claim", "published", "margin", right=("published", "margin"))
    below = {"why": [_why(c) for c in claims], "source": [_source(c) for c in claims], "note": [c.note for c in claims]}
    kept = {name: _numbered(texts) for name, texts in below.items() if any(texts)}
    for name in kept:
        grid.add_column(name)
    for i, claim in enumerate(claims):
        decides = "" if not isinstance(claim, Value) or claim.gating else " (decides nothing)"
        cells = [kept[name].get(below[name][i], "") for name in kept]
        text = numbers.sentence(claim.text) + decides
        _row(grid, text, numbers.published(claim), numbers.margin(claim), *cells)
    out.print(grid)
    for name, entries in kept.items():
        for words, number in entries.items():
            _quiet(f"{name} {number}: {words}")


def _why(claim: Value | Exact) -> str:
    return claim.margin_reason if isinstance(claim, Value) else ""


def _source(claim: Claim) -> str:
    return f"{claim.source} ({claim.provenance})"


def _quiet(words: str) -> None:
    """Small print; the words come from a paper's package, so that brackets in them are no markup."""
    out.print(Text(words, style="quiet"))


def _numbered(texts: list[str]) -> dict[str, str]:
    return {text: str(i) for i, text in enumerate(dict.fromkeys(t for t in texts if t), 1)}


def _sentences(shown: Shown) -> None:
    grid = _grid("Sentences, and what the published numbers say", "sentence", "verdict", "reason")
    for verdict in shown.verdicts:
        label = Text(rows.label(verdict), style=STYLES[verdict.label])
        _row(grid, verdict.claim.text, label, numbers.sentence(verdict.reason))
    out.print(grid)


def _protocol(shown: Shown) -> None:
    """The first experiment at each scale: the rows that differ, then the others in one paragraph."""
    first = shown.experiments[0]
    rows, same = shown.settings(first)
    scales = list(shown.protocols(first))
    grid = _grid(f"Protocol of {shown.paper.experiments[first].title}: what scales change", "setting", *scales)
    for path, values in rows.items():
        _row(grid, path, *(plain(values.get(s)) for s in scales))
    out.print(grid)
    alike = "; ".join(f"{path} {plain(value)}" for path, value in same.items())
    _quiet(f"The same at every scale: {alike}.")


def _experiments(shown: Shown) -> None:
    grid = _grid("Experiments, at paper scale", "experiment", "phases")
    for e in shown.experiments[:SHOWN_EXPERIMENTS]:
        _row(grid, shown.paper.experiments[e].title, in_words(shown.protocols(e)["paper"]))
    out.print(grid)
    if more := len(shown.experiments[SHOWN_EXPERIMENTS:]):
        _quiet(f"and {more} more; `repro list experiments {shown.paper.name}` names them, --json has them all.")


def _work(shown: Shown) -> None:
    """Arithmetic, counted and not measured."""
    seeds = len(shown.table.seeds)
    grid = _grid(
        f"Arithmetic with {seeds} seeds",
        "scale",
        "runs",
        "PFLOP a run",
        "PFLOP in all",
        right=("runs", "PFLOP a run", "PFLOP in all"),
    )
    for w in shown.work:
        each = _pf(w.smallest) if _pf(w.smallest) == _pf(w.largest) else f"{_pf(w.smallest)} to {_pf(w.largest)}"
        grid.add_row(w.scale, str(w.runs), each, _pf(w.total))
    out.print(grid)
    _quiet("Counted, dense, forward and backward; `repro verify --plan` measures what that takes on this machine.")


def _pf(value: float) -> str:
    """Three significant digits, thousands apart."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _notes(chosen: Paper) -> None:
    for title, entries in (("Variants", chosen.variants), ("Scales", chosen.scale_notes)):
        if not entries:
            continue
        grid = Grid(box=None, title=title, title_justify="left", title_style="head", show_header=False, pad_edge=False)
        for name, text in entries.items():
            _row(grid, name, text)
        out.print(grid)
        out.print()


def _row(grid: Grid, *cells: str | Text) -> None:
    """A row that is shown as it is: brackets in a paper's words are no markup."""
    grid.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in cells))


def _grid(title: str, *columns: str, right: tuple[str, ...] = ()) -> Grid:
    grid = Grid(box=box.SIMPLE_HEAD, title=Text(title, style="head"), title_justify="left", pad_edge=False)
    for name in columns:
        grid.add_column(name, justify="right" if name in right else "left", overflow="fold")
    return grid
