"""How often somebody looked at a study before adding seeds to it (STATISTICS 1, "Seeds").

A look is a verdict given on a set of seeds; adding seeds after a look and judging again is the next look, and the
nominal level of the verdict shrinks accordingly. The ledger (``<folder>/looks.ndjson``) is append-only and travels with
the records: it lies in the folder that holds the papers' folders, whether of runs or of exported evidence.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from repro.evidence.files import append_line, locked, replace
from repro.evidence.store import RUN_FILES
from shared.errors import ReproError

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
    return _count(_sets(Path(folder) / LEDGER, study))


def looks_at(paths: Iterable[str | Path] | str | Path, papers: Collection[str]) -> Callable[[str], int]:
    """``looks`` over all ledgers that go with some evidence (``ledgers``), merged and read once.

    An entry that several ledgers share, as copies of evidence do, is one look.

    Raises:
        ReproError: for a ledger that cannot be read: without it a verdict would look better than it is.
    """
    lines = dict.fromkeys(line for file in ledgers(paths, papers) for line in _lines(file))
    by_study: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for entry in filter(None, map(_entry, lines)):
        by_study[entry["study"]].append(entry)
    counts = {study: _count(_in_time(entries)) for study, entries in by_study.items()}
    return lambda study: counts.get(study, 0)


def ledgers(paths: Iterable[str | Path] | str | Path, papers: Collection[str]) -> list[Path]:
    """The ledgers that go with the evidence at some paths, each once, however the evidence is pointed at.

    They lie beside or below a path; and for a path that is, or lies in, the folder of a paper (``<root>/<paper>``,
    ``<root>/<paper>/<scale>.jsonl``, ``<root>/<paper>/<run>``) at the root that holds the paper's folder. Nothing above
    that root is looked at: what lies there is other evidence, or none.

    Args:
        paths: as for ``store.read``.
        papers: names of the papers that the evidence is about.
    """
    found: dict[Path, None] = {}
    for path in [paths] if isinstance(paths, str | Path) else paths:
        place = Path(os.path.abspath(path))
        folder = place if place.is_dir() else place.parent
        roots = [above.parent for above in (folder, folder.parent) if above.name in papers]
        beside = [] if place.name in RUN_FILES else [folder / LEDGER]
        below = _below(folder) if place.is_dir() else beside
        found |= dict.fromkeys(file for file in (*(root / LEDGER for root in roots), *below) if file.is_file())
    return list(found)


def _below(folder: Path) -> Iterator[Path]:
    """Where ledgers may lie in a folder and its subfolders; runs and hidden folders have none."""
    for place, folders, names in os.walk(folder):
        inside = not any(name in names for name in RUN_FILES)
        folders[:] = sorted(f for f in folders if inside and not f.startswith("."))
        if inside and LEDGER in names:
            yield Path(place) / LEDGER


def merge_looks(paths: Iterable[str | Path] | str | Path, into: Path, papers: Collection[str] = ()) -> None:
    """Add the looks of the ledgers that go with other evidence to ours; entries that are there already stay single."""
    ours = into / LEDGER
    found: list[bytes] = []
    for file in ledgers(paths, papers):
        if file != Path(os.path.abspath(ours)):
            found += [line for line in _lines(file) if _entry(line)]
    if not found:
        return
    with locked(ours):
        old = ours.read_bytes() if ours.exists() else b""
        new = [line for line in dict.fromkeys(found) if line not in old.splitlines()]
        if new:
            gap = b"\n" if old and not old.endswith(b"\n") else b""
            replace(ours, old + gap + b"".join(line + b"\n" for line in new))


def _lines(file: Path) -> list[bytes]:
    try:
        return file.read_bytes().splitlines()
    except OSError as error:
        why = error.strerror or error
        raise ReproError(f"{file}, which counts how often seeds were added, cannot be read ({why}).") from None


def _sets(file: Path, study: str) -> list[list[int]]:
    """The judged seeds of a study, in order of time; lines torn by a crash are passed over."""
    if not file.exists():
        return []
    return _in_time([e for line in _lines(file) if (e := _entry(line)) and e["study"] == study])


def _in_time(entries: Iterable[dict[str, Any]]) -> list[list[int]]:
    return [e["seeds"] for e in sorted(entries, key=lambda e: e["at"])]


def _count(judged: Sequence[Sequence[int]]) -> int:
    """How many of these sets of seeds, in order of time, brought a seed that was not there before."""
    count, seen = 0, set[int]()
    for seeds in judged:
        if not set(seeds) <= seen:
            count += 1
            seen |= set(seeds)
    return count


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    if not isinstance(entry, dict) or not isinstance(entry.get("seeds"), list):
        return None
    whole = all(isinstance(seed, int) for seed in entry["seeds"])
    return entry if whole and isinstance(entry.get("study"), str) and isinstance(entry.get("at"), str) else None
