"""Random training transforms as coordinate maps: one gather per batch, whatever the list of transforms.

A transform says from which row and column of its input an output pixel comes, so a list of transforms composes into
one map per image. Every image's random numbers are drawn for the whole epoch and looked up by sample index: they do not
depend on batch size, device, number of processes or on how often a run was interrupted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from shared.draws import Draws
from shared.errors import ReproError
from shared.protocol import Augment

_FAR = 1 << 30


@dataclass(frozen=True)
class Drawn:
    """One transform with the epoch's random numbers.

    Attributes:
        kind, padding: as in the protocol.
        reflect: whether the border is the image reflected in its edge, in place of zeros.
        rows, columns: ``pad-crop``: top left corner in the padded image, int64 ``[N]`` in ``0..2*padding``.
        flipped: ``flip``: bool ``[N]``.
    """

    kind: str
    padding: int = 0
    rows: Tensor | None = None
    columns: Tensor | None = None
    flipped: Tensor | None = None
    reflect: bool = False


def draw(
    augment: Sequence[Augment], n: int, draws: Draws, epoch: int, device: torch.device | str = "cpu"
) -> tuple[Drawn, ...]:
    """Draw one epoch's transforms for ``n`` samples; the numbers are the same on every device.

    Args:
        augment: the protocol's transforms, in order; those that act on pictures are passed over (``views``).
        n: number of samples of the training set.
        draws: the run's source; purposes ``augment-crop-rows``, ``augment-crop-columns`` and ``augment-flip``, with the
            position of the transform in the list as ``index``.
        epoch: counted over the whole run.
        device: where the numbers are needed.
    """
    listed = [(i, a) for i, a in enumerate(augment) if not a.on_pictures]
    return tuple(_draw(a, n, draws, epoch, torch.device(device), i) for i, a in listed)


def _draw(augment: Augment, n: int, draws: Draws, epoch: int, device: torch.device, index: int) -> Drawn:
    def uniform(purpose: str) -> Tensor:
        return draws.uniform(n, purpose, epoch=epoch, index=index)

    if augment.kind == "flip":
        return Drawn("flip", flipped=upload(uniform("augment-flip") < augment.probability, device))
    positions = 2 * augment.padding + 1
    rows = (uniform("augment-crop-rows") * positions).long()
    columns = (uniform("augment-crop-columns") * positions).long()
    reflect = augment.padding_mode == "reflect"
    return Drawn("pad-crop", augment.padding, upload(rows, device), upload(columns, device), reflect=reflect)


def upload(values: Tensor, device: torch.device) -> Tensor:
    """Copy to the device without waiting for the work queued there."""
    if device.type == "cuda" and values.device.type == "cpu":
        return values.pin_memory().to(device, non_blocking=True)
    return values.to(device)


def apply(images: Tensor, drawn: Sequence[Drawn], samples: Tensor) -> Tensor:
    """Transform a batch.

    Padding is zero in the stored image, hence before normalisation: a padded pixel becomes ``(0 - mean) / std``
    (flipout sheet, section 3); or it is the pixel reflected in the edge (dsr sheet, section 3).

    Args:
        images: ``[B, C, H, W]``, the untransformed images of the samples.
        drawn: the epoch's transforms.
        samples: int64 ``[B]``, each image's sample index.

    Returns:
        ``[B, C, H, W]``, same dtype.

    Raises:
        ReproError: if an image is too small to be reflected so far.
    """
    if not drawn:
        return images
    b, c, h, w = images.shape
    rows = torch.arange(h, device=images.device).expand(b, h)
    columns = torch.arange(w, device=images.device).expand(b, w)
    # From the last transform to the first: each maps coordinates of its output to coordinates of its input.
    for d in reversed(drawn):
        if d.flipped is not None:
            columns = torch.where(d.flipped[samples, None], w - 1 - columns, columns)
        if d.rows is not None and d.columns is not None:
            rows, columns = rows + (d.rows[samples, None] - d.padding), columns + (d.columns[samples, None] - d.padding)
            if d.reflect:
                rows, columns = _reflected(rows, h, d.padding), _reflected(columns, w, d.padding)
            rows, columns = _outside_stays_outside(rows, h), _outside_stays_outside(columns, w)
    # One border of zeros is enough: every coordinate outside the image reads there.
    flat = (rows.clamp(-1, h) + 1)[:, :, None] * (w + 2) + (columns.clamp(-1, w) + 1)[:, None, :]  # [B, H, W]
    padded = F.pad(images, (1, 1, 1, 1)).flatten(2)
    return padded.gather(2, flat.flatten(1)[:, None].expand(b, c, h * w)).view(b, c, h, w)


def _reflected(at: Tensor, size: int, padding: int) -> Tensor:
    """Coordinates of the border, mirrored in the first or the last pixel; what lies farther out stays outside."""
    if padding >= size:
        raise ReproError(
            f"A side of {size} pixels cannot be reflected over a border of {padding}; use less padding or "
            "padding_mode zeros."
        )
    return torch.where(at < 0, -at, torch.where(at >= size, 2 * (size - 1) - at, at))


def _outside_stays_outside(at: Tensor, size: int) -> Tensor:
    """Move coordinates outside ``0..size-1`` so far out that no further transform brings them back."""
    return torch.where((at < 0) | (at >= size), -_FAR, at)
