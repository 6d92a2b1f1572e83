"""ImageNet as the field trains on it; papers that do otherwise say so in their own settings."""

from __future__ import annotations

from shared.protocol import Augment, Data

IMAGENET = Data(
    name="imagenet",
    resize=224,
    shorter_side=256,
    mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225),
    augment=(Augment(kind="resized-crop"), Augment(kind="flip")),
)
"""Random resized crops and flips in training, shorter side 256 and the central 224 in evaluation.

Source: dsr sheet, section 3; hoyer sheet, section 3.
"""
