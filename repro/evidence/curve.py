"""The per-epoch curve of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic_core import to_json

from repro.evidence.held import Held

Columns = dict[str, list[Any]]


class Curve(Held[Columns], Mapping[str, list[Any]]):
    """Column name to one value per epoch; an immutable mapping."""

    __slots__ = ()

    plain = Columns
    what = "curve"

    def __init__(self, source: Mapping[str, list[Any]] | bytes = b"{}", where: str = "") -> None:
        super().__init__(source if isinstance(source, bytes) else dict(source), where)

    @property
    def columns(self) -> Columns:
        """The parsed columns.

        Raises:
            ReproError: if the text is damaged.
        """
        return self.value

    def json(self) -> bytes:
        """The JSON text: as it was read, if it was read. Non-finite numbers are written as ``null``."""
        return self._text if self._text is not None else to_json(self.columns, inf_nan_mode="null")

    def __getitem__(self, key: str) -> list[Any]:
        return self.value[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.value)

    def __len__(self) -> int:
        return len(self.value)
