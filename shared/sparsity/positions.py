"""Ascending flat positions of the live weights of a tensor, kept up to date as few of them move."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def replaced(positions: Tensor, ranks: Tensor, by: Tensor) -> Tensor:
    """The positions without those of the stated ranks and with ``by`` instead, ascending again.

    On a CPU this costs a fraction of sorting them, or of looking for them in a mask.

    Args:
        positions: ``[n]`` int64, ascending.
        ranks: ``[k]`` int64, ascending, each below n.
        by: ``[k]`` int64, ascending, none of which is among the positions.
    """
    if positions.device.type != "cpu":
        return positions.index_copy(0, ranks, by).sort().values
    left, new = np.delete(positions.numpy(), ranks.numpy()), by.numpy()
    return torch.from_numpy(np.insert(left, np.searchsorted(left, new), new))
