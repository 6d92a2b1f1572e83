"""Bringing evidence together: run directories into files, files of other machines into ours."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic_core import to_json

from repro.evidence.check import broken, damaged
from repro.evidence.files import locked, replace
from repro.evidence.line import Reader, to_line
from repro.evidence.looks import merge_looks
from repro.evidence.problem import Problem
from repro.evidence.record import Record
from repro.evidence.store import _scan_file, scan
from shared.errors import ReproError

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")


@dataclass
class Merged:
    """What a merge did.

    Attributes:
        records: every record that was found and keeps the laws.
        added: those that were new.
        known: how many were there already.
        problems: lines that were refused, each with its file and line.
        written: the files that changed.
    """

    records: list[Record] = field(default_factory=list)
    added: list[Record] = field(default_factory=list)
    known: int = 0
    problems: list[Problem] = field(default_factory=list)
    written: list[Path] = field(default_factory=list)


def fingerprint(record: Record) -> str:
    """Names a result: 16 hexadecimal digits over identity, outcome and environment.

    Cost and date are left out: a bit-identical repetition on the same machine is the same result. The same identity
    with another outcome, or from another environment, is another result and is kept beside the first.
    """
    parts = [record.outcome.model_dump_json(exclude={"curve"}), record.environment.model_dump_json()]
    curve = to_json(dict(sorted(record.outcome.curve.items())), inf_nan_mode="null")
    return hashlib.sha256("\n".join([record.identity, *parts]).encode() + curve).hexdigest()[:16]


def export(runs: str | Path, out: str | Path) -> Merged:
    """Collect the records of the run directories below ``runs`` into ``out/<paper>/<scale>.jsonl``.

    What is there already stays; each file is replaced in one step. Idempotent.

    Args:
        runs: the folder of run directories.
        out: a folder, or one ``.jsonl`` file for everything.

    Raises:
        MissingEvidenceError: if ``runs`` does not exist.
        ReproError: if a file cannot be written.
    """
    return import_([runs], out)


def import_(paths: Iterable[str | Path] | str | Path, into: str | Path) -> Merged:
    """Merge the evidence at ``paths`` into ``into/<paper>/<scale>.jsonl`` (or one ``.jsonl`` file).

    A record that breaks a law of ``check`` is refused and named; the rest is kept. Idempotent: see ``fingerprint``.

    Raises:
        MissingEvidenceError: if a path does not exist.
        ReproError: if a file cannot be written.
    """
    merged, into = Merged(), Path(into)
    wanted: dict[Path, list[Record]] = {}
    for item in scan(paths):
        if isinstance(item, Problem):
            merged.problems.append(item)
            continue
        record, file, line = item
        reasons = broken(record)
        if reasons:
            merged.problems.append(Problem(file, line, "; ".join(reasons), "law", record.identity))
            continue
        merged.records.append(record)
        wanted.setdefault(target(record, into), []).append(record)
    for file, records in wanted.items():
        _merge_file(file, records, merged)
    papers = {record.protocol.paper for record in merged.records}
    merge_looks(paths, into if into.suffix != ".jsonl" else into.parent, papers)
    return merged


def target(record: Record, into: Path) -> Path:
    """The file a record belongs to below ``into``.

    Raises:
        ReproError: if the record's paper is no name that may become a folder.
    """
    if into.suffix == ".jsonl":
        return into
    if not _NAME.match(record.protocol.paper):
        raise ReproError(
            f"A record names the paper {record.protocol.paper!r}, which cannot be a folder; use lower-case letters, "
            "digits, - and _."
        )
    return into / record.protocol.paper / f"{record.protocol.scale}.jsonl"


def _merge_file(file: Path, records: list[Record], merged: Merged) -> None:
    with locked(file):
        old = file.read_bytes() if file.exists() else b""
        known = set()
        if old:
            there = (i[0] for i in _scan_file(file, Reader()) if not isinstance(i, Problem))
            known = {fingerprint(record) for record in there if not damaged(record.outcome)}
        lines = []
        for record in records:
            key = fingerprint(record)
            if key in known:
                merged.known += 1
                continue
            known.add(key)
            lines.append(to_line(record))
            merged.added.append(record)
        if lines:
            gap = b"\n" if old and not old.endswith(b"\n") else b""
            replace(file, old + gap + b"".join(lines))
            merged.written.append(file)
