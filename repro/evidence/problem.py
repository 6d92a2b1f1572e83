"""Something in the evidence that cannot be used, and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError


@dataclass(frozen=True)
class Problem:
    """One line that was skipped, or one record that breaks a law.

    Attributes:
        file: the file it stands in.
        line: counts from 1.
        reason: one clause, in plain words.
        kind: ``torn`` (an interrupted write), ``bad`` (no usable record), or ``law`` (readable, but inconsistent).
        identity: of the record, where it could be read.
    """

    file: Path
    line: int
    reason: str
    kind: str = "bad"
    identity: str | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


def first_of(error: ValidationError) -> str:
    """The first thing that a validation found wrong, and how many more there are."""
    first = error.errors(include_url=False, include_context=False)[0]
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    path = ".".join(str(part) for part in first["loc"]) or "record"
    return f"{path}: {first['msg']}{more}"
