"""What ``repro report`` writes: a page, tables as text, figures as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from repro.report.content import Content, command_for
from repro.report.runs import find, places
from shared.errors import ReproError, unknown
from shared.paper import Paper

FORMATS = ("html", "md", "tex")


def gather(
    paper: Paper, tables: Sequence[str] | None = None, paths: Sequence[Path] | None = None, runs_dir: Path | None = None
) -> Content:
    """The content of a report.

    Args:
        paper: the paper.
        tables: names or aliases; all tables by default.
        paths: files and folders of records; by default the committed results and this machine's runs.
        runs_dir: where this machine's runs are, for the default.

    Raises:
        ReproError: for a table that does not exist.
        MissingEvidenceError: for a path that does not exist.
    """
    chosen = tuple(dict.fromkeys(paper.table(t) for t in tables)) if tables else tuple(paper.tables.values())
    found = find(paper, paths if paths is not None else places(paper.name, runs_dir))
    scope = tuple(t.id for t in chosen) if tables else ()
    command = command_for(paper.name, found.places, scope, default=paths is None)
    return Content(paper, found, chosen, command, scope)


def as_text(content: Content, kind: str) -> str:
    """The report as HTML (the page), Markdown or LaTeX (its tables).

    Raises:
        ReproError: for another format.
    """
    if kind not in FORMATS:
        raise unknown("format", kind, FORMATS)
    if kind == "html":
        from repro.report.page import render

        return render(content)
    from repro.report import latex, markdown

    sentences = [v for v, _ in content.sentences]
    if kind == "tex":
        parts = [latex.verdict_table(t) for t in content.verdicts]
        parts += [latex.published_table(sentences, "The paper's sentences on its own numbers")] if sentences else []
        parts += latex.appendix(content.appendix)
        return "\n".join(parts)
    parts = [f"## {t.table.title}\n\n{markdown.verdict_table(t)}" for t in content.verdicts]
    if sentences:
        parts.append(f"## The paper's sentences on its own numbers\n\n{markdown.published_table(sentences)}")
    parts += markdown.appendix(content.appendix)
    return "\n".join(parts)


def figures(content: Content, folder: Path) -> list[Path]:
    """Every figure of the report as SVG and PDF; the files written.

    Raises:
        ReproError: if the folder cannot be written to.
    """
    from repro.report.ink import file

    written = []
    for picture in content.pictures:
        figure = picture.draw()
        for kind in ("svg", "pdf"):
            path = folder / f"{picture.name}.{kind}"
            save(path, file(figure, kind))
            written.append(path)
    return written


def save(path: Path, content: str | bytes) -> None:
    """Write a file, its folders included.

    Raises:
        ReproError: if that cannot be done.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise ReproError(f"{path} cannot be written ({error.strerror or error}); choose another place.") from None
