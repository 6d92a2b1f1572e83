"""The processes that train one run together (``torchrun``, SLURM's ``srun``), and what they agree on.

Every process holds the whole network, masks and method, draws the same keyed random numbers, and takes its rows of the
same global batch. Gradients are summed, counts are summed, batch normalisation sees the global batch; so all processes
hold the same weights and masks, and their number has no influence beyond the rounding of sums. It is therefore no part
of the protocol. Only the first process writes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import torch
import torch.distributed as dist
from torch import Tensor

from shared.data.batch import Part


class DisagreementError(Exception):
    """Processes of one run hold different states."""


class World:
    """All processes of a run as one of them sees them; by default it is alone.

    Args:
        rank: number of this process, from 0.
        size: number of processes; above 1 ``torch.distributed`` has been initialised.
        device: of this process; where the backend wants its tensors.
    """

    def __init__(self, rank: int = 0, size: int = 1, device: torch.device | None = None) -> None:
        self.rank, self.size, self.device = rank, size, device or torch.device("cpu")

    @property
    def leads(self) -> bool:
        """Whether this process writes the run directory."""
        return self.rank == 0

    @property
    def part(self) -> Part:
        """Which rows of a batch, and of the evaluated images, are this process's."""
        return Part(self.rank, self.size)

    def add_(self, *tensors: Tensor) -> None:
        """Replace each tensor by its sum over all processes."""
        if self.size > 1:
            for tensor in tensors:
                dist.all_reduce(tensor)

    def any(self, flag: bool) -> bool:
        """Whether the flag is up in some process; all of them wait for each other here."""
        raised = torch.tensor(int(flag), device=self.device)
        self.add_(raised)
        return bool(raised)

    def wait(self) -> None:
        """Go on when all processes are here."""
        self.any(False)

    def gathered(self, values: Tensor) -> Tensor:
        """The vectors of all processes as rows ``[size, n]``."""
        if self.size == 1:
            return values[None]
        rows = torch.zeros((self.size, *values.shape), dtype=values.dtype, device=values.device)
        rows[self.rank] = values
        dist.all_reduce(rows)
        return rows

    def same(self, what: str, text: str) -> None:
        """Check that all processes hold the same text.

        Raises:
            DisagreementError: in every process, if they do not.
        """
        if self.size == 1:
            return
        digest = hashlib.sha256(text.encode()).digest()
        rows = self.gathered(torch.tensor(list(digest), device=self.device)).cpu()
        if odd := [rank for rank, row in enumerate(rows.tolist()) if row != rows[0].tolist()]:
            raise DisagreementError(
                f"Process {odd[0]} of {self.size} does not have the same {what} as process 0; "
                "start all of them by the same command, on the same code and data."
            )


def digest(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over names and bytes of tensors."""
    found = hashlib.sha256()
    for name, tensor in tensors.items():
        found.update(name.encode())
        found.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()


def lost(error: BaseException) -> bool:
    """Whether an error says that another process of the run is gone."""
    words = ("closed by peer", "reset by peer", "Connection refused", "Broken pipe", "gloo", "NCCL")
    return isinstance(error, dist.DistError) or (
        type(error) is RuntimeError and any(word in str(error) for word in words)
    )
