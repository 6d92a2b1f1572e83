"""A badge computed from verdicts, in the format of shields.io's endpoint."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from repro.verdicts.table import TableVerdict


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
