"""Decoded arrays on disk: a slow data set is decoded once.

An entry is a folder with four ``.npy`` files and ``meta.json``, named after the signature of the source files, written
under a temporary name and renamed. Arrays are memory-mapped, so that processes share them; each load compares their
SHA-256 with the one written (1 GB/s), and a damaged entry is made anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import torch
from filelock import FileLock

from shared.data.found import Found
from shared.data.imageset import Fingerprint, ImageSet
from shared.data.places import cache_root

_VERSION = 1
_SPLITS = ("train", "test")


def decoded(found: Found) -> tuple[ImageSet, ImageSet]:
    """The splits of a located data set, from the cache where decoding is slow.

    A cache that cannot be written is no reason to fail: the data are decoded into memory instead.
    """
    if not found.slow:
        return found.decode()
    entry = entry_of(found)
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(f"{entry}.lock")
        lock.acquire()  # the second of two processes waits for the first instead of decoding too
    except OSError:
        return found.decode()
    try:
        if kept := _read(entry):
            return kept
        splits = found.decode()
        with suppress(OSError):
            _write(entry, splits)
        return splits
    finally:
        lock.release()


def entry_of(found: Found) -> Path:
    """The folder that keeps the decoded arrays of a located data set, whether it exists or not."""
    return cache_root() / "decoded" / f"{found.name}-{signature(found)[:20]}"


def signature(found: Found) -> str:
    """SHA-256 over what determines the arrays: names, sizes and times of the files, size, decoder."""
    stats = [
        (f.relative_to(found.folder).as_posix(), s.st_size, s.st_mtime_ns) for f in found.files() for s in [f.stat()]
    ]
    text = json.dumps([_VERSION, found.name, found.layout, found.size, PIL.__version__, stats])
    return hashlib.sha256(text.encode()).hexdigest()


def _read(entry: Path) -> tuple[ImageSet, ImageSet] | None:
    """The entry's arrays if it is there, complete and undamaged."""
    try:
        meta = json.loads((entry / "meta.json").read_text())
        splits = tuple(_load(entry, meta, split) for split in _SPLITS)
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None
    sound = all(s.fingerprint == Fingerprint(**meta[split]) for s, split in zip(splits, _SPLITS, strict=True))
    return (splits[0], splits[1]) if sound else None


def _load(entry: Path, meta: dict[str, Any], split: str) -> ImageSet:
    # Copy-on-write, because torch wants memory that may be written.
    images = np.load(entry / f"{split}-images.npy", mmap_mode="c", allow_pickle=False)
    labels = np.load(entry / f"{split}-labels.npy", allow_pickle=False)
    name = f"{meta['name']}/{split}"
    return ImageSet(
        torch.from_numpy(images), torch.from_numpy(labels), meta["classes"], name, tuple(meta["class_names"])
    )


def _write(entry: Path, splits: tuple[ImageSet, ImageSet]) -> None:
    staging = Path(tempfile.mkdtemp(prefix=f"{entry.name}.", dir=entry.parent))
    try:
        meta: dict[str, object] = {
            "name": splits[0].name.rpartition("/")[0],
            "classes": splits[0].classes,
            "class_names": splits[0].class_names,
        }
        for split, images in zip(_SPLITS, splits, strict=True):
            np.save(staging / f"{split}-images.npy", images.images.numpy())
            np.save(staging / f"{split}-labels.npy", images.labels.numpy())
            meta[split] = {"pixels": images.fingerprint.pixels, "labels": images.fingerprint.labels}
        (staging / "meta.json").write_text(json.dumps(meta))
        shutil.rmtree(entry, ignore_errors=True)
        os.replace(staging, entry)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
