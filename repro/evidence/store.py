"""Where records live: run directories (``<runs>/<paper>/<run>/record.json``) and files of one record per line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pydantic_core import from_json

from repro.evidence.collection import collection_paused
from repro.evidence.files import append_line
from repro.evidence.laws import impossible
from repro.evidence.line import LineError, Reader, to_line
from repro.evidence.problem import Problem
from repro.evidence.record import Record
from shared.errors import MissingEvidenceError

RECORD = "record.json"
RUN_FILES = (RECORD, "status.json", "protocol.json")
"""Any of these makes a folder a run directory, whose other files are not evidence."""


def read(paths: Iterable[str | Path] | str | Path) -> tuple[list[Record], list[Problem]]:
    """All records below some files and folders, and what cannot be used: unreadable lines and impossible numbers.

    Args:
        paths: ``.jsonl`` files, ``record.json`` files, run directories, or folders of them.

    Returns:
        The records in the order of files and lines, several of one identity included (see ``distinct``), and one
        problem per skipped line or record.

    Raises:
        MissingEvidenceError: if a path does not exist.
    """
    records, problems = [], []
    with collection_paused():
        for item in scan(paths):
            if isinstance(item, Problem):
                problems.append(item)
            elif reasons := impossible(item[0]):
                problems.append(Problem(item[1], item[2], "; ".join(reasons), "law", item[0].identity))
            else:
                records.append(item[0])
    return records, problems


def scan(paths: Iterable[str | Path] | str | Path) -> Iterator[tuple[Record, Path, int] | Problem]:
    """One at a time: each record that can be read, whatever its numbers, with its file and line, or the problem."""
    reader = Reader()
    for file in files(paths):
        if isinstance(file, Problem):
            yield file
        else:
            yield from _scan_file(file, reader)


def files(paths: Iterable[str | Path] | str | Path) -> Iterator[Path | Problem]:
    """The files of evidence below the paths, each once, in alphabetical order within a folder; or why there are none.

    Raises:
        MissingEvidenceError: if a path does not exist.
    """
    seen: set[Path] = set()
    for path in [Path(paths)] if isinstance(paths, str | Path) else [Path(p) for p in paths]:
        if not path.exists():
            raise MissingEvidenceError(f"There is no evidence at {path}: no such file or folder.")
        for file in _walk(path) if path.is_dir() else [path]:
            if isinstance(file, Problem):
                yield file
            elif (key := file.absolute()) not in seen:
                seen.add(key)
                yield file


def usable(directory: Path) -> bool:
    """Whether the record of a run directory is there, can be read, and holds nothing impossible."""
    file = directory / RECORD
    found = list(_scan_file(file, Reader())) if file.exists() else []
    return bool(found) and not any(isinstance(item, Problem) or impossible(item[0]) for item in found)


def append(path: str | Path, record: Record) -> None:
    """Add one record to a ``.jsonl`` file: under its lock, in one write, flushed to disk.

    Raises:
        ReproError: if it cannot be written; the file is then as it was.
    """
    append_line(Path(path), to_line(record))


def distinct(records: Iterable[Record]) -> list[Record]:
    """One record per identity, so that a seed counts once in every verdict.

    Where several machines ran one identity, the one of least ``precedence`` stands.
    """
    chosen: dict[str, Record] = {}
    for record in records:
        other = chosen.get(record.identity)
        if other is None or precedence(record) < precedence(other):
            chosen[record.identity] = record
    return list(chosen.values())


def precedence(record: Record) -> tuple[bool, str, str]:
    """Which of several runs of one thing speaks, least first; the outcome is never looked at.

    Runs on data that nobody has accounted for come last, so that they cannot take the place of sound evidence; then the
    run that finished first stands (ties: the smaller device name).
    """
    unaccounted = (record.environment.model_extra or {}).get("data_status") == "unknown"
    return unaccounted, record.finished_at, record.environment.device


def _walk(folder: Path, above: frozenset[tuple[int, int]] = frozenset()) -> Iterator[Path | Problem]:
    """The files of evidence below a folder; links are followed, but not to a folder they lie in (``above``)."""
    try:
        place = os.stat(folder)
        inside = above | {(place.st_dev, place.st_ino)}
        if inside == above:
            return
        names = {entry.name: entry for entry in os.scandir(folder) if not entry.name.startswith(".")}
    except OSError as error:
        yield _unreadable(folder, error)
        return
    if any(name in names for name in RUN_FILES):
        if RECORD in names:
            yield folder / RECORD
        return
    for name in sorted(names):
        try:
            is_folder = names[name].is_dir()
        except OSError as error:  # a link to itself
            yield _unreadable(folder / name, error)
            continue
        if is_folder:
            yield from _walk(folder / name, inside)
        elif name.endswith(".jsonl"):
            yield folder / name


def _unreadable(path: Path, error: OSError) -> Problem:
    return Problem(path, 0, f"it cannot be read ({error.strerror or error})")


def _scan_file(file: Path, reader: Reader) -> Iterator[tuple[Record, Path, int] | Problem]:
    try:
        lines: Sequence[bytes] | None = [file.read_bytes()] if file.suffix == ".json" else None
        with file.open("rb", buffering=1 << 20) as stream:
            for number, line in enumerate(lines if lines is not None else stream, start=1):
                if not line or line.isspace():
                    continue
                try:
                    yield reader.read(line, f"{file}:{number}"), file, number
                except LineError as error:
                    torn = file.suffix != ".json" and not line.endswith(b"\n") and not _is_json(line)
                    reason = "the last line is incomplete (an interrupted write)" if torn else str(error)
                    yield Problem(file, number, reason, "torn" if torn else "bad")
    except OSError as error:
        yield _unreadable(file, error)


def _is_json(line: bytes) -> bool:
    """Whether a line is whole: a record that was cut is not."""
    try:
        from_json(line)
    except ValueError:
        return False
    return True
