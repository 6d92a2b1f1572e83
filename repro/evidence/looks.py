"""How often somebody looked at a study before adding seeds to it (STATISTICS 1, "Seeds").

A look is a verdict given on a set of seeds; adding seeds after a look and judging again is the next look, and the
nominal level of the verdict shrinks accordingly. The ledger (``<folder>/looks.ndjson``) is append-only and travels with
the records.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from repro.evidence.files import append_line, locked, replace

LEDGER = "looks.ndjson"


def look(folder: str | Path, study: str, seeds: Iterable[int]) -> int:
    """Note that a study was judged on these seeds; the same seeds again are no new look.

    Args:
        folder: where the ledger is kept (the folder of runs).
        study: the study's hash.
        seeds: all seeds the verdict rests on.

    Returns:
        The number of looks so far, this one included.
    """
    folder, judged = Path(folder), sorted(set(seeds))
    if judged and judged not in _sets(folder / LEDGER, study):
        entry = {"study": study, "seeds": judged, "at": datetime.now(UTC).isoformat()}
        append_line(folder / LEDGER, json.dumps(entry, separators=(",", ":")).encode() + b"\n")
    return looks(folder, study)


def looks(folder: str | Path, study: str) -> int:
    """How many times seeds were added to a study and judged: 1 for seeds fixed up front, 0 if never judged."""
    count, seen = 0, set[int]()
    for seeds in _sets(Path(folder) / LEDGER, study):
        if not set(seeds) <= seen:
            count += 1
            seen |= set(seeds)
    return count


def merge_looks(paths: Iterable[str | Path] | str | Path, into: Path) -> None:
    """Add the looks of other ledgers (below the paths) to ours; entries that are there already stay single."""
    ours = into / LEDGER
    found: list[bytes] = []
    for path in [Path(paths)] if isinstance(paths, str | Path) else [Path(p) for p in paths]:
        for file in sorted(path.rglob(LEDGER)) if path.is_dir() else [path.with_name(LEDGER)]:
            if file.exists() and file.absolute() != ours.absolute():
                found += [line for line in file.read_bytes().splitlines() if _entry(line)]
    if not found:
        return
    with locked(ours):
        old = ours.read_bytes() if ours.exists() else b""
        new = [line for line in dict.fromkeys(found) if line not in old.splitlines()]
        if new:
            gap = b"\n" if old and not old.endswith(b"\n") else b""
            replace(ours, old + gap + b"".join(line + b"\n" for line in new))


def _sets(file: Path, study: str) -> list[list[int]]:
    """The judged seeds of a study, in order of time; lines torn by a crash are passed over."""
    if not file.exists():
        return []
    entries = [e for line in file.read_bytes().splitlines() if (e := _entry(line)) and e["study"] == study]
    return [e["seeds"] for e in sorted(entries, key=lambda e: e["at"])]


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    ok = isinstance(entry, dict) and isinstance(entry.get("seeds"), list)
    return entry if ok and isinstance(entry.get("study"), str) and isinstance(entry.get("at"), str) else None
