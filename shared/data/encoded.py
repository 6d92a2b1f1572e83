"""Examples that are still encoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from shared.data.imageset import ImageSet
from shared.data.listing import Listing
from shared.data.pictures import decode_all
from shared.protocol import Data


@dataclass(frozen=True)
class Pictures(ImageSet):
    """Examples that are still encoded: ``images`` has their shape and no content.

    Attributes:
        listing: the pictures.
        shorter_side: as in the protocol.
        redrawn: whether training sees another crop of each in every epoch, so that none is ever kept decoded.
    """

    listing: Listing = field(default_factory=lambda: Listing((), (), ()))
    shorter_side: int | None = None
    redrawn: bool = False

    @classmethod
    def of(cls, listing: Listing, data: Data, name: str = "", device: torch.device | str = "cpu") -> Pictures:
        """The pictures of a listing, to be brought to ``data.resize``; their labels on the device."""
        assert data.resize is not None
        images = torch.empty((len(listing.files), 3, data.resize, data.resize), dtype=torch.uint8, device="meta")
        labels, redrawn = torch.tensor(listing.labels, device=device), any(a.on_pictures for a in data.augment)
        names = listing.class_names
        return cls(images, labels, len(names), name, names, listing, data.shorter_side, redrawn)

    def subset(self, indices: Tensor | Sequence[int]) -> ImageSet:
        """The examples at ``indices``, in that order, on the device of the labels; decoded, unless ``redrawn``."""
        at = torch.as_tensor(indices, dtype=torch.int64)
        labels = self.labels[at.to(self.labels.device)]
        listing = self.listing.subset(at.tolist())
        if self.redrawn:
            return replace(self, images=self.images[: len(at)], labels=labels, listing=listing)
        images = decode_all(listing.files, self.images.shape[-1], self.name, self.shorter_side)
        return ImageSet(images.to(labels.device), labels, self.classes, self.name, self.class_names)
