"""Checkpoints: tensors in safetensors, the rest in JSON, renamed into place only when complete.

A checkpoint is a folder with ``tensors.safetensors`` and ``state.json``; the latter holds the SHA-256 of the former,
and on a second line that of its own first line.
The previous checkpoint stays until the next one is in place, and a damaged one is passed over. No pickle is ever read.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor

from shared.training.temporary import beside

TENSORS, STATE = "tensors.safetensors", "state.json"


class DamagedCheckpointError(Exception):
    """A checkpoint folder that cannot be used, with the reason."""


STALE_SECONDS = 3600.0
"""No checkpoint takes so long to write."""


def write(folder: Path, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
    """Write a checkpoint so that ``folder`` either does not exist, is the old one, or is complete.

    Of several processes that write one folder at once, as they may a beginning that runs share, any one prevails.

    Args:
        folder: where it will be; an existing one is replaced.
        tensors: name to tensor, copied to the CPU; shared storage is cloned.
        state: plain JSON values.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = beside(folder)
    temporary.mkdir()
    save_file({k: t.detach().cpu().contiguous().clone() for k, t in tensors.items()}, temporary / TENSORS)
    digest = file_digest(temporary / TENSORS)
    line = json.dumps({"sha256": digest, **state}, allow_nan=False)
    (temporary / STATE).write_text(f"{line}\n{_text_digest(line)}\n")
    for path in (temporary / TENSORS, temporary / STATE, temporary):
        _sync(path)
    former = temporary.with_name(f"{temporary.name}.former.tmp")
    if folder.exists():
        with suppress(FileNotFoundError):  # another process was quicker to put it away
            os.replace(folder, former)  # whole, until it has a successor: files vanish one by one
    try:
        os.replace(temporary, folder)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        shutil.rmtree(temporary, ignore_errors=True)  # another process has just put its own there, which is complete
    _sync(folder.parent)
    shutil.rmtree(former, ignore_errors=True)
    _sweep(folder)


def _sweep(folder: Path) -> None:
    """Remove what processes left that died while they wrote this checkpoint; a younger one may still be at it."""
    for stale in folder.parent.glob(f".{folder.name}.*.tmp"):
        with suppress(OSError):
            if time.time() - stale.stat().st_mtime > STALE_SECONDS:
                shutil.rmtree(stale, ignore_errors=True)


def read(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a checkpoint back.

    Raises:
        DamagedCheckpointError: if a file is missing, cut short or changed.
    """
    try:
        line, *rest = (folder / STATE).read_text().split("\n")
        if any(rest) and rest != [_text_digest(line), ""]:  # checkpoints of earlier versions have one line
            raise DamagedCheckpointError(f"{folder / STATE} does not have the checksum it was written with")
        state = json.loads(line)
        if file_digest(folder / TENSORS) != state.pop("sha256"):
            raise DamagedCheckpointError(f"{folder / TENSORS} does not have the checksum it was written with")
        return load_file(folder / TENSORS), state
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedCheckpointError(f"{folder} cannot be read: {error}") from error


def names(root: Path) -> list[Path]:
    """Complete checkpoints under ``root``, newest (highest number) first.

    Numbers are compared as numbers: the long ones have more digits than their names are padded to.
    """
    found = [p for p in root.iterdir() if p.name.isdecimal() and p.is_dir()] if root.is_dir() else []
    return sorted(found, key=lambda p: int(p.name), reverse=True)


def save_numbered(root: Path, number: int, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> Path:
    """Write checkpoint ``number`` and keep it and the one before it."""
    folder = root / f"{number:08d}"
    write(folder, tensors, state)
    for old in names(root)[2:]:
        shutil.rmtree(old, ignore_errors=True)
    for stale in root.glob(".*.tmp"):
        shutil.rmtree(stale, ignore_errors=True)
    return folder


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _text_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
