"""``repro report PAPER``: one self-contained page about a paper, its tables as text, its figures as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from repro.cli.console import err

SUFFIXES = {"": "html", ".html": "html", ".htm": "html", ".md": "md", ".tex": "tex"}


def command(
    paper: Annotated[str, typer.Argument(help="The paper, e.g. flipout.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file (a page: PAPER-report.html; tables: stdout).")
    ] = None,
    table: Annotated[list[str] | None, typer.Option("--table", "-t", help="Only this table; may be repeated.")] = None,
    from_: Annotated[
        list[Path] | None,
        typer.Option("--from", help="Records, as files or folders (default: committed results and the runs here)."),
    ] = None,
    format_: Annotated[str | None, typer.Option("--format", "-f", help="html, md or tex.")] = None,
    figures: Annotated[
        Path | None, typer.Option("--figures", help="Write the figures into this folder, as SVG and PDF.")
    ] = None,
    runs_dir: Annotated[Path | None, typer.Option(help="Where runs are kept (default: runs here).")] = None,
) -> None:
    """Set published and measured side by side: verdicts, figures, conditions, and a reproducibility checklist.

    The page is one HTML file without outside parts. With ``--format md`` or ``tex`` the verdict tables come as text,
    with ``--figures`` the figures as files; nothing is run.
    """
    from repro.registry import load
    from repro.report import write
    from shared.errors import unknown

    chosen = load(paper)
    _check_place(output)
    kind = format_ or _kind(output)
    if kind not in write.FORMATS:
        raise unknown("format", kind, write.FORMATS)
    content = write.gather(chosen, table, from_, runs_dir)
    for problem in content.found.problems:
        err.print(problem, style="quiet", markup=False)
    if not content.found.records:
        err.print(f"No record of {paper} yet: only published numbers are shown.", style="quiet", markup=False)
    if figures is not None:
        written = write.figures(content, figures)
        err.print(f"{len(written)} files in {figures}", markup=False)
        if output is None and format_ is None:
            return
    text = write.as_text(content, kind)
    if output is None and kind != "html":
        print(text, end="")
        return
    path = output or Path(f"{chosen.name}-report.html")
    write.save(path, text)
    err.print(f"{path} ({len(text) / 1e6:.1f} MB)", markup=False)


def _check_place(output: Path | None) -> None:
    """Refuse a file that cannot be meant, as ``--badge`` does, before anything is drawn.

    Raises:
        ReproError: for ``-``, and for a folder that does not exist.
    """
    from shared.errors import ReproError

    if output is None:
        return
    if str(output) == "-":
        raise ReproError("--output - is no file; without --output, --format md and tex go to stdout.")
    if not output.parent.is_dir():
        raise ReproError(f"--output {output}: there is no folder {output.parent}; make it first.")


def _kind(output: Path | None) -> str:
    """The format a file's name asks for; a page by default.

    Raises:
        ReproError: for a name that asks for another.
    """
    from shared.errors import ReproError

    suffix = output.suffix.lower() if output else ""
    if suffix not in SUFFIXES:
        raise ReproError(f"{output}: a report is a page (.html), Markdown (.md) or LaTeX (.tex); or say --format.")
    return SUFFIXES[suffix]
