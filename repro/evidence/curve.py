"""The per-epoch curve of a run, parsed when somebody looks at it.

Curves are nine tenths of a record's text and almost no verdict needs them: reading ten thousand records within the
time of DESIGN 6 means leaving them as text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema, from_json, to_json

from shared.errors import ReproError

Columns = dict[str, list[Any]]


class Curve(Mapping[str, list[Any]]):
    """Column name to one value per epoch; an immutable mapping.

    Args:
        source: the columns, or their JSON text, which is parsed at the first access.
        where: file and line of the text, for errors.
    """

    __slots__ = ("_columns", "_text", "where")

    def __init__(self, source: Mapping[str, list[Any]] | bytes = b"{}", where: str = "") -> None:
        self._text = source if isinstance(source, bytes) else None
        self._columns: Columns | None = None if isinstance(source, bytes) else dict(source)
        self.where = where

    @property
    def columns(self) -> Columns:
        """The parsed columns.

        Raises:
            ReproError: if the text is damaged.
        """
        if self._columns is None:
            try:
                value = from_json(self._text or b"{}")
            except ValueError as error:
                raise self._damaged(str(error)) from None
            if not isinstance(value, dict) or not all(isinstance(v, list) for v in value.values()):
                raise self._damaged("it is not one list per column")
            self._columns = value
        return self._columns

    def json(self) -> bytes:
        """The JSON text: as it was read, if it was read. Non-finite numbers are written as ``null``."""
        return self._text if self._text is not None else to_json(self.columns, inf_nan_mode="null")

    def _damaged(self, reason: str) -> ReproError:
        place = self.where or "a record"
        return ReproError(f"The curve in {place} is damaged ({reason}); `repro results check` lists what is readable.")

    def __getitem__(self, key: str) -> list[Any]:
        return self.columns[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Curve):
            return self.columns == other.columns
        return self.columns == other

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Curve({self.columns!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        columns = handler(Columns)
        return core_schema.union_schema(
            [core_schema.is_instance_schema(cls), core_schema.no_info_after_validator_function(cls, columns)],
            mode="left_to_right",
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda curve: dict(curve), return_schema=columns
            ),
        )
