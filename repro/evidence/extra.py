"""What a run leaves beside its scores: results of its phases, histograms, alive inputs and outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from repro.evidence.held import Held


class Extra(Held[dict[str, Any]], Mapping[str, Any]):
    """Name to JSON value; an immutable mapping."""

    __slots__ = ()

    plain = dict[str, Any]
    what = "extra part"

    def __init__(self, source: Mapping[str, Any] | bytes = b"{}", where: str = "") -> None:
        super().__init__(source if isinstance(source, bytes) else dict(source), where)

    def __getitem__(self, key: str) -> Any:
        return self.value[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.value)

    def __len__(self) -> int:
        return len(self.value)
