"""Where data are looked for, and where decoded arrays are kept. Imports nothing heavy."""

from __future__ import annotations

import os
from pathlib import Path

from shared.errors import ReproError


def cache_root() -> Path:
    """``REPRO_CACHE``, else ``pruning-repro`` in the user's cache directory."""
    if explicit := os.environ.get("REPRO_CACHE"):
        return Path(explicit).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base).expanduser() if base else Path.home() / ".cache") / "pruning-repro"


def download_root() -> Path:
    """Where ``repro data fetch`` puts data sets."""
    return cache_root() / "data"


def roots(data_dir: Path | None = None) -> list[Path]:
    """Folders to search, in order: the explicit one, ``REPRO_DATA``, the user cache.

    Raises:
        ReproError: if the explicit folder does not exist.
    """
    if data_dir is not None and not data_dir.is_dir():
        raise ReproError(f"The data folder {data_dir} does not exist; give an existing folder to --data-dir.")
    env = os.environ.get("REPRO_DATA")
    places = [data_dir, Path(env).expanduser() if env else None, download_root()]
    return list(dict.fromkeys(p for p in places if p is not None))
