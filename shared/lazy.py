"""What is made or imported when it is first needed, so that importing a paper costs nothing."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, TypeVar

V = TypeVar("V")


def attribute(where: str) -> Any:
    """What ``"package.module:name"`` names; the module is imported."""
    module, _, name = where.partition(":")
    return getattr(importlib.import_module(module), name)


class Lazy(Mapping[str, V]):
    """Read-only mapping whose items come from ``make``, called once at the first use."""

    def __init__(self, make: Callable[[], Mapping[str, V]]) -> None:
        self._make = make

    @cached_property
    def _items(self) -> Mapping[str, V]:
        return self._make()

    def __getitem__(self, key: str) -> V:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)
