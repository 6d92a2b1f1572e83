"""What ``repro sweep`` prints: notices on stderr, the runs as a table or one JSON document on stdout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.table import Table as Grid
from rich.text import Text

from repro.cli.console import duration, notice, out, print_json
from repro.request import Prepared
from repro.sweep import Found

SCHEMA_VERSION = 1
STYLE = {"finished": "good", "diverged": "open", "failed": "bad", "interrupted": "open", "new": "quiet"}
WORDS = {"new": "to do"}


def opening(prepared: Prepared) -> None:
    """What is about to happen, and at which scale and why."""
    choice, total = prepared.choice, len(prepared.runs)
    done = total - len(prepared.left)
    already = f", {done} of them finished already" if done else ""
    title, scale = (prepared.request.paper.title, "head"), (choice.scale, "head")
    rest = f" scale ({choice.reason}){already}. Ctrl-C stops, the same command continues."
    notice(Text.assemble(title, f": {total} run{'s' * (total != 1)} at ", scale, rest))


def report(prepared: Prepared, found: Sequence[Found], *, json: bool, ended: bool = True) -> None:
    """All runs, and how they stand: at the end of a sweep, or before it (``ended`` is false)."""
    if json:
        print_json(
            {
                "schema_version": SCHEMA_VERSION,
                "kind": "sweep",
                "paper": prepared.request.paper.name,
                "scale": prepared.choice.scale,
                "runs_dir": str(prepared.runs_dir),
                "counts": dict(Counter(f.state for f in found)),
                "runs": [plain(f) for f in found],
            }
        )
        return
    grid = Grid(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, right in (("run", False), ("state", False), ("accuracy", True), ("sparsity", True), ("time", True)):
        grid.add_column(name, justify="right" if right else "left", overflow="fold")
    for f in found:
        state = Text(WORDS.get(f.state, f.state), style=STYLE[f.state])
        grid.add_row(Text(f.run.label), state, *figures(f))
    out.print(grid)
    counts = Counter(f.state for f in found)
    out.print(", ".join(f"{n} {WORDS.get(s, s)}" for s, n in counts.items()))
    for f in found:
        if f.state == "failed":
            tries = f" ({f.attempts} attempts)" if f.attempts > 1 else ""
            notice(Text.assemble(("Failed", "bad"), f"{tries}: {f.run.label}: {f.sentence}"))
    if ended and counts["interrupted"] + counts["new"]:
        notice("What is left goes on from its last checkpoint with the same command.")


def figures(f: Found) -> list[str]:
    """Accuracy, sparsity and time of a run with a record."""
    if f.record is None:
        return ["", "", ""]
    o = f.record.outcome
    sparsity = 100 * (1 - o.remaining / o.prunable)
    return [f"{o.last.percent:.2f} %", f"{sparsity:.4g} %", duration(f.record.cost.seconds)]


def plain(f: Found) -> dict[str, Any]:
    """A run as plain values."""
    record = f.record
    return {
        "identity": f.run.protocol.identity,
        "title": f.run.title,
        "seed": f.run.seed,
        "state": f.state,
        "sentence": f.sentence,
        "attempts": f.attempts,
        "directory": str(f.run.directory),
        "accuracy": record.outcome.last.percent if record else None,
        "remaining": record.outcome.remaining if record else None,
        "prunable": record.outcome.prunable if record else None,
        "seconds": record.cost.seconds if record else None,
    }
