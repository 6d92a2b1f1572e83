"""The loader on a CUDA device: the CPU's numbers, without waiting for the device."""

from __future__ import annotations

import pytest
import torch

from shared.data.imageset import ImageSet
from shared.data.loader import EpochLoader
from shared.draws import KeyedDraws
from shared.protocol import Augment, Data

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")]

DATA = Data(
    name="cifar10",
    mean=(0.4914, 0.4822, 0.4465),
    std=(0.2023, 0.1994, 0.2010),
    augment=(Augment(kind="pad-crop", padding=4), Augment(kind="flip")),
)


def make(device: str, **kwargs) -> EpochLoader:
    g = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (1000, 3, 32, 32), dtype=torch.uint8, generator=g)
    examples = ImageSet(pixels, torch.arange(1000) % 10, 10).to(device)
    return EpochLoader(examples, DATA, KeyedDraws(5), 128, train=True, **kwargs)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_gpu_gives_the_batches_of_a_cpu(layout):
    for a, b in zip(make("cpu").epoch(3), make("cuda", memory_format=layout).epoch(3), strict=True):
        assert b.images.device.type == "cuda"
        assert b.images.is_contiguous(memory_format=layout)
        assert torch.allclose(a.images, b.images.cpu(), rtol=1e-6, atol=1e-6)
        assert torch.equal(a.labels, b.labels.cpu())


def test_an_epoch_never_waits_for_the_device():
    made = make("cuda", chunk=2)
    images, labels = torch.empty(128, 3, 32, 32, device="cuda"), torch.empty(128, dtype=torch.int64, device="cuda")
    torch.cuda.set_sync_debug_mode("error")
    try:
        for e in (1, 2):
            for i in range(len(made)):
                made.fill(images, labels, e, i)
        list(made.eval_batches(300))
    finally:
        torch.cuda.set_sync_debug_mode("default")
