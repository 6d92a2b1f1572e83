"""A badge computed from verdicts, in the format of shields.io's endpoint."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.errors import ReproError

if TYPE_CHECKING:
    from repro.verdicts.table import TableVerdict


def check_place(path: Path | None) -> None:
    """Refuse a badge that could not be written, before anything is run for it.

    Raises:
        ReproError: saying what is wrong with the place.
    """
    if path is None:
        return
    if not path.parent.is_dir():
        raise ReproError(f"--badge {path}: there is no folder {path.parent}; make it first.")
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ReproError(f"--badge {path} cannot be written; choose another file.")


def write_badge(path: Path | None, tables: Sequence[TableVerdict]) -> None:
    """A badge in the format of shields.io's endpoint, computed from the verdicts."""
    if path is None:
        return
    path.write_text(json.dumps(badge(tables)) + "\n")


def badge(tables: Sequence[TableVerdict]) -> dict[str, Any]:
    """Label, message and colour for a set of verdicts; numbers that decide nothing are left out, as in exit codes."""
    gating = [v for t in tables for v in t.verdicts if v.gating]
    against = sum(v.contradicted for v in gating)
    for_ = sum(v.decided for v in gating) - against
    message = f"{for_} stand, {against} do not, {len(gating) - for_ - against} undecided"
    colour = "red" if against else ("brightgreen" if for_ else "lightgrey")
    return {"schemaVersion": 1, "label": "reproduced", "message": message, "color": colour}
