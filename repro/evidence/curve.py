"""The per-epoch curve of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic_core import from_json, to_json

from repro.evidence.held import Held

Columns = dict[str, list[Any]]


def column_text(text: bytes, key: str) -> bytes | None:
    """The text of one column of a curve's text, where it can be told without parsing the others; else ``None``.

    It can if the curve holds no other braces than its own and no escapes, names the column once, and the column holds
    numbers and nulls: reading it alone then gives what reading the whole would give.
    """
    if not (key.isascii() and key.isidentifier()):
        return None
    name = b'"%s"' % key.encode()
    start = text.find(name)
    first, end = start + len(name) + 1, text.find(b"]", start) + 1
    if start < 1 or text[start - 1 : start] not in (b"{", b",") or not text.startswith(b":[", first - 1) or not end:
        return None
    column = text[first:end]
    plain = b'"' not in column and column.count(b"[") == 1
    alone = text.find(name, end) < 0 and text.find(b"{", 1) < 0 and b"\\" not in text
    return column if plain and alone else None


class Curve(Held[Columns], Mapping[str, list[Any]]):
    """Column name to one value per epoch; an immutable mapping."""

    __slots__ = ("_columns",)

    plain = Columns
    what = "curve"

    def __init__(self, source: Mapping[str, list[Any]] | bytes = b"{}", where: str = "") -> None:
        super().__init__(source if isinstance(source, bytes) else dict(source), where)
        self._columns: Columns = {}

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
        if self._value is None and key not in self._columns:
            text = column_text(self._text or b"", key)
            if text is None:
                return self.value[key]
            try:
                self._columns[key] = from_json(text)
            except ValueError as error:
                raise self.damaged(f"{key}: {error}") from None
        return (self._value or self._columns)[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.value)

    def __len__(self) -> int:
        return len(self.value)
