"""Fingerprints of the original data sets, and what a copy that differs can still be used for.

All values are SHA-256 of decoded arrays: pixels uint8 ``N x C x H x W`` in the original order, labels uint8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from shared.data.found import Found
from shared.data.imageset import Fingerprint, ImageSet, Splits


@dataclass(frozen=True)
class Subset:
    """The original's pixels without the images at ``without``: SHA-256 of what is left, in order."""

    without: tuple[int, ...]
    pixels: str


@dataclass(frozen=True)
class Original:
    """What is known of one original split; ``None`` where a fingerprint is not known."""

    labels: str
    pixels: str | None = None
    subset: Subset | None = None


# The pixels of 20 original CIFAR-10 test images could not be had without loss when this table was made: a copy is
# accounted for if its labels and the 9,980 other images are the original's.
_CIFAR10_WITHOUT = (
    *(1259, 1369, 1422, 2245, 2737, 2935, 3695, 3718, 4085, 4496),
    *(5791, 5896, 6286, 7580, 7707, 7724, 7832, 8117, 8551, 9254),
)

KNOWN: Mapping[str, Original] = {
    "mnist/train": Original(
        labels="1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
        pixels="741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    ),
    "mnist/test": Original(
        labels="ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
        pixels="6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    ),
    "cifar10/train": Original(
        labels="2b7cd2f24487317614016b72ffd53071c3062f592f0eb300c18a770d41ae1253",
        pixels="9d5c2eddadb0deff02c14c350c0385aab7b1d5ff1edfeb4997c8dc8644960111",
    ),
    "cifar10/test": Original(
        labels="cec8a24a1e92aa2ecaa0bbd3dbfa86bf6cd8759fbd209a832824c8cf0afca9d5",
        subset=Subset(_CIFAR10_WITHOUT, "80cb0f7648d95b2ac7756ff4706defcab927c786b939433e5d187d76f38fc831"),
    ),
}
# Counts of train and test images where pixels depend on the decoder, so that no fingerprint can be stated.
COUNTS: Mapping[str, tuple[int, int]] = {
    "imagenette": (9469, 3925),
    "tiny-imagenet": (100_000, 10_000),
    "imagenet": (1_281_167, 50_000),
}


def assess(found: Found, train: ImageSet, test: ImageSet) -> Splits:
    """Say how a copy relates to the original.

    ``exact``: read from files with the publisher's checksums, or both splits have the original's fingerprints;
    ``accounted``: as exact but for listed test images; otherwise ``unknown``.
    """
    name = found.name
    status, notes = "unknown", list(found.notes)
    inexact: tuple[int, ...] = ()
    matches = (_matches(KNOWN.get(f"{name}/train"), train), _matches(KNOWN.get(f"{name}/test"), test))
    if found.verified or matches == ("exact", "exact"):
        status = "exact"
    elif matches == ("exact", "accounted"):
        status, inexact = "accounted", _CIFAR10_WITHOUT
        notes.append(
            f"{len(inexact)} of {len(test):,} test images are not, or cannot be shown to be, the original's pixels; "
            f"they can move a test accuracy by {100 * len(inexact) / len(test):.2f} points at the very most."
        )
    elif f"{name}/train" in KNOWN:
        odd = [split for split, match in zip(("train", "test"), matches, strict=True) if match == "unknown"]
        notes.append(f"The decoded {' and '.join(odd)} images of {name} do not have the original's fingerprint.")
    else:
        notes.append(counts_note(name, (len(train), len(test))))
    origin = f"{found.layout} in {found.folder}"
    return Splits(train, test, origin, status, inexact, tuple(notes))


def _matches(original: Original | None, images: ImageSet) -> str:
    if original is None:
        return "unknown"
    seen = images.fingerprint
    if seen == Fingerprint(original.pixels or "", original.labels):
        return "exact"
    if original.subset is None or seen.labels != original.labels:
        return "unknown"
    keep = torch.ones(len(images), dtype=torch.bool)
    keep[list(original.subset.without)] = False
    rest = images.subset(keep.nonzero().flatten())
    return "accounted" if rest.fingerprint.pixels == original.subset.pixels else "unknown"


def counts_note(name: str, counts: tuple[int, int]) -> str:
    """What the numbers of images say where no fingerprint can be compared."""
    if name not in COUNTS:
        return f"No fingerprint of the original {name} is on file, so the copy could not be compared with it."
    want = COUNTS[name]
    agree = "agree" if counts == want else f"do not agree ({want[0]:,} + {want[1]:,})"
    return (
        f"No fingerprint of {name} can be stated (pixels depend on the decoder); "
        f"the counts {counts[0]:,} + {counts[1]:,} {agree} with the original's."
    )
