"""A part of a record that stays JSON text until somebody looks at it.

Curves, layer tables and histograms are nearly all of a record's text and almost no verdict needs them: reading ten
thousand records within the time of DESIGN 6 means leaving them as text.
"""

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeVar

from pydantic import GetCoreSchemaHandler, TypeAdapter, ValidationError
from pydantic_core import core_schema

from repro.evidence.problem import first_of
from shared.errors import ReproError

T = TypeVar("T")


class Held(Generic[T]):
    """A value, or its JSON text, which is parsed and validated at the first access.

    Args:
        source: the value, or its text.
        where: file and line of the text, for errors.
    """

    __slots__ = ("_text", "_value", "where")

    plain: ClassVar[Any]
    """The type of the value, for pydantic."""

    what: ClassVar[str]
    """What the part is called in errors."""

    _adapter: ClassVar[TypeAdapter[Any]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._adapter = TypeAdapter(cls.plain)

    def __init__(self, source: T | bytes, where: str = "") -> None:
        self._text = source if isinstance(source, bytes) else None
        self._value: T | None = None if isinstance(source, bytes) else source
        self.where = where

    @property
    def value(self) -> T:
        """The parsed value.

        Raises:
            ReproError: if the text is damaged.
        """
        if self._value is None:
            try:
                self._value = self._adapter.validate_json(self._text or b"")
            except ValidationError as error:
                raise self.damaged(first_of(error)) from None
        return self._value

    def damaged(self, reason: str) -> ReproError:
        """The error that says what is wrong with the text and where it stands."""
        place = self.where or "a record"
        return ReproError(
            f"The {self.what} in {place} is damaged ({reason}); `repro results check` lists what is readable."
        )

    @property
    def parsed(self) -> bool:
        """Whether the value is there already."""
        return self._value is not None

    def __eq__(self, other: object) -> bool:
        return bool(self.value == (other.value if isinstance(other, Held) else other))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.value!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        plain = handler(cls.plain)
        return core_schema.union_schema(
            [core_schema.is_instance_schema(cls), core_schema.no_info_after_validator_function(cls, plain)],
            mode="left_to_right",
            serialization=core_schema.plain_serializer_function_ser_schema(_value_of, return_schema=plain),
        )


def _value_of(part: Any) -> Any:
    return part.value if isinstance(part, Held) else part
