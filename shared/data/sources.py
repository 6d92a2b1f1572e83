"""The data sets one can name in a protocol, and how each is found. Imports nothing heavy until one is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shared.data.places import roots
from shared.errors import MissingDataError, unknown
from shared.lazy import attribute
from shared.protocol import Data

if TYPE_CHECKING:
    from shared.data.found import Found
    from shared.data.imageset import Splits


@dataclass(frozen=True)
class Source:
    """One data set.

    Attributes:
        title: for people.
        looks_for: the recognised layouts, in words that complete "looked for ...".
        finders: ``module:function`` in ``shared.data``, tried in order in each folder; each takes the folder and the
            protocol's data part and returns ``Found`` or ``None``. Empty: the data come with a package.
        fetchable: whether ``repro data fetch`` can download it.
    """

    title: str
    looks_for: str = ""
    finders: tuple[str, ...] = ()
    fetchable: bool = False


_CIFAR = ("cifar:find_python", "cifar:find_binary", "parquet:find")
_FOLDERS = ("folders:find", "parquet:find")

SOURCES: Mapping[str, Source] = {
    "digits": Source("scikit-learn's handwritten digits, 1,797 images 8x8 grey, 10 classes"),
    "mnist": Source(
        "MNIST, 60,000 + 10,000 images 28x28 grey, 10 classes",
        "MNIST/raw/*-ubyte[.gz]",
        ("idx:find",),
        fetchable=True,
    ),
    "fashion-mnist": Source(
        "Fashion-MNIST, 60,000 + 10,000 images 28x28 grey, 10 classes",
        "FashionMNIST/raw/*-ubyte[.gz]",
        ("idx:find",),
    ),
    "cifar10": Source(
        "CIFAR-10, 50,000 + 10,000 images 32x32 RGB, 10 classes",
        "cifar-10-batches-py, cifar-10-batches-bin or cifar10/{train,test}-*.parquet",
        _CIFAR,
        fetchable=True,
    ),
    "cifar100": Source(
        "CIFAR-100, 50,000 + 10,000 images 32x32 RGB, 100 classes",
        "cifar-100-python, cifar-100-binary or cifar100/{train,test}-*.parquet",
        _CIFAR,
        fetchable=True,
    ),
    "tiny-imagenet": Source(
        "Tiny-ImageNet, 100,000 + 10,000 images 64x64 RGB, 200 classes",
        "tiny-imagenet-200/{train,val} or tiny-imagenet/{train,valid}-*.parquet",
        _FOLDERS,
    ),
    "imagenette": Source(
        "Imagenette (full size), 9,469 + 3,925 images RGB, 10 classes",
        "imagenette2/{train,val}/CLASS or imagenette/{train,validation}-*.parquet",
        _FOLDERS,
        fetchable=True,
    ),
    "imagenet": Source(
        "ImageNet (ILSVRC 2012), 1,281,167 + 50,000 images RGB, 1,000 classes",
        "imagenet/{train,val}/CLASS",
        _FOLDERS[:1],
    ),
    "imagefolder": Source("your own images", "{train,val}/CLASS or imagefolder/{train,val}/CLASS", _FOLDERS[:1]),
}


def names() -> list[str]:
    """Every data set a protocol can name."""
    return list(SOURCES)


def source(name: str) -> Source:
    """The data set of that name.

    Raises:
        ReproError: if there is none, with the nearest names.
    """
    if name not in SOURCES:
        raise unknown("data set", name, SOURCES)
    return SOURCES[name]


def find(data: Data, data_dir: Path | None = None) -> Found | None:
    """The first copy of a data set in lookup order, not decoded; ``None`` if there is none (or it is embedded)."""
    for root in roots(data_dir):
        for finder in source(data.name).finders:
            found: Found | None = attribute(f"shared.data.{finder}")(root, data)
            if found:
                return found
    return None


def present(data: Data, data_dir: Path | None = None) -> bool:
    """Whether ``load`` would find the data set."""
    return not source(data.name).finders or find(data, data_dir) is not None


def load(data: Data, data_dir: Path | None = None) -> Splits:
    """Find, decode (once; see ``shared.data.cache``) and compare with the original's fingerprints.

    Args:
        data: the protocol's data part; ``name`` and, for images of many sizes, ``resize`` matter here.
        data_dir: searched before ``REPRO_DATA`` and the user cache.

    Raises:
        MissingDataError: if it is nowhere; says what was looked for, where, and what to do.
        ReproError: if it is damaged, or larger than memory should hold.
    """
    if not source(data.name).finders:
        from shared.data.embedded import digits

        return digits()
    found = find(data, data_dir)
    if found is None:
        raise missing(data.name, roots(data_dir))
    from shared.data.cache import decoded
    from shared.data.known import assess

    return assess(found, *decoded(found))


def missing(name: str, places: list[Path]) -> MissingDataError:
    """The error for a data set that is nowhere."""
    wanted = source(name)
    remedy = f"run `repro data fetch {name}`, or " if wanted.fetchable else ""
    return MissingDataError(
        f"The data set {name!r} was not found: looked for {wanted.looks_for} in "
        f"{', '.join(str(p) for p in places)}; {remedy}put it there, or set REPRO_DATA or --data-dir to the folder "
        "that holds it."
    )
