"""Errors written for the person at the keyboard."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

SHOWN = 40
"""Names that an error lists; nobody reads more."""


class ReproError(Exception):
    """Something the user can put right: one sentence saying what is wrong and what would be right.

    The command line prints it without a traceback and exits with code 2.
    """


class MissingDataError(ReproError):
    """A data set is not where the suite looks for it."""


class MissingEvidenceError(ReproError):
    """A verdict was asked for, but the runs behind it do not exist or failed (exit code 3)."""


def unknown(kind: str, name: str, known: Iterable[str]) -> ReproError:
    """Build the error for a name that does not exist, suggesting the nearest ones.

    Args:
        kind: what the name should have been, e.g. ``"table"``.
        name: what was typed.
        known: the names that exist.

    Returns:
        A ``ReproError`` ready to be raised.
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(names[:SHOWN])}{more}."
    return ReproError(f"There is no {kind} {name!r}; {hint}")
