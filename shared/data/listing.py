"""The pictures of a split, listed but not decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class Listing:
    """The pictures of one split: files (or encoded bytes, from tables), labels, and one name per class.

    Class folders are listed in class order and file-name order, tables in row order.
    """

    files: tuple[Path | bytes, ...]
    labels: tuple[int, ...]
    class_names: tuple[str, ...]

    def subset(self, indices: Sequence[int]) -> Listing:
        """The pictures at ``indices``, in that order."""
        files = tuple(self.files[i] for i in indices)
        return replace(self, files=files, labels=tuple(self.labels[i] for i in indices))
