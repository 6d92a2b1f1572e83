"""What a loader hands out, and how several processes divide it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Part:
    """One of several equal parts: number ``rank``, counted from 0, out of ``of``."""

    rank: int = 0
    of: int = 1

    def rows(self, n: int) -> slice:
        """This part of ``0..n-1``: consecutive positions; parts differ by one at most, and may be empty."""
        return slice(n * self.rank // self.of, n * (self.rank + 1) // self.of)


WHOLE = Part()


@dataclass(frozen=True)
class Batch:
    """One mini-batch, or the consecutive rows of one that a process has: images ``[B, C, H, W]`` (or ``[B, D]``).

    Attributes:
        images, labels: ``labels`` is ``[B]``.
        first: position of the first row in the whole mini-batch.
        whole: rows of the whole mini-batch; ``None`` if this is all of it.
    """

    images: Tensor
    labels: Tensor
    first: int = 0
    whole: int | None = None

    def part(self, part: Part) -> Batch:
        """The rows of a part; the batch itself where there is only one."""
        if part.of == 1:
            return self
        n = len(self.labels)
        rows = part.rows(n)
        return Batch(self.images[rows], self.labels[rows], rows.start, n)
