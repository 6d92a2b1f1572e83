"""Which data sets are on this machine, in which form, and how they relate to the originals."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.data.sources import SOURCES, find, source
from shared.errors import MissingDataError, ReproError
from shared.protocol import Data

SIDES = {"imagenette": 224, "imagenet": 224, "imagefolder": 224}
"""Side length at which images of many sizes are decoded to look at them."""


@dataclass(frozen=True)
class Copy:
    """A data set as it is here.

    Attributes:
        name, title: of the data set.
        embedded: comes with a package.
        layout, folder: in which form it was found and where; empty if it was not.
        quick: whether it can be decoded, or its decoded arrays be read, in a second or two.
        remedy: what to do where it is not here.
    """

    name: str
    title: str
    embedded: bool = False
    layout: str = ""
    folder: str = ""
    quick: bool = False
    remedy: str = ""

    @property
    def present(self) -> bool:
        """Whether it can be loaded."""
        return self.embedded or bool(self.layout)

    @property
    def words(self) -> str:
        """Where and in which form, in words."""
        if self.embedded:
            return "comes with scikit-learn"
        return f"{self.layout} in {self.folder}" if self.layout else "not found"


def where(data_dir: Path | None = None) -> list[Copy]:
    """Look for every data set; nothing is decoded.

    Raises:
        ReproError: if ``data_dir`` does not exist.
    """
    from shared.data.cache import entry_of

    copies = []
    for name, known in SOURCES.items():
        if not known.finders:
            copies.append(Copy(name, known.title, embedded=True, quick=True))
            continue
        found = find(Data(name=name, resize=SIDES.get(name)), data_dir)
        if found is not None:
            folder, quick = str(found.folder), not found.slow or entry_of(found).is_dir()
            copies.append(Copy(name, known.title, layout=found.layout, folder=folder, quick=quick))
            continue
        fetch = f"repro data fetch {name}, or " if known.fetchable else ""
        copies.append(
            Copy(name, known.title, remedy=f"{fetch}set REPRO_DATA to the folder that holds {known.looks_for}")
        )
    return copies


def checked(name: str, data_dir: Path | None = None) -> dict[str, Any]:
    """Decode a data set, fingerprint it and compare it with the original, as plain values.

    ``status`` is ``exact``, ``accounted`` (listed images differ) or ``unknown``; ``conflict`` says that fingerprints of
    the original are on file and the copy does not have them.

    Raises:
        ReproError: if it is unknown, missing or damaged, or too large for memory.
    """
    from shared.data.known import KNOWN
    from shared.data.sources import load

    source(name)
    splits = load(Data(name=name, resize=SIDES.get(name)), data_dir)
    parts = {
        split: {
            "images": len(images),
            "shape": list(images.images.shape[1:]),
            "classes": images.classes,
            "pixels_sha256": images.fingerprint.pixels,
            "labels_sha256": images.fingerprint.labels,
        }
        for split, images in (("train", splits.train), ("test", splits.test))
    }
    embedded = not SOURCES[name].finders
    status = "exact" if embedded else splits.status
    return {
        "name": name,
        "origin": splits.origin,
        "status": status,
        "conflict": status == "unknown" and f"{name}/train" in KNOWN,
        "inexact_test_images": len(splits.inexact),
        "notes": list(splits.notes),
        "splits": parts,
    }


def relation(name: str, data_dir: Path | None = None) -> str:
    """``exact``, ``accounted`` or ``unknown`` in one word, or why that cannot be said."""
    try:
        return str(checked(name, data_dir)["status"])
    except MissingDataError:
        return "missing"
    except ReproError as error:
        return str(error)
