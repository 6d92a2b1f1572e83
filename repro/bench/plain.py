"""The loop that published pruning code has: worker processes that transform images one by one, a read-back a step."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from repro.bench.cases import SGD, Case
from shared.models.registry import build
from shared.protocol import Augment

WORKERS = 2


class Pictures(Dataset[Any]):
    """Random images as torchvision's data sets serve them: an array, turned into a PIL image on access.

    Args:
        pixels: uint8 ``[N, H, W, C]``.
        labels: ``[N]``.
        transform: torchvision's transforms.
    """

    def __init__(self, pixels: np.ndarray, labels: np.ndarray, transform: Any) -> None:
        self.pixels, self.labels, self.transform = pixels, labels, transform

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        from PIL import Image

        pixels = self.pixels[index]
        return self.transform(Image.fromarray(pixels.squeeze())), int(self.labels[index])


class PlainLoop:
    """A network, an optimiser and a loader.

    Args:
        case: what is trained.
        steps: batches after the first; the first is trained before the clock starts, so that starting worker processes
            is not counted.
        device: where.
    """

    def __init__(self, case: Case, steps: int, device: torch.device) -> None:
        count = (steps + 1) * case.batch
        random = np.random.default_rng(0)
        shape = (count, case.model.size, case.model.size, case.model.channels)
        pixels = random.integers(0, 256, shape, dtype=np.uint8)
        labels = random.integers(0, case.model.classes, count)
        listed = [_transform(a, case.model.size) for a in case.data.augment]
        listed += [transforms.ToTensor(), transforms.Normalize(case.data.mean, case.data.std)]
        data = Pictures(pixels, labels, transforms.Compose(listed))
        self.device = device
        self.loader: DataLoader[Any] = DataLoader(
            data, case.batch, shuffle=True, num_workers=WORKERS, pin_memory=device.type == "cuda"
        )
        self.network = build(case.model, torch.Generator().manual_seed(0)).to(device)
        self.optimizer = torch.optim.SGD(
            self.network.parameters(), lr=SGD.lr, momentum=SGD.momentum, weight_decay=SGD.weight_decay
        )

    def epoch(self) -> tuple[int, float]:
        """Train one pass; returns the samples trained and the seconds it took, both without the first batch."""
        samples, correct, loss_sum, started = 0, 0, 0.0, 0.0
        self.network.train()
        for step, (images, labels) in enumerate(self.loader):
            if step == 1:
                started = time.perf_counter()
            images, labels = images.to(self.device), labels.to(self.device)
            self.optimizer.zero_grad()
            logits = self.network(images)
            loss = F.cross_entropy(logits, labels)
            loss.backward()
            self.optimizer.step()
            loss_sum += loss.item()
            correct += int((logits.argmax(1) == labels).sum().item())
            samples += len(labels) if step else 0
        return samples, time.perf_counter() - started


def _transform(augment: Augment, size: int) -> Any:
    if augment.kind == "flip":
        return transforms.RandomHorizontalFlip(augment.probability)
    mode = "constant" if augment.padding_mode == "zeros" else augment.padding_mode
    return transforms.RandomCrop(size, augment.padding, padding_mode=mode)
