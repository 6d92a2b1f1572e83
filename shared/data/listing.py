"""The pictures of a split, listed but not decoded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Listing:
    """The pictures of one split: files in class order and file-name order, labels, and the classes' folder names."""

    files: tuple[Path, ...]
    labels: tuple[int, ...]
    class_names: tuple[str, ...]
