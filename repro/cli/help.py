"""Help that cuts no name: in columns where the terminal is wide, below each other where it is not."""

from __future__ import annotations

import shutil
from typing import Any

from rich.text import Text
from typer.core import TyperCommand

WIDE = 120
"""Columns from which names, types and words fit beside each other; below, Typer's panels end them with an ellipsis."""


class Folding(TyperCommand):
    """A command whose help is in Typer's panels on a wide terminal, and a plain list under their names elsewhere."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help for the width there is."""
        if shutil.get_terminal_size().columns >= WIDE:
            super().format_help(ctx, formatter)
            return
        self.format_usage(ctx, formatter)
        for paragraph in _plain(self.help).split("\n\n"):
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text(paragraph)
        panels: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            if record := parameter.get_help_record(ctx):
                panel = getattr(parameter, "rich_help_panel", None) or "options"
                panels.setdefault(_plain(panel), []).append((record[0], _plain(record[1])))
        for panel, rows in panels.items():
            with formatter.section(panel):
                formatter.write_dl(rows)


def _plain(text: str | None) -> str:
    """Words without the markup, or the marks that kept theirs from being read as such."""
    return Text.from_markup(text or "", emoji=False).plain
