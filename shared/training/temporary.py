"""Names for what is being written, before it takes its place."""

from __future__ import annotations

import secrets
from pathlib import Path


def beside(path: Path) -> Path:
    """A hidden name beside a path that nobody else uses, ending in ``.tmp``.

    The number of the process would not do: on storage that machines share, processes of two of them may have the same.
    """
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
