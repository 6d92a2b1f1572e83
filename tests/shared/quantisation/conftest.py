import pytest
import torch
from torch import Generator, nn

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


@pytest.fixture
def generator() -> Generator:
    return Generator().manual_seed(0)


@pytest.fixture
def settled(generator):
    """Give a network's batch-norm layers running statistics and maps that are not the identity."""

    def settle(network: nn.Module) -> nn.Module:
        with torch.no_grad():
            for norm in (m for m in network.modules() if isinstance(m, NORMS)):
                norm.running_mean.normal_(0, 0.2, generator=generator)
                norm.running_var.uniform_(0.3, 0.9, generator=generator)
                if norm.affine:
                    norm.weight.uniform_(0.8, 1.2, generator=generator)
                    norm.bias.normal_(0, 0.1, generator=generator)
        return network.eval()

    return settle
