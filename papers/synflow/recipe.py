"""The initial weights of the original on a CPU, bit for bit (sheet, sections 3 and 7.5).

``manual_seed(seed)``, one permutation of the training set for the scoring sample, then the network: the framework's
defaults in construction order, and the class's own initialisation in module order. Runs of ours draw from keyed
generators instead; this is for checking numbers that need no training.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from papers.synflow.networks import SIZES, model_for

if TYPE_CHECKING:
    from torch import nn


def initial_network(family: str, name: str, data: str, seed: int) -> nn.Module:
    """The untrained network of the original.

    Args:
        family, name, data: as in ``papers.synflow.networks.model_for``.
        seed: of the original's run.
    """
    import torch

    from shared.models.registry import build

    generator = torch.Generator().manual_seed(seed)
    torch.randperm(SIZES[data][3], generator=generator)
    return build(model_for(family, name, data), generator).eval()
