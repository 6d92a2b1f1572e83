"""From an encoded picture to the pixels one sample has in one epoch, resampled by torchvision on Pillow images.

Everything random is a function of (seed, epoch, position of the transform, sample index), so that neither the number of
processes nor an interruption changes a pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from torchvision.transforms import functional as F

from shared.data.crops import NUMBERS, random_box
from shared.data.pictures import Encoded, fitted, opened, pixels
from shared.draws import Draws
from shared.protocol import Augment


@dataclass(frozen=True)
class View:
    """How the pictures of one epoch are seen.

    Attributes:
        size: side length of the result.
        shorter_side: as in the protocol; what is cut out where no transform draws a box.
        augment: the protocol's transforms; those that act in batches are passed over.
        draws: the run's source; purposes ``augment-resized-crop``, ``augment-grayscale``, ``augment-colour`` and
            ``augment-colour-order``, with the transform's position in the list as ``step`` and the sample as ``index``.
        epoch: counted over the whole run.
    """

    size: int
    shorter_side: int | None
    augment: Sequence[Augment]
    draws: Draws
    epoch: int

    def __call__(self, picture: Encoded, sample: int) -> np.ndarray:
        """One picture as uint8 ``[3, size, size]``.

        Raises:
            ReproError: if it cannot be read.
        """
        image, first = opened(picture), next(iter(self.augment), None)
        if first is not None and first.kind == "resized-crop":
            u = self._uniform(NUMBERS, "augment-resized-crop", 0, sample)
            box = random_box(*image.size, u, first.scale, first.ratio)
            image = F.resized_crop(image, *box, [self.size, self.size])
        else:
            image = fitted(image, self.size, self.shorter_side)
        for position, a in enumerate(self.augment):
            if a.kind == "grayscale":
                if self._uniform(1, "augment-grayscale", position, sample)[0] < a.probability:
                    image = F.rgb_to_grayscale(image, num_output_channels=3)
            elif a.kind == "colour-jitter":
                u = self._uniform(4, "augment-colour", position, sample)
                order = self.draws.permutation(4, "augment-colour-order", epoch=self.epoch, step=position, index=sample)
                image = jittered(image, u, order.tolist(), a.strength)
        return pixels(image)

    def _uniform(self, n: int, purpose: str, position: int, sample: int) -> list[float]:
        drawn: list[float] = self.draws.uniform(n, purpose, epoch=self.epoch, step=position, index=sample).tolist()
        return drawn


def jittered(image: Image.Image, u: Sequence[float], order: Sequence[int], strength: float) -> Image.Image:
    """Change brightness, contrast, saturation and hue as torchvision's ``ColorJitter`` does with one strength.

    Args:
        image: RGB.
        u: four U[0, 1) numbers, one for each change in the order of the first sentence.
        order: the order in which the changes are made.
        strength: the first three are factors in ``1 +- strength``, the hue turns by up to ``strength`` of a circle.

    Source: synflow sheet, section 3.
    """
    turns = [strength * (2 * v - 1) for v in u]
    for change in order:
        if change == 3:
            image = F.adjust_hue(image, turns[3])
        else:
            adjust = (F.adjust_brightness, F.adjust_contrast, F.adjust_saturation)[change]
            image = adjust(image, 1 + turns[change])
    return image
