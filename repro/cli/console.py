"""Where output goes: results on stdout, progress and notices on stderr."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console
from rich.text import Text
from rich.theme import Theme

THEME = Theme(
    {
        "good": "green",
        "bad": "bold red",
        "open": "yellow",
        "quiet": "dim",
        "head": "bold",
    }
)

out = Console(theme=THEME, highlight=False, emoji=False, width=None if sys.stdout.isatty() else 140)
err = Console(theme=THEME, highlight=False, emoji=False, stderr=True)

STYLES = {
    "REPRODUCED": "good",
    "SUPPORTED": "good",
    "HOLDS": "good",
    "NOT REPRODUCED": "bad",
    "CONTRADICTED": "bad",
    "BROKEN": "bad",
    "INCONCLUSIVE": "open",
    "SCREENED": "open",
    "UNRESOLVABLE": "open",
    "NOT SIGNIFICANT": "open",
    "NOT TESTED": "quiet",
}


def notice(words: str | Text) -> None:
    """A sentence on stderr, wrapped between words on a terminal and in one piece elsewhere.

    Args:
        words: shown as they are, since paths, titles and errors in them may hold brackets; ``Text`` carries styles.
    """
    err.print(words, markup=False, soft_wrap=not err.is_terminal)


def print_json(value: Any) -> None:
    """A JSON document on stdout, nothing else."""
    print(json.dumps(value, indent=2, allow_nan=False))


def duration(seconds: float) -> str:
    """Seconds for people: ``40 s``, ``5 min``, ``3.2 h``, ``12 days``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    if seconds < 172800:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.1f} days"
