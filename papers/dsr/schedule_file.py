"""Schedules by name, or from a YAML file in the manner of the original's schedule files (dsr sheet, section 4.13)."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Any

from papers.dsr.settings import SCHEDULES, Schedule, Table
from shared.errors import ReproError, unknown

TABLES = ("lr", "period", "temperature")


def schedule_named(text: str, published: str) -> Schedule:
    """The schedule of that name, or of that file.

    A file maps ``lr`` (and ``period`` in iterations, ``temperature``) to tables ``epoch: value``, epochs from 0. What a
    file leaves out is as in the schedule ``published`` for the method and network.

    Raises:
        ReproError: if there is neither, or the file is not such a schedule.
    """
    if text in SCHEDULES:
        return SCHEDULES[text]
    path = Path(text)
    if not path.is_file():
        raise unknown("schedule (or file)", text, SCHEDULES)
    loaded = _read(path)
    if not isinstance(loaded, dict) or "lr" not in loaded:
        raise ReproError(f"{path} needs a table lr, such as lr: {{0: 0.1, 60: 0.02}}.")
    for name in loaded:
        if name not in TABLES:
            raise unknown("table of a schedule file", str(name), TABLES)
    tables = {name: _table(path, name, entries) for name, entries in loaded.items()}
    if "temperature" in tables:
        tables["early_temperature"] = tables["temperature"]
    return replace(SCHEDULES[published], **tables)


def _read(path: Path) -> Any:
    import yaml  # type: ignore[import-untyped]

    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ReproError(f"{path} cannot be read as YAML: {error}.") from error


def _table(path: Path, name: str, entries: Any) -> Table:
    """Epochs and values; numbers such as 1e-5, which YAML reads as text, are numbers here."""
    if not isinstance(entries, dict) or not entries:
        raise ReproError(f"{path}: {name} must map epochs to values, such as {{0: 0.1, 60: 0.02}}.")
    try:
        pairs = sorted((float(epoch), float(value)) for epoch, value in entries.items())
    except (TypeError, ValueError) as error:
        raise ReproError(f"{path}: {name} must map whole epochs to numbers.") from error
    if not all(epoch.is_integer() and isfinite(value) and value >= 0 for epoch, value in pairs):
        raise ReproError(f"{path}: {name} must map whole epochs to finite numbers, none of them negative.")
    if pairs[0][0] != 0:
        raise ReproError(f"{path}: {name} must start at epoch 0, not at {pairs[0][0]:g}.")
    if name == "period" and any(v < 1 or v != int(v) for _, v in pairs):
        raise ReproError(f"{path}: periods are whole iterations from 1.")
    values = tuple(int(v) if name == "period" else v for _, v in pairs)
    return tuple(int(e) for e, _ in pairs), values
