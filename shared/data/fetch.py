"""Download a data set, with the publisher's checksum verified (torchvision's addresses and checksums)."""

from __future__ import annotations

import itertools
import os
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError

from shared.data.places import download_root
from shared.data.sources import SOURCES, source
from shared.errors import ReproError

if TYPE_CHECKING:
    from torchvision.datasets import CIFAR10


def fetch(name: str, root: Path | None = None) -> Path:
    """Download and unpack a data set; what is there and sound already is not downloaded again.

    Args:
        name: a data set whose ``Source`` is fetchable.
        root: where it goes; ``None``: where ``load`` looks last (``shared.data.places.download_root``).

    Returns:
        The folder that was given or chosen.

    Raises:
        ReproError: if it cannot be downloaded automatically, or the download fails or is damaged.
    """
    wanted = source(name)
    if not wanted.finders:
        raise ReproError(f"The data set {name!r} comes with an installed package; there is nothing to fetch.")
    if not wanted.fetchable:
        can = ", ".join(n for n, s in SOURCES.items() if s.fetchable)
        raise ReproError(
            f"The data set {name!r} cannot be fetched automatically (these can: {can}); get it from its publisher and "
            f"set REPRO_DATA to the folder that holds {wanted.looks_for}."
        )
    folder = root or download_root()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _FETCHERS[name](folder)
    except URLError as e:
        raise ReproError(f"{name} could not be downloaded ({e.reason}); check the connection and try again.") from e
    except (RuntimeError, OSError, tarfile.TarError) as e:
        raise ReproError(f"{name} could not be fetched into {folder} ({e}); try again or use another folder.") from e
    return folder


def _mnist(root: Path) -> None:
    from torchvision.datasets import MNIST
    from torchvision.datasets.utils import download_url

    for filename, md5 in MNIST.resources:  # kept gzipped: that is how they are read
        for mirror in MNIST.mirrors[:-1]:
            try:
                download_url(mirror + filename, str(root / "MNIST" / "raw"), filename=filename, md5=md5)
                break
            except (RuntimeError, OSError):
                continue  # the next mirror
        else:
            download_url(MNIST.mirrors[-1] + filename, str(root / "MNIST" / "raw"), filename=filename, md5=md5)


def _cifar10(root: Path) -> None:
    from torchvision.datasets import CIFAR10

    _cifar(root, CIFAR10)


def _cifar100(root: Path) -> None:
    from torchvision.datasets import CIFAR100

    _cifar(root, CIFAR100)


def _cifar(root: Path, kind: type[CIFAR10]) -> None:
    from torchvision.datasets.utils import check_integrity

    def sound(folder: Path) -> bool:
        return all(check_integrity(str(folder / name), md5) for name, md5 in (*kind.train_list, *kind.test_list))

    _archive(root, kind.url, kind.tgz_md5, kind.base_folder, sound)


def _imagenette(root: Path) -> None:
    from torchvision.datasets import Imagenette

    def sound(folder: Path) -> bool:  # its files have no published checksums
        return all((folder / split).is_dir() and any((folder / split).iterdir()) for split in ("train", "val"))

    url, md5 = Imagenette._ARCHIVES["full"]
    _archive(root, url, md5, "imagenette2", sound)


def _archive(root: Path, url: str, md5: str, name: str, sound: Callable[[Path], bool]) -> None:
    """Download, verify, unpack aside and rename: an interrupted fetch never leaves half a data set under its name.

    A folder that is there but not sound is kept beside the new one, as ``NAME-damaged``. torchvision's own data set
    classes are not constructed, because CIFAR's would unpickle its files.
    """
    from torchvision.datasets.utils import download_url

    folder = root / name
    if folder.is_dir() and sound(folder):
        return
    filename = url.rpartition("/")[2]
    download_url(url, str(root), filename=filename, md5=md5)
    with tempfile.TemporaryDirectory(prefix="unpacking-", dir=root) as aside:
        with tarfile.open(root / filename) as archive:
            archive.extractall(aside, filter="data")
        if folder.exists():
            os.replace(folder, _free(root / f"{name}-damaged"))
        os.replace(Path(aside) / name, folder)
    (root / filename).unlink()


def _free(path: Path) -> Path:
    """The path, or the first of ``PATH-2``, ``PATH-3`` ... that is not taken."""
    taken = (path.with_name(f"{path.name}-{n}") for n in itertools.count(2))
    return path if not path.exists() else next(p for p in taken if not p.exists())


_FETCHERS: Mapping[str, Callable[[Path], None]] = {
    "mnist": _mnist,
    "cifar10": _cifar10,
    "cifar100": _cifar100,
    "imagenette": _imagenette,
}
