"""Data that comes with an installed package: nothing to download."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from shared.data.imageset import ImageSet, Splits

# Of 174 to 183 images per class; 360 in all.
_TEST_PER_CLASS = 36


def digits() -> Splits:
    """scikit-learn's 1,797 handwritten digits, 8x8, grey.

    The last 36 images of each class, in file order, are the test split (360); the others train (1,437). The stored
    intensities 0..16 are scaled to 0..255 and rounded half up.
    """
    table = _table()
    images = torch.from_numpy(((table[:, :-1] * 255 + 8) // 16).astype(np.uint8)).view(-1, 1, 8, 8)
    labels = torch.from_numpy(table[:, -1].astype(np.int64))
    test = torch.cat([_last_of_class(labels, c) for c in range(10)]).sort().values
    train = torch.ones(len(labels), dtype=torch.bool).index_fill(0, test, False).nonzero().flatten()
    whole = ImageSet(images, labels, classes=10, class_names=tuple("0123456789"))
    return Splits(_named(whole.subset(train), "train"), _named(whole.subset(test), "test"), origin="scikit-learn")


def _table() -> NDArray[np.float64]:
    """``[1797, 65]``: the 64 intensities and the label, from the package's file.

    Importing the package as well takes half a second more, most of it for pandas, before every demo.
    """
    package = find_spec("sklearn")
    for folder in package.submodule_search_locations or () if package else ():
        if (file := Path(folder) / "datasets" / "data" / "digits.csv.gz").is_file():
            return np.loadtxt(file, delimiter=",")
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return np.column_stack((images, labels))


def _last_of_class(labels: Tensor, label: int) -> Tensor:
    return (labels == label).nonzero().flatten()[-_TEST_PER_CLASS:]


def _named(images: ImageSet, split: str) -> ImageSet:
    return ImageSet(images.images, images.labels, images.classes, f"digits/{split}", images.class_names)
