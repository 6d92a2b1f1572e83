"""One explicit, injectable source of randomness.

No method calls a global generator. Every draw is keyed by (seed, purpose, epoch, step, index): a run that is killed and
started again draws the same numbers, and a test replays the numbers of a reference file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import torch
from torch import Tensor

Key = tuple[int, int, int]


class Draws(Protocol):
    """What a method may ask for; ``epoch``, ``step`` and ``index`` complete the key of a draw."""

    def normal(self, like: Tensor, purpose: str, *, epoch: int = 0, step: int = 0, index: int = 0) -> Tensor:
        """Independent N(0, 1) values with the shape, dtype and device of ``like``."""

    def fill_normal(self, flat: Tensor, sizes: Sequence[int], purpose: str, *, epoch: int = 0, step: int = 0) -> None:
        """Fill a vector, made of parts of the stated sizes (part l has index l), with independent N(0, 1) values."""

    def uniform(self, n: int, purpose: str, *, epoch: int = 0, step: int = 0, index: int = 0) -> Tensor:
        """``n`` independent U[0, 1) values, float64 on the CPU: the same on every device."""

    def permutation(self, n: int, purpose: str, *, epoch: int = 0, step: int = 0, index: int = 0) -> Tensor:
        """A permutation of ``0..n-1``, int64 on the CPU: the same on every device."""


class KeyedDraws:
    """Draws that are functions of their key alone.

    Args:
        seed: the run's seed.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._kept: dict[str, torch.Generator] = {}

    def generator(self, purpose: str, key: Key, device: torch.device | str = "cpu") -> torch.Generator:
        """A generator at the state that belongs to the key."""
        return torch.Generator(device=device).manual_seed(self.key(purpose, key))

    def key(self, purpose: str, key: Key) -> int:
        """The 63-bit integer that a key stands for."""
        text = f"{self.seed}/{purpose}/{key[0]}/{key[1]}/{key[2]}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1

    def normal(self, like: Tensor, purpose: str, *, epoch: int = 0, step: int = 0, index: int = 0) -> Tensor:
        """See ``Draws.normal``; drawn on the device of ``like``, hence equal only on devices of one kind."""
        g = self.generator(purpose, (epoch, step, index), like.device)
        return torch.randn(like.shape, generator=g, dtype=like.dtype, device=like.device)

    def fill_normal(self, flat: Tensor, sizes: Sequence[int], purpose: str, *, epoch: int = 0, step: int = 0) -> None:
        """See ``Draws.fill_normal``; one draw for all parts, from a generator that is kept and re-seeded."""
        kept = self._kept.setdefault(str(flat.device), torch.Generator(device=flat.device))
        flat.normal_(generator=kept.manual_seed(self.key(purpose, (epoch, step, 0))))

    def uniform(self, n: int, purpose: str, *, epoch: int = 0, step: int = 0, index: int = 0) -> Tensor:
        """See ``Draws.uniform``."""
        return torch.rand(n, generator=self.generator(purpose, (epoch, step, index)), dtype=torch.float64)

    def permutation(self, n: int, purpose: str, *, epoch: int = 0, step: int = 0, index: int = 0) -> Tensor:
        """See ``Draws.permutation``."""
        return torch.randperm(n, generator=self.generator(purpose, (epoch, step, index)))


class ReplayedDraws:
    """Draws read from stated sequences instead of a generator: how golden values are replayed.

    Args:
        sources: per purpose, a function of ``(shape, epoch, step, index)`` that returns the tensor of that draw.

    Raises:
        KeyError: on a purpose that has no stated source, so that no draw goes unnoticed.
    """

    def __init__(self, sources: Mapping[str, Callable[[tuple[int, ...], int, int, int], Tensor]]) -> None:
        self.sources = sources

    def normal(self, like: Tensor, purpose: str, *, epoch: int = 0, step: int = 0, index: int = 0) -> Tensor:
        """See ``Draws.normal``."""
        return self.sources[purpose](tuple(like.shape), epoch, step, index).to(like)

    def fill_normal(self, flat: Tensor, sizes: Sequence[int], purpose: str, *, epoch: int = 0, step: int = 0) -> None:
        """See ``Draws.fill_normal``; part l replays the draw with index l."""
        for index, part in enumerate(flat.split(list(sizes))):
            part.copy_(self.sources[purpose](tuple(part.shape), epoch, step, index))

    def uniform(self, n: int, purpose: str, *, epoch: int = 0, step: int = 0, index: int = 0) -> Tensor:
        """See ``Draws.uniform``."""
        return self.sources[purpose]((n,), epoch, step, index)

    def permutation(self, n: int, purpose: str, *, epoch: int = 0, step: int = 0, index: int = 0) -> Tensor:
        """See ``Draws.permutation``."""
        return self.sources[purpose]((n,), epoch, step, index)
