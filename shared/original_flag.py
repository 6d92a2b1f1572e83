"""An option of an original script beside ours: papers list all of theirs, so that none is left out in silence."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Flag:
    """One option of an original.

    Attributes:
        name: as typed there.
        default: its default there.
        ours: our option or options; empty with the reason in ``note``.
        note: what else one must know.
    """

    name: str
    default: float | str | bool
    ours: str
    note: str = ""
