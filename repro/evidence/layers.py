"""The layer table of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

from repro.evidence.held import Held
from repro.evidence.part import Part


class Layer(Part):
    """One prunable tensor at the end of the run."""

    name: str
    shape: tuple[int, ...]
    total: int
    remaining: int
    positions: int = 1


class Layers(Held[tuple[Layer, ...]], Sequence[Layer]):
    """The prunable tensors in module order; an immutable sequence."""

    __slots__ = ()

    plain = tuple[Layer, ...]
    what = "layer table"

    @overload
    def __getitem__(self, index: int) -> Layer: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Layer, ...]: ...
    def __getitem__(self, index: int | slice) -> Layer | tuple[Layer, ...]:
        return self.value[index]

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.value)

    def __len__(self) -> int:
        return len(self.value)
