"""Writing evidence so that a crash at any moment leaves the old state or the new one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from shared.errors import ReproError

WAIT = 60.0
"""Seconds to wait for another process that writes the same file."""


@contextmanager
def locked(path: Path, wait: float = WAIT) -> Iterator[None]:
    """Hold the lock that belongs to a file (``.NAME.lock`` beside it); its folder is created.

    Raises:
        ReproError: if another process holds it for longer than ``wait`` seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.parent / f".{path.name}.lock")
    try:
        lock.acquire(timeout=wait)
    except Timeout:
        raise ReproError(
            f"Another process has been writing {path} for {wait:.0f} s; try again when it has finished."
        ) from None
    try:
        yield
    finally:
        lock.release()


def append_line(path: Path, line: bytes) -> None:
    """Add a line under the file's lock, flushed to disk before this returns.

    A torn last line of an earlier crash is closed off first. If the write fails half-way (disk full), the file is cut
    back to what it was.

    Raises:
        ReproError: if the line cannot be written.
    """
    with locked(path):
        created = not path.exists()
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            size = os.lseek(fd, 0, os.SEEK_END)
            torn = size > 0 and os.pread(fd, 1, size - 1) != b"\n"
            try:
                _write(fd, (b"\n" if torn else b"") + line)
                os.fsync(fd)
            except OSError as error:
                with suppress(OSError):
                    os.ftruncate(fd, size)
                raise ReproError(
                    f"Cannot write {path} ({error.strerror or error}); free space and try again."
                ) from error
        finally:
            os.close(fd)
        if created:
            _sync_folder(path.parent)


def replace(path: Path, content: bytes) -> None:
    """Give a file new content in one step: temporary name, flush, rename.

    Raises:
        ReproError: if it cannot be written; the file is then as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary: str | None = None
    try:
        fd, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            _write(fd, content)
            os.fchmod(fd, 0o644)
            os.fsync(fd)
        finally:
            os.close(fd)
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            with suppress(OSError):
                os.unlink(temporary)
        raise ReproError(f"Cannot write {path} ({error.strerror or error}); free space and try again.") from error
    _sync_folder(path.parent)


def _write(fd: int, content: bytes) -> None:
    """One write, continued only where the system takes part of it."""
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view) :]


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # some network file systems cannot flush a folder; the rename itself is done
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
