"""Errors as the person at the keyboard sees them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

WRONG_USE, EVIDENCE_MISSING, BUG, INTERRUPTED, BROKEN_PIPE = 2, 3, 70, 130, 141
"""Exit codes that no result has: 1 is left to commands that found something (verify: a contradicted claim)."""


@contextmanager
def reporting(debug: bool) -> Iterator[None]:
    """Turn exceptions into a sentence on stderr and an exit code; ``--debug`` shows the traceback instead."""
    try:
        yield
    except SystemExit as leaving:
        _translate(leaving)
        raise
    except KeyboardInterrupt:
        _interrupted()
    except BrokenPipeError:
        _broken_pipe()
    except Exception as error:
        if debug:
            raise
        sentence, code = explain(error)
        _say(sentence)
        _leave(code)


def require_streams() -> None:
    """Refuse a closed stdout: the next file to be opened would take its place, and get what is printed.

    A closed stderr becomes the null device, for the same reason: who closed it wants no notices.
    """
    if sys.stderr is None:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 2)
        sys.stderr = os.fdopen(2, "w")
    if sys.stdout is None:
        _say("Standard output is closed; send it to /dev/null instead.")
        _leave(WRONG_USE)


def _translate(leaving: SystemExit) -> None:
    """Typer turns an interrupt, an abandoned question and a closed pipe into exits of its own; these are ours."""
    behind: BaseException | None = leaving
    while behind is not None:
        if isinstance(behind, KeyboardInterrupt) or type(behind).__name__ == "Abort":
            _interrupted()
        if isinstance(behind, BrokenPipeError):
            _broken_pipe()
        behind = behind.__cause__ or behind.__context__


def _interrupted() -> None:
    _say("Interrupted. Finished work is kept; the same command continues.")
    _leave(INTERRUPTED)


def _broken_pipe() -> None:
    """The reader of stdout has gone: nothing more can be said there, at exit neither."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    _leave(BROKEN_PIPE)


def explain(error: Exception) -> tuple[str, int]:
    """One sentence for an exception, and the exit code it calls for."""
    from shared.errors import MissingEvidenceError, ReproError

    if isinstance(error, MissingEvidenceError):
        return str(error), EVIDENCE_MISSING
    if isinstance(error, ReproError):
        return str(error), WRONG_USE
    if type(error).__name__ == "ValidationError" and hasattr(error, "errors"):
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"{where or 'the protocol'}: {first['msg']}.", WRONG_USE
    if isinstance(error, PermissionError):
        return (
            f"{error.filename} may not be read or written by you; choose another folder or change its mode.",
            WRONG_USE,
        )
    if isinstance(error, OSError):
        return f"{error.strerror or error}: {error.filename or ''}".rstrip(": ") + ".", WRONG_USE
    return f"{type(error).__name__}: {error} (this is a bug; --debug shows where it happened).", BUG


def _say(sentence: str) -> None:
    red, off = ("\033[1;31m", "\033[0m") if sys.stderr.isatty() and "NO_COLOR" not in os.environ else ("", "")
    print(f"{red}Error:{off} {sentence}", file=sys.stderr)


def _leave(code: int) -> None:
    raise SystemExit(code)
